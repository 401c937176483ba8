"""Hello, learning rate: minimise J(w) = (w - 5)² = w² - 10w + 25 by gradient descent and tune its step α.

The gradient is 2w - 10, so each step multiplies the distance to 5 by 1 - 2α and J by (1 - 2α)². In 60
steps J falls to a thousandth where α is above 0.028; below, it crawls. Above 0.5 each step jumps over 5,
and above 1 it lands further away than it was: J blows up. Run it: python examples/hello.py
"""

import math

import osetra as ose

STEPS = 60
ENOUGH = 1e-3
"""Of its start: a descent that gets J there within STEPS converges."""


def descend(run: ose.Run) -> None:
    """Train the one parameter w and report the cost after every step."""
    w, alpha = 0.0, run.config["alpha"]
    for _ in run.steps(STEPS):
        w -= alpha * (2 * w - 10)
        run.report(cost=w * w - 10 * w + 25, w=w)


def judge(study: ose.Study, trial: ose.Trial) -> str:
    """Say what a descent does, by the share of J that a step leaves: being stopped early changes nothing."""
    costs, (first, second) = study.curve(trial, "cost")[1], study.curve(trial, "w")[1][:2]
    left = costs[1] / costs[0] if costs[0] > 0 else 0.0
    across = ", jumping over 5" if (first > 5) != (second > 5) else ""
    if left >= 1:
        return f"blows up: each step makes J × {left:.3g}{across}"
    needed = math.log(ENOUGH) / math.log(left) if left > 0 else 1.0
    if needed > STEPS:
        return f"crawls: J / 1000 only after {needed:,.0f} steps"
    return f"converges: J / 1000 after {math.ceil(needed)} steps{across}"


def sparkline(costs: list[float]) -> str:
    """Draw a cost curve on a log scale between 1e-6 and 1e6, one character for every third step."""
    levels = [min(max(math.log10(max(cost, 1e-6)), -6.0), 6.0) for cost in costs[::3]]
    return "".join("▁▂▃▄▅▆▇█"[round(7 * (level + 6) / 12)] for level in levels)


if __name__ == "__main__":
    space = ose.Space(alpha=ose.Float(1e-4, 10, scale="log"))
    study = ose.Study(space=space, minimize="cost", pick="last", searcher="sobol", seed=0)
    study.run(descend, trials=25)
    for trial in sorted(study.trials, key=lambda t: t.config["alpha"]):
        costs = study.curve(trial, "cost")[1]
        print(f"alpha = {trial.config['alpha']:<8.4g} {sparkline(costs):<20}  {judge(study, trial)}")
    best = study.best
    print(f"\nbest: alpha = {best.config['alpha']:.4g}, w = {study.curve(best, 'w')[1][-1]:.6f} (5 is exact)")

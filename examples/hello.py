"""Hello, learning rate: minimise (w - 5)² = w² - 10w + 25 by gradient descent and tune its step α.

The gradient is 2w - 10, so each step multiplies the distance to 5 by 1 - 2α. Below about 0.01 the
descent crawls, between 0.01 and 1 it converges, above 1 it blows up. Run it: python examples/hello.py
"""

import math

import osetra as ose

STEPS = 60


def descend(run: ose.Run) -> None:
    """Train the one parameter w and report the cost after every step."""
    w, alpha = 0.0, run.config["alpha"]
    for _ in run.steps(STEPS):
        w -= alpha * (2 * w - 10)
        run.report(cost=w * w - 10 * w + 25, w=w)


def judge(study: ose.Study, trial: ose.Trial) -> str:
    """Say in a word what a cost curve did."""
    _, costs = study.curve(trial, "cost")
    if costs[-1] > costs[0]:
        return "blows up"
    return "converges" if costs[-1] < 1e-3 else "crawls"


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
        print(f"alpha = {trial.config['alpha']:<8.4g} {sparkline(costs)}  {judge(study, trial)}")
    best = study.best
    print(f"\nbest: alpha = {best.config['alpha']:.4g}, w = {study.curve(best, 'w')[1][-1]:.6f} (5 is exact)")

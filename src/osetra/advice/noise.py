"""Is the best trial better than the next one, or luckier?

R32: the same configuration ends elsewhere with another seed. A gap counts when it is larger than
what fresh seeds make; before any were run, the best of many trials flatters itself.

Source: Godbole et al., Deep Learning Tuning Playbook; expected maximum after Blom 1958.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from osetra.advice.seeds import pooled
from osetra.advice.wording import short
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import Trial

RULE = "noise"
FEWEST = 10
"""From this many trials on, the luck of the best is worth a word."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return what fresh seeds say about the best trials, or that nobody asked them."""
    from osetra.numerics.selection import Noise, reach  # with SciPy, which most programs do not need

    ranked = history.ranked(problem.objective)
    seeds = {n: [t.value for t in again if t.value is not None] for n, again in history.repeated.items()}
    lost = history.lost
    confirmed = [t for t in ranked if len(seeds.get(t.number, [])) >= 2 and t.number not in lost]
    if not confirmed:
        return [] if seeds or lost else _unconfirmed(len(ranked))
    spread = pooled([seeds[t.number] for t in confirmed])
    found = _optimism(problem, history.best(problem.objective) or ranked[0], seeds, spread)
    if len(confirmed) < 2:
        return found
    sign = problem.objective.sign
    first, second = sorted(confirmed, key=lambda t: sign * float(np.mean(seeds[t.number])))[:2]
    a, b = seeds[first.number], seeds[second.number]
    gap = abs(float(np.mean(a) - np.mean(b)))
    noise = Noise(spread, sum(len(seeds[t.number]) - 1 for t in confirmed))
    counts = np.array([len(a), len(b)], dtype=np.float64)
    by_chance = reach(counts, noise)
    if gap < by_chance:
        text = (
            f"trial {first.number} (mean {short(float(np.mean(a)))} of {len(a)} fresh seeds) and trial "
            f"{second.number} (mean {short(float(np.mean(b)))} of {len(b)}) differ by {short(gap)}; fresh "
            f"seeds alone make {short(by_chance)}: the data cannot tell which is better"
        )
        action = "take the cheaper or simpler of the two, or run more seeds"
        return [Finding(rule=RULE, level="advice", text=text, action=action), *found]
    return found


def _unconfirmed(n: int) -> list[Finding]:
    if n < FEWEST:
        return []
    luck = NormalDist().inv_cdf((n - 0.375) / (n + 0.25))
    text = (
        f"nobody has run a trial again with another seed. If the seed matters, the best of {n} trials "
        f"owes part of its value to luck: of {n} equally good ones, the best looks {luck:.1f} standard "
        "deviations of the seed noise better than the rest"
    )
    action = "run the best three again with fresh seeds: --confirm 3, or study.confirm(train) in Python"
    return [Finding(rule=RULE, level="info", text=text, action=action)]


def _optimism(problem: Problem, best: Trial, seeds: dict[int, list[float]], spread: float) -> list[Finding]:
    again = seeds.get(best.number, [])
    if len(again) < 2 or best.value is None:
        return []
    mean = float(np.mean(again))
    if problem.objective.sign * (mean - best.value) <= spread:
        return []
    text = (
        f"trial {best.number} looked better than it is: {short(best.value)} when it was found, "
        f"{short(mean)} on average over {len(again)} fresh seeds (spread {short(spread)})"
    )
    return [Finding(rule=RULE, level="info", text=text, action=f"report the mean, {short(mean)}")]

"""Past studies for the tests: really searched, on functions whose best place is known."""

from __future__ import annotations

import osetra as ose
from osetra.experience.records import StudyRecord
from osetra.study.experience import record_from

SPACE = ose.Space(
    lr=ose.Float(1e-4, 1, scale="log"), units=ose.Int(8, 256, scale="log"), act=ose.Choice("a", "b")
)


def loss(config: dict[str, object], best: float = 0.01) -> float:
    """Return a loss that is least at a learning rate, with many units and with b."""
    import math

    lr, units = float(config["lr"]), int(config["units"])  # type: ignore[call-overload]
    off = math.log10(lr / best) ** 2 + 0.2 * math.log2(256 / units)
    return 0.1 + off + (0.5 if config["act"] == "a" else 0.0)


def searched(name: str = "old", best: float = 0.01, trials: int = 16, **options: object) -> ose.Study:
    """Return a study in memory of so many trials."""
    goal = options or {"minimize": "loss"}
    study = ose.Study("memory:", SPACE, name=name, seed=sum(map(ord, name)), **goal)  # type: ignore[arg-type]
    sign = -1.0 if "maximize" in goal else 1.0
    for _ in range(trials):
        run = study.ask()
        study.tell(run, sign * loss(run.config, best))
    return study


def record(name: str = "old", best: float = 0.01, trials: int = 16, **options: object) -> StudyRecord:
    """Return the record of such a study."""
    study = searched(name, best, trials, **options)
    return record_from(study.problem, study.history, name)

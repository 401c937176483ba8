"""Live: which hyperparameters can change while a network is trained, as far as names can say.

A training says itself what it can change, and that goes into the log (`History.accepts`). Names decide only
where no training of the study has reported yet, and in logs that are older than this.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from osetra.catalogue.lookup import catalogues

LIVE: Mapping[str, bool] = {
    **{entry.name: entry.live for catalogue in catalogues() for entry in catalogue.entries},
    **dict.fromkeys(("learning_rate", "clip", "clip_norm"), True),
}
"""By name, whether it is live: the catalogue's, and what others call the same things."""


def can_change(name: str, accepted: Collection[str] | None) -> bool:
    """Whether a training can take another value of a hyperparameter as it goes on.

    Args:
        name: the hyperparameter.
        accepted: what trainings of the study said they can change; None while none has said anything.
    """
    return LIVE.get(name, False) if accepted is None else name in accepted

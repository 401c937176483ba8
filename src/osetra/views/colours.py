"""Colours: the same one for the same trial everywhere, told apart by the colour-blind, too.

After Okabe & Ito 2008, "Color Universal Design": their hues in tones that stand out from paper and from dark
ground, violet and olive in place of grey and yellow. No figure says anything by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

Theme = Literal["light", "dark"]

PALETTE: Mapping[str, Sequence[str]] = {
    "light": ("#0072b2", "#d55e00", "#00845f", "#b0528a", "#a97000", "#2a8fc7", "#7a5cc0", "#5f6b00"),
    "dark": ("#4aa8e0", "#ff8a4a", "#2fc79b", "#e39ac4", "#f0b93a", "#8fd0f5", "#b9a2f2", "#c6cf5a"),
}
"""Of trials, by theme; the same place is the same trial. The live page has the same in `logic/palette.js`."""

STATES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "queued": "#6b727a",
        "running": "#0067a5",
        "paused": "#8a4a86",
        "finished": "#00734f",
        "stopped": "#96650a",
        "diverged": "#b84a00",
        "failed": "#b3261e",
        "lost": "#b3261e",
        "interrupted": "#6b727a",
        "rewound": "#8a4a86",
    },
    "dark": {
        "queued": "#9aa2aa",
        "running": "#5db4ee",
        "paused": "#dba0d6",
        "finished": "#45cfa0",
        "stopped": "#e0ae4b",
        "diverged": "#ff9a62",
        "failed": "#ff8a80",
        "lost": "#ff8a80",
        "interrupted": "#9aa2aa",
        "rewound": "#dba0d6",
    },
}
"""Of states of trials and outcomes of attempts, by theme. The live page has the same in `tokens.css`."""


def colour_of(trial: int, theme: Theme = "light") -> str:
    """Return the colour of a trial, wherever it is drawn."""
    palette = PALETTE[theme]
    return palette[(trial - 1) % len(palette)]

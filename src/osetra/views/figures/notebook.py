"""A figure that a notebook shows, though nobody has imported pyplot. Needs matplotlib."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """Matplotlib's figure, with a picture of itself for notebooks."""

    def _repr_png_(self) -> bytes:
        from osetra.views.figures.drawing import looks

        buffer = BytesIO()
        with looks():
            self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()

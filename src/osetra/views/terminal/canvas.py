"""Canvas: lines drawn with braille dots, two by four to a character cell, each cell in one style."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.text import Text

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(slots=True)
class Canvas:
    """A grid of `columns` by `rows` character cells; dots count from the top left."""

    columns: int
    rows: int
    _cells: dict[tuple[int, int], int] = field(default_factory=dict)
    _styles: dict[tuple[int, int], str] = field(default_factory=dict)
    _marks: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Dots across."""
        return 2 * self.columns

    @property
    def height(self) -> int:
        """Dots down."""
        return 4 * self.rows

    def dot(self, x: int, y: int, style: str = "") -> None:
        """Set a dot; outside of the canvas nothing happens."""
        if 0 <= x < self.width and 0 <= y < self.height:
            cell = (y // 4, x // 2)
            self._cells[cell] = self._cells.get(cell, 0) | _DOTS[y % 4][x % 2]
            self._styles[cell] = style

    def line(self, start: tuple[int, int], end: tuple[int, int], style: str = "", *, every: int = 1) -> None:
        """Draw a straight line of dots; `every=2` sets every second one, for a dashed look."""
        (x0, y0), (x1, y1) = start, end
        count = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(count + 1):
            if i % every == 0:
                self.dot(round(x0 + (x1 - x0) * i / count), round(y0 + (y1 - y0) * i / count), style)

    def mark(self, x: int, y: int, character: str, style: str = "") -> None:
        """Put a character over the cell that holds a dot's place."""
        cell = (min(max(y, 0), self.height - 1) // 4, min(max(x, 0), self.width - 1) // 2)
        self._marks[cell] = character
        self._styles[cell] = style

    def lines(self) -> list[Text]:
        """Return one text per row."""
        rows = []
        for row in range(self.rows):
            text = Text(no_wrap=True)
            for column in range(self.columns):
                cell = (row, column)
                dots = chr(0x2800 + self._cells[cell]) if cell in self._cells else " "
                text.append(self._marks.get(cell, dots), self._styles.get(cell, ""))
            rows.append(text)
        return rows

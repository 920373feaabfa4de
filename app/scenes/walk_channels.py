"""The view of a walk in which every channel that is read has its picture, its kernel, and what it adds."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from app.scenes import draw
from app.scenes.walk_pictures import Pictures
from app.scenes.walk_words import channel_name, spelled
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.walk_layout import Area


class Channels(Pictures):
    """See the module's text."""

    def paint(self) -> None:
        """Draw all but the text underneath."""
        seen, place, theme = self.seen, self.place, self.theme
        parts = [area for area in place.areas if area.name == "part"]
        assert seen.parts is not None
        for area in place.areas:
            if area.name == "channel":
                self.thumb(area)
                name = channel_name(seen, area.plane)
                draw.text(self.p, area.bounds.center().x(), area.rect[1] - 8, name, 12, theme.tx,
                          weight=600, anchor="middle")  # fmt: skip
            elif area.name == "weights":
                if min(area.rect[2] / area.columns, area.rect[3] / area.rows) >= 22:
                    self.cells(area, "", "kernel")
                else:
                    self.thumb(area)
            elif area.name == "part":
                values = seen.parts[..., area.plane]
                self.picture(area, values, "signed", self.tops["part"])
                self.outline(area.box(seen.row, seen.column))
                value = spelled(float(seen.values.sums[area.plane]), 2, sign=True)
                draw.text(self.p, area.bounds.center().x(), area.bounds.bottom() + 14, value, 11,
                          theme.tx2, mono=True, anchor="middle")  # fmt: skip
        self._labels(parts)
        z, made = place.area("z"), place.area("map")
        assert made is not None
        first = z or made
        y = first.bounds.center().y()
        self._gather(parts, first, y)
        if z is not None and seen.before is not None:
            self.map(z, seen.before, "z", tr("Sum + b") if seen.bias is not None else tr("Sum"))
            x = (z.bounds.right() + made.bounds.left()) / 2
            draw.text(self.p, x, y + 6, draw.ARROW, 17, theme.tx2, anchor="middle")
            self._under(z, f"z {spelled(seen.z, 2, sign=True)}", theme.tx)
            if seen.bias is not None:
                self._under(z, f"b {spelled(seen.bias, 2, sign=True)}", theme.tx2, 15)
        self.map(made, seen.map, "map", seen.activation or tr("Output map"))
        self._under(made, spelled(seen.result, 3), self.role)
        self.arrows()

    def _under(self, area: Area, words: str, color: QColor, lower: float = 0.0) -> None:
        draw.text(self.p, area.bounds.center().x(), area.bounds.bottom() + 16 + lower, words, 12, color,
                  mono=True, anchor="middle")  # fmt: skip

    def _labels(self, parts: list[Area]) -> None:
        """What the rows of pictures are."""
        if not parts:
            return
        theme, place = self.theme, self.place
        for name, words in (
            ("channel", tr("Reads")),
            ("weights", tr("× kernel")),
            ("part", tr("= adds")),
        ):
            area = place.area(name)
            if area is not None:
                y = area.bounds.center().y() + 4
                draw.text(self.p, 24, y, draw.elide(words, 11.5, 62), 11.5, theme.tx2)
        draw.text(self.p, 24, parts[0].bounds.bottom() + 14, tr("here"), 11, theme.tx2)
        for one, other in pairwise(parts):
            x = (one.bounds.right() + other.bounds.left()) / 2
            if other.bounds.left() - one.bounds.right() >= 9:
                y = one.bounds.center().y() + 5
                draw.text(self.p, x, y, "+", 13, theme.tx2, anchor="middle")

    def _gather(self, parts: list[Area], first: Area, y: float) -> None:
        """From the last channel to the sum."""
        if not parts:
            return
        theme = self.theme
        x0, x1 = parts[-1].bounds.right() + 8, first.bounds.left() - 8
        if self.place.on is not None:
            x0 = max(x0, self.place.on.right())
        low = parts[-1].bounds.center().y()
        turn = x1 - 16
        if x0 < turn:
            draw.line(self.p, x0, low, turn, low, theme.line2)
            draw.line(self.p, turn, low, turn, y, theme.line2)
        draw.line(self.p, turn, y, x1, y, theme.line2)
        draw.text(self.p, x1 - 24, y + 5, "Σ", 15, theme.tx2, anchor="end")

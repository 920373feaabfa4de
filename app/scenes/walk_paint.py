"""Painting a walk: what is read, patch times kernel, the sum, and the map as far as the window has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPen

from app.scenes import draw
from app.scenes.walk_channels import Channels
from app.scenes.walk_pictures import Pictures, around
from app.scenes.walk_words import channel_name, spelled
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.walk_layout import Area, WalkPlace
    from app.scenes.walk_seen import Seen
    from app.theme import Theme


def paint_walk(
    painter: QPainter,
    place: WalkPlace,
    theme: Theme,
    seen: Seen,
    *,
    hover: tuple[str, int, int, int] | None = None,
    playing: bool = False,
) -> None:
    """Draw one moment inside the rectangle (0, 0, width, height).

    Parameters
    ----------
    place
        From `app.scenes.walk_layout.place_walk`.
    seen
        What is shown.
    hover
        Area, plane, row and column under the mouse.
    playing
        The window slides: maps are drawn as far as it has come. Else what is still to come is a shadow, and among
        the pictures of all channels maps are whole.
    """
    kind = Channels if place.view == "channels" else _Window
    painting = kind(painter, place, theme, seen, hover)
    painting.coming = 0.0 if playing else 1.0 if place.view == "channels" else 0.22
    painting.paint()
    painting.text()


class _Window(Pictures):
    """One channel with its numbers: patch times kernel, the sum, and the map."""

    def paint(self) -> None:
        """Draw all but the text underneath."""
        seen, place = self.seen, self.place
        for thumb in place.areas:
            if thumb.name in ("channel", "weights"):
                self.thumb(thumb)
        read, patch, made = place.area("read"), place.area("patch"), place.area("map")
        assert patch is not None
        assert made is not None
        if read is not None:
            self.read(read, seen.reading, self._read_title())
            box = self.window_on(read)
            self._rays(box, patch)
        self.cells(patch, self._patch_title(), "read")
        for name, sign in (("kernel", draw.TIMES), ("products", "=")):
            area = place.area(name)
            if area is not None:
                title = tr("Kernel") if not seen.dense else tr("Weights")
                self.cells(area, title if name == "kernel" else tr("Products"), name)
                before = place.area("patch" if name == "kernel" else "kernel")
                assert before is not None
                x = (before.bounds.right() + area.bounds.left()) / 2
                y = area.bounds.center().y() + 6
                draw.text(self.p, x, y, sign, 17, self.theme.tx2, anchor="middle")
        draw.frame(self.p, *around(patch.rect, 1), self.role, 1.5)
        self._ledger()
        self.map(made, seen.map, "map", self.map_title())
        if place.shown:
            self._strip()

    def _read_title(self) -> str:
        seen = self.seen
        title = seen.source or tr("Input")
        if seen.read.shape[-1] > 1:
            title = f"{title} · {channel_name(seen, seen.plane)}"
        return title

    def _patch_title(self) -> str:
        return tr("Inputs") if self.seen.dense else tr("Patch")

    def _rays(self, box: QRectF, patch: Area) -> None:
        end = patch.bounds
        self.p.setPen(QPen(draw.faded(self.role, 0.75), 1))
        for a, b in ((box.topRight(), end.topLeft()), (box.bottomRight(), end.bottomLeft())):
            self.p.drawLine(QPointF(a.x() + 1, a.y()), QPointF(b.x() - 1, b.y()))

    def _ledger(self) -> None:
        rect, seen, theme = self.place.ledger, self.seen, self.theme
        assert rect is not None
        lines: list[tuple[str, str, QColor, float]] = []
        values = seen.values
        if seen.sums:
            if seen.terms.planes > 1:
                name = f"Σ {channel_name(seen, seen.plane)}"
                lines.append(
                    (name, spelled(float(values.sums[seen.plane]), 3, sign=True), theme.tx2, 12)
                )
            lines.append(("Σ", spelled(values.total, 3, sign=True), theme.tx, 12))
            if seen.bias is not None:
                lines.append(("b", spelled(seen.bias, 3, sign=True), theme.tx, 12))
                lines.append(("z", spelled(seen.z, 3, sign=True), theme.tx, 12))
        elif seen.terms.how == "max":
            lines.append((tr("largest"), spelled(seen.z, 3), theme.tx, 12))
        else:
            lines.append(("Σ", spelled(float(values.sums.sum()), 3), theme.tx, 12))
            lines.append((f"/ {values.count:.0f}", "", theme.tx, 12))
        name = seen.activation or (tr("mean") if seen.terms.how == "mean" else "")
        value = spelled(seen.result, 3)
        # In little height what comes of the sum stands on the line of its name.
        low = rect.height() < 19.0 * len(lines) + 44
        step = min(19.0, rect.height() / (len(lines) + 1.2)) if low else 19.0
        y = rect.center().y() - (len(lines) * step + (step if low else 38)) / 2 + 13
        for label, number, color, px in lines:
            draw.text(self.p, rect.left(), y, label, px, theme.tx2, mono=True)
            draw.text(self.p, rect.right() - 4, y, number, px, color, mono=True, anchor="end")
            if label == "b":
                draw.line(self.p, rect.left(), y + 5, rect.right() - 4, y + 5, theme.line2)
            y += step
        end = rect.right() - 4
        room = rect.width() - 4 - (draw.advance(value, 13, 600, True) + 6 if low else 0)
        if name:
            draw.text(
                self.p, rect.left(), y + 2, draw.elide(name, 12, room, mono=True), 12, theme.tx2, mono=True
            )  # fmt: skip
            y += 0 if low else 20
        px = min(13.0 if low else 16.0, (rect.width() - 8) / (len(value) * 0.61))
        y += 2 if low else 4
        draw.text(self.p, end, y, value, px, self.role, weight=600, mono=True, anchor="end")

    def _strip(self) -> None:
        """The channels over a window: each one's picture and kernel, and its sum; the one written out is framed."""
        seen, place, theme = self.seen, self.place, self.theme
        for area in place.areas:
            if area.name != "channel":
                continue
            weights = place.area("weights", area.plane)
            assert weights is not None
            x, right = area.rect[0], weights.bounds.right()
            y = (
                area.bounds.bottom() + 13
                if area.bounds.bottom() > weights.bounds.bottom()
                else weights.bounds.bottom() + 13
            )
            value = spelled(float(seen.values.sums[area.plane]), 2, sign=True)
            lit = area.plane == seen.plane
            draw.text(
                self.p, x, y, channel_name(seen, area.plane), 10.5, theme.tx if lit else theme.tx3, weight=600
            )  # fmt: skip
            tone = theme.tx if lit else theme.tx2
            draw.text(self.p, right, y, value, 10.5, tone, mono=True, anchor="end")
            if lit:
                draw.frame(self.p, x - 4, 4.5, right - x + 8, y, theme.tx, 1.5, 3)
        self.arrows()

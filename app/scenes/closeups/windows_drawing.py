"""Painting a window's close-up: the planes of operands and result, and the window on them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen, QRegion

from app.scenes import draw, images
from app.scenes.closeups.planes import (
    LEAST_CELL,
    exponent_of,
    heat,
    mark,
    outline,
    pending,
    power,
    ramp_of,
)
from app.scenes.closeups.windows_layout import (
    MARGIN,
    Page,
    WindowPlace,
    page_words,
    turns,
)
from app.scenes.formula_expressions import format_number
from app.scenes.step_values import parse_cell
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Moment, Subject, Walk
    from app.scenes.closeups.gathering import Values
    from app.theme import Theme

#: How long, in pixels, the bars beside the sums are at most.
_BAR = 34.0


def scale_words(values: np.ndarray, ramp: str, extent: float) -> tuple[str, str]:
    """Return what stands at both ends of the colours: 0 … 0.89, or ≥ 0.89 where there are larger numbers."""
    signed = ramp == "signed"
    low, high = format_number(-extent if signed else 0.0, 2), format_number(extent, 2)
    finite = values[np.isfinite(values)]
    if images.is_beyond(float(finite.max(initial=0.0)), extent):
        high = f"≥ {high}"
    if signed and images.is_beyond(-float(finite.min(initial=0.0)), extent):
        low = f"≤ {low}"
    return low, high


class Drawing:
    """The upper half of one picture."""

    def __init__(
        self, painter: QPainter, place: WindowPlace, theme: Theme, subject: Subject, moment: Moment, values: Values,
        sums: dict[int, float], title: str,
    ) -> None:  # fmt: skip
        from app.scenes.closeups.windows import numbers_of

        self.p, self.place, self.theme = painter, place, theme
        self.subject, self.moment, self.values, self.sums = subject, moment, values, sums
        self.title = title
        self.backward = subject.instruction.phase == "backward"
        self.role = theme.bwd if self.backward else theme.fwd
        self.arrays: dict[str, Any] = numbers_of(subject, moment)
        self.hover = moment.selection.hover if moment.selection is not None else ""
        self.hovered = self._hovered_term()
        self._shared: float | None = None

    # -- numbers

    def sample(self, name: str, sample: int = -1) -> np.ndarray | None:
        """A tensor without its batch axis."""
        array = self.arrays.get(name)
        if array is None or not self.subject.info(name).batch:
            return array
        row = sample if sample >= 0 else self.subject.row
        if len(array) == 1:
            return array[0] if row == self.subject.row else None
        return array[row] if row < len(array) else None

    def cell(self, name: str, index: tuple[int, ...]) -> float | None:
        """One number of the shown sample."""
        array = self.sample(name)
        if array is None or array.ndim != len(index):
            return None
        return float(array[index])

    def _extent(self, values: np.ndarray) -> float:
        if self.moment.toggles.get("scale") != "shared":
            return images.extent(values)
        if self._shared is None:
            pages = [self._grid(page) for page in self.place.pages]
            self._shared = max((images.extent(g) for g in pages if g is not None), default=1.0)
        return self._shared

    def _grid(self, page: Page) -> np.ndarray | None:
        array = self.sample(page.plane.tensor, page.plane.sample)
        return None if array is None else page.plane.axes.grid(np.asarray(array, np.float32))

    def _hovered_term(self) -> tuple[int, int] | None:
        for grid in self.place.grids:
            found = grid.find(self.hover) if self.hover else None
            if found is not None:
                return found
        return None

    # -- planes

    def _page(self, page: Page, walk: Walk | None, walked: int | None) -> None:
        theme, plane = self.theme, page.plane
        x, y, w, _ = plane.rect
        middle = x + w / 2
        gradient = plane.tensor.startswith("grad/")
        tone = theme.bwd if gradient else theme.tx
        values = self._grid(page)
        written = plane.size[0] >= LEAST_CELL[0] and plane.size[1] >= LEAST_CELL[1]
        exponent = exponent_of(values) if values is not None and written else 0
        size = " ".join(filter(None, (page.size, _note(page.note), power(exponent))))
        title_width = draw.advance(page.title, 13, 600, True)
        whole = title_width + 8 + draw.advance(size, 11, 400, True)
        at = max(MARGIN, min(middle - whole / 2, self.place.size[0] - MARGIN - whole))
        draw.text(
            self.p,
            at,
            y - 26 if page.words else y - 10,
            page.title,
            13,
            tone,
            weight=600,
            mono=True,
        )
        draw.text(
            self.p,
            at + title_width + 8,
            y - 26 if page.words else y - 10,
            size,
            11,
            theme.tx3,
            mono=True,
        )
        if page.words:
            draw.text(self.p, middle, y - 8, page_words(page.words), 11, theme.tx2, anchor="middle")
            for name, arrow, where in zip((page.back, page.on), "‹›", turns(page), strict=True):
                if name:
                    lit = self.hover == name
                    draw.text(
                        self.p,
                        where,
                        y - 7,
                        arrow,
                        16,
                        theme.tx if lit else theme.tx2,
                        anchor="middle",
                    )
        if values is None:
            pending(self.p, theme, plane.rect)
            return
        there = None
        if page.plane.role == "result" and walk is not None and walked is not None:
            there = self._filled(page, walk, walked)
        ramp, extent = ramp_of(values), self._extent(values)
        heat(self.p, theme, plane.rect, values, ramp, extent, there=there, exponent=exponent)
        self._scale(plane.rect, ramp, extent, values)
        if page.inner is not None:
            self._inner(page)

    def _filled(self, page: Page, walk: Walk, walked: int) -> np.ndarray:
        """The cells of the result the window has been at."""
        axes = page.plane.axes
        if len(walk.axes) == 1 and axes.down is not None:
            return np.broadcast_to(np.arange(axes.columns) <= walked, (axes.rows, axes.columns))
        order = np.arange(axes.rows * axes.columns).reshape(axes.rows, axes.columns)
        return order <= walked

    def _inner(self, page: Page) -> None:
        """Where in a padded image the image itself is."""
        assert page.inner is not None
        top, left, height, width = page.inner
        axes = page.plane.axes
        if (height, width) == (axes.rows, axes.columns):
            return
        pen = QPen(self.theme.tx2, 1)
        pen.setDashPattern([3, 3])
        self.p.setPen(pen)
        self.p.setBrush(Qt.BrushStyle.NoBrush)
        self.p.drawRect(
            page.plane.box(top, left, min(height, axes.rows - top), min(width, axes.columns - left))
        )

    def _scale(
        self, rect: tuple[float, float, float, float], ramp: str, extent: float, values: np.ndarray
    ) -> None:
        """The colours' ends, under a plane; numbers beyond them have the colours of the ends."""
        x, y, w, h = rect
        if w < 40:
            return
        theme, at, length = self.theme, y + h + 13, min(48.0, w * 0.3)
        low, high = scale_words(values, ramp, extent)
        left = draw.advance(low, 10, 400, True)
        whole = left + length + 8 + draw.advance(high, 10, 400, True)
        if whole > w + 20:
            return
        x += (w - whole) / 2
        draw.text(self.p, x, at, low, 10, theme.tx3, mono=True)
        values = np.linspace(-extent if ramp == "signed" else 0.0, extent, 24, dtype=np.float32)[
            None
        ]
        images.place(
            self.p, x + left + 4, at - 6, length, 5, images.heat(theme, values, ramp, extent), True
        )
        draw.text(self.p, x + left + 8 + length, at, high, 10, theme.tx3, mono=True)

    def _between(self) -> None:
        """The signs between the planes."""
        pages = self.place.pages
        op = self.subject.instruction.op
        for k, (one, other) in enumerate(pairwise(pages)):
            x = (one.plane.rect[0] + one.plane.rect[2] + other.plane.rect[0]) / 2
            tallest = max((p.plane.rect for p in pages), key=lambda r: r[3])
            y = tallest[1] + tallest[3] / 2 + 6
            sign = "∗" if len(pages) == 3 and k == 0 and op.endswith("weight_grad") else draw.ARROW
            draw.text(self.p, x, y, sign, 18, self.theme.tx2, mono=True, anchor="middle")

    def _marks(self) -> None:
        """The window on the operands, and the cell of the result."""
        theme, terms, subject = self.theme, self.place.terms, self.subject
        boxes: dict[str, QRectF] = {}
        for page in self.place.pages:
            plane = page.plane
            if plane.role == "result":
                found = plane.axes.find(subject.cell)
                if found is not None:
                    boxes["result"] = plane.box(*found)
                    outline(self.p, boxes["result"], self.role)
                continue
            box = self._window(page)
            if box is not None:
                boxes.setdefault("window", box)
        if terms.how == "winner" or terms.how == "max":
            self._winners()
        if "window" in boxes and "result" in boxes:
            self._rays(boxes["window"], boxes["result"])
        self._readers()
        for page in self.place.pages:
            cell = parse_cell(self.hover) if self.hover else None
            found = page.plane.axes.find(cell[1]) if cell and cell[0] == page.plane.tensor else None
            if found is None and self.hovered is not None and page.plane.role != "result":
                found = self._term_on(page)
            if found is not None:
                outline(self.p, page.plane.box(*found), theme.tx, 1.5)

    def _readers(self) -> None:
        """The results that read the operand's number under the mouse, or the one that was clicked."""
        name = self.subject.tensor
        cells = self.moment.readers.get(name)
        page = next((p for p in self.place.pages if p.plane.role == "result"), None)
        if cells is None or page is None or not len(cells):
            return
        own = cells[cells[:, 0] == self.subject.row][:, 1:] if self.subject.info(name).batch else cells  # fmt: skip
        mark(self.p, self.theme, page.plane, page.plane.axes.on_page(own), self.theme.tx2, strong=False)  # fmt: skip

    def _window(self, page: Page) -> QRectF | None:
        """Outline what is read of an operand."""
        terms, plane = self.place.terms, page.plane
        if not terms.planes:
            return None
        focus = min(self.place.focus, terms.planes - 1)
        if plane.tensor == terms.left:
            cells, there = terms.left_cells, terms.there
        elif plane.tensor == terms.right and terms.right_cells is not None:
            cells, there = terms.right_cells, terms.there
        else:
            return None
        skip = int(plane.tensor in terms.batch)
        box = None
        for k in range(terms.planes if terms.kind == "window" else 1):
            k = k if terms.kind == "window" else focus
            if cells.ndim == 4:
                own = cells[k][there[k]]
            else:
                own = cells[k : k + 1]
            places = plane.axes.on_page(own[:, skip:])
            strong = k == focus
            found = mark(
                self.p,
                self.theme,
                plane,
                places,
                self.role if strong else draw.faded(self.role, 0.6),
                strong=strong,
            )
            box = found if strong else box
        return box

    def _winners(self) -> None:
        """A ring round the largest number of each window."""
        terms, winners = self.place.terms, self.values.winners
        if winners is None:
            return
        for page in self.place.pages:
            if page.plane.tensor != terms.left or page.plane.role == "result":
                continue
            for k in range(terms.planes):
                flat = terms.left_cells[k].reshape(-1, terms.left_cells.shape[-1])[int(winners[k])]
                found = page.plane.axes.find(tuple(flat.tolist())[int(terms.left in terms.batch) :])
                if found is not None:
                    self._ring(page.plane.box(*found))

    def _ring(self, box: QRectF) -> None:
        """A ring that is seen on every colour."""
        radius = max(2.5, min(box.width(), box.height()) / 2 - 2)
        self.p.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((self.theme.bg0, 4.5), (self.theme.tx, 1.75)):
            self.p.setPen(QPen(color, width))
            if radius < 8:
                self.p.drawEllipse(box.center(), radius, radius)
            else:
                self.p.drawRoundedRect(box.adjusted(3.5, 3.5, -3.5, -3.5), 6, 6)

    def _rays(self, start: QRectF, end: QRectF) -> None:
        """From the window to the cell it makes."""
        self.p.save()
        # Between the planes only: on them the lines would cross the numbers.
        region = QRegion(0, 0, round(self.place.size[0]), round(self.place.size[1]))
        for page in self.place.pages:
            written = QRectF(*page.plane.rect).adjusted(0, -40 if page.words else -24, 0, 20)
            region = region.subtracted(QRegion(written.toAlignedRect()))
        self.p.setClipRegion(region, Qt.ClipOperation.IntersectClip)
        self.p.setPen(QPen(draw.faded(self.role, 0.7), 1))
        forth = end.center().x() > start.center().x()
        x0 = start.right() if forth else start.left()
        x1 = end.left() if forth else end.right()
        for a, b in ((start.top(), end.top()), (start.bottom(), end.bottom())):
            self.p.drawLine(QPointF(x0, a), QPointF(x1, b))
        self.p.restore()

    def _term_on(self, page: Page) -> tuple[int, int] | None:
        """Where the hovered product's factor is on a plane."""
        assert self.hovered is not None
        terms = self.place.terms
        cells = {terms.left: terms.left_cells, terms.right: terms.right_cells}.get(
            page.plane.tensor
        )
        if cells is None or cells.ndim != 4 or not terms.planes:
            return None
        index = cells[(min(self.place.focus, terms.planes - 1), *self.hovered)].tolist()
        return page.plane.axes.find(tuple(index)[int(page.plane.tensor in terms.batch) :])


def _note(note: str) -> str:
    what, _, where = note.partition(" ")
    if what == "padded":
        return f"{tr('padded')} {where}"
    return {"spread out": tr("spread out"), "turned": tr("turned")}.get(note, "")

"""The filters of the layers and their gradients, as they change in training; a click looks at one."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter

from app.bus import CommandError
from app.inside.tiles import ACROSS, ALONG, PAGES, Tiles
from app.scenes import draw
from app.scenes.filter_banks import MOST_NUMBERS
from app.scenes.filters import SCALES, Look, describe_row, gradient_of, largest, paint_filters
from app.scenes.filters_layout import SIDE, FilterRow, FiltersLayout, place_filters, wanted
from app.scenes.formula_expressions import format_number
from app.snapshots import Probe
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.inside.session import InsideSession
    from app.scenes.hits import Hit
    from app.snapshots import ProgramView, Snapshot
    from app.theme import Theme

OWNER = "inside-filters"


class FilterWall(Tiles):
    """The pictures; as high as they need. Follows the snapshots while it is visible.

    Signals
    -------
    followed()
        `values` may be new.
    """

    followed = Signal()

    def __init__(self, session: InsideSession) -> None:
        super().__init__("inside-filters", tr("Filters"), session)
        #: Kernels and gradients by name, of the newest snapshot.
        self.values: dict[str, np.ndarray] = {}
        self.pages: dict[str, int] = {}
        self._follows = False
        self._program: ProgramView | None = None
        bus = session.context.bus
        if not bus.knows("inside.filter_page"):
            bus.register("inside.filter_page", self._do_page, label=tr("Turn the page of filters"))

    # -- following

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._follows:
            self._follows = True
            self._session.context.engine.snapshot_ready.connect(self._on_snapshot)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._follows:
            self._follows = False
            engine = self._session.context.engine
            engine.snapshot_ready.disconnect(self._on_snapshot)
            engine.unsubscribe(OWNER)

    @property
    def only(self) -> str:
        """The only layer that is shown; empty for all."""
        session = self._session
        return session.layer if session.toggles["filters_layers"] == "chosen" else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The kernels that are shown."""
        return tuple(name for _, name in wanted(self._session.network, self.only))

    @property
    def gradients(self) -> bool:
        """Whether gradients are wanted."""
        return bool(self._session.toggles["filters_gradients"])

    def refresh(self) -> None:
        """Ask for what is shown, and paint anew."""
        if not self._follows:
            return
        names = [name for name, shape in self.shapes.items() if prod(shape) <= MOST_NUMBERS]
        more = [gradient_of(name) for name in names] if self.gradients else []
        self._session.context.engine.subscribe(OWNER, [Probe(name) for name in (*names, *more)])
        self._on_snapshot()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the kernels that are shown, as soon as the network is compiled."""
        newest = self._newest
        tensors = (
            newest.program.tensors if newest is not None and newest.program is not None else {}
        )
        return {name: tensors[name].shape for name in self.names if name in tensors}

    @property
    def _newest(self) -> Snapshot | None:
        """The newest snapshot, unless the network cannot run: then it is of an earlier one."""
        return None if self._session.blocked else self._session.context.engine.latest

    @Slot()
    def _on_snapshot(self) -> None:
        newest = self._newest
        if newest is None:
            self.values = {}
            self.update()
            return
        names = self.names
        wants = {*names, *(gradient_of(n) for n in names)} if self.gradients else {*names}
        self.values = {k: v for k, v in newest.values.items() if k in wants}
        if newest.program is not self._program:
            self._program = newest.program
            self.refresh()
            return
        self.fit()
        self.followed.emit()

    @property
    def place(self) -> FiltersLayout:
        """Where everything stands."""
        shapes = self.shapes
        both = frozenset(name for name in shapes if gradient_of(name) in self.values)
        return place_filters(
            self._session.network, float(max(self.width(), 200)), shapes, layer=self.only, both=both,
            colour=bool(self._session.toggles["filters_colour"]),
            pages=tuple(sorted(self.pages.items())),
        )  # fmt: skip

    @property
    def look(self) -> Look:
        """How filters are shown."""
        toggles = self._session.toggles
        scale = str(toggles["filters_scale"])
        return Look(scale if scale in SCALES else "layer", bool(toggles["filters_colour"]))

    def numbers(self) -> dict[str, np.ndarray]:
        """The kernels and gradients that are shown, by name."""
        return dict(self.values)

    # -- painting

    def resizeEvent(self, event: object) -> None:
        self._on_snapshot()

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        session = self._session
        seen = (float(area.top()), float(area.bottom()))
        place = self.place
        paint_filters(
            painter, place, colors, self.values, look=self.look,
            chosen=(session.layer, session.channel), hover=self._hover, visible=seen,
        )  # fmt: skip
        if not self.names:
            words = self._empty()
            draw.text(painter, SIDE, 34, draw.elide(words, 12, self.width() - 32), 12, colors.tx2)

    def _empty(self) -> str:
        session = self._session
        if self.only and wanted(session.network):
            return tr("{layer} has no filters: it computes without weights.", layer=session.layer)
        return tr("No layer of this network has filters.")

    # -- the mouse

    def describe(self, hit: Hit, x: float = -1, y: float = -1) -> tuple[str, ...]:
        """What is under the mouse: the filter, the weight there and its gradient."""
        row = self.place.row(hit.node)
        if row is None:
            return ()
        if hit.kind == "page":
            return (tr("Further filters") if hit.id.endswith(":1") else tr("Earlier filters"),)
        if not hit.index or row.bank is None:
            return (row.title, row.tensor, describe_row(row, self.look.colour))
        unit, bank = hit.index[0], row.bank
        what = tr("filter {n}", n=unit + 1) if len(bank.shape) > 2 else tr("unit {n}", n=unit + 1)
        lines = [f"{row.title}, {what}"]
        left, top, w, h = hit.rect
        rows, columns = bank.cells(self.look.colour)
        inside = left <= x < left + w and top <= y < top + h
        r, c = int((y - top) / h * rows), int((x - left) / w * columns)
        found = bank.cell(r, c, self.look.colour) if inside else None
        if found is not None:
            lines.append(self._where(row, *found))
        for label, name in ((tr("weight"), row.tensor), (tr("gradient"), gradient_of(row.tensor))):
            array = self.values.get(name)
            if array is None:
                continue
            one = bank.planes(array, unit, 1)[0]
            if found is None:
                size = tr("at most ±{value}", value=format_number(largest(one), 4))
                lines.append(f"{label} {size}")
                continue
            at_row, at_column, plane = found
            values = (
                one[at_row, at_column] if plane < 0 else one[at_row, at_column, plane : plane + 1]
            )
            lines.append(
                f"{label} " + ", ".join(format_number(float(v), 4, sign=True) for v in values)
            )
        return tuple(lines)

    def _where(self, row: FilterRow, r: int, c: int, plane: int) -> str:
        assert row.bank is not None
        if not row.bank.image:
            return tr("of input {number}", number=c + 1)
        place = tr("row {row}, column {column}", row=r, column=c)
        if plane < 0:
            return f"{place}: {tr('red, green, blue')}"
        if row.bank.size[2] > 1:
            place = f"{place}, {tr('input channel {number}', number=plane + 1)}"
        return place

    def mousePressEvent(self, event: QMouseEvent) -> None:
        hit = self.place.hits.at(event.position().x(), event.position().y())
        if event.button() != Qt.MouseButton.LeftButton or hit is None:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if hit.kind == "page":
            self._session.context.do("inside.filter_page", kernel=hit.node, page=hit.index[0])
        elif hit.index:
            self._choose(hit.node, hit.index[0])

    def _choose(self, tensor: str, unit: int) -> None:
        row = self.place.row(tensor)
        look = self._session.look
        values = look.layers.get(row.layer) if row is not None and look is not None else None
        # Gates of recurrent layers have more columns than there are units to look at.
        if row is not None and values is not None and unit < values.shape[-1]:
            self._session.context.do("inside.select", layer=row.layer, channel=unit)

    # -- pages and keys

    def _do_page(self, kernel: str, page: int) -> None:
        """Show a page of a kernel's units, counted from 0."""
        row = self.place.row(kernel)
        if row is None:
            raise CommandError(tr("No kernel {name} is shown here.", name=repr(kernel)))
        if not 0 <= page < row.pages:
            raise CommandError(
                tr("{kernel} has {count} pages, numbered from 0.", kernel=kernel, count=row.pages)
            )
        self.turn_to(kernel, page)

    def turn_to(self, kernel: str, page: int) -> None:
        """Show a page of a kernel."""
        self.pages = self.pages | {kernel: page}
        self._on_snapshot()

    @property
    def chosen_row(self) -> FilterRow | None:
        """The row of the layer that is looked at."""
        rows = (row for row in self.place.rows if row.layer == self._session.layer and row.bank)
        return next(rows, None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, session, place = Qt.Key(event.key()), self._session, self.place
        tiles = [hit for hit in place.hits.items if hit.kind == "filter"]
        row = self.chosen_row
        if not tiles or not (key in ALONG or key in ACROSS or key in PAGES):
            super().keyPressEvent(event)
        elif row is None or row.bank is None:
            self._choose(tiles[0].node, tiles[0].index[0])
        elif key in PAGES:
            page = row.first // max(1, row.shown) + PAGES[key]
            if 0 <= page < row.pages:
                session.context.do("inside.filter_page", kernel=row.tensor, page=page)
        elif key in ALONG:
            self._choose(row.tensor, (session.channel + ALONG[key]) % row.bank.units)
        else:
            hit = place.hits.get(f"filter:{row.tensor}:{session.channel}")
            beside = place.beside(hit, ACROSS[key]) if hit is not None else None
            if beside is not None:
                self._choose(beside.node, beside.index[0])

"""Attribution: which pixels mattered for a class, by several methods side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.inside.panels import InsidePanel
from app.inside.tile import Tile
from app.scenes import draw, images
from app.scenes.attribution import SIGNED, highest, per_pixel, picture
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets import Choice, Label, ScrollPanel, Segmented, Slider
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.engine.questions.inside import Attribution
    from app.inside.session import InsideSession

#: Methods of the panel, with their settings; the quickest first.
METHODS: dict[str, dict[str, Any]] = {
    "saliency": {},
    "smooth_grad": {"nt_samples": 40, "stdevs": 0.15},
    "integrated_gradients": {"n_steps": 50},
    "grad_cam": {},
    "occlusion": {"window": (5, 5), "strides": (1, 1)},
}
#: Classes that are chosen by a row of buttons; of more there is a list.
_BUTTONS = 10
_NOTES = {
    "saliency": "|∂z/∂x|",
    "smooth_grad": "n 40",
    "integrated_gradients": "n 50",
    "occlusion": "5×5",
}


class Legend(QWidget):
    """What the two ramps say."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("inside-legend")
        self.setFixedHeight(18)
        self.label = ""

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors = theme.current()
            ramp = np.linspace(-1, 1, 54, dtype=np.float32)[None]
            images.place(painter, 0, 5, 54, 7, images.heat(colors, ramp, "signed", 1.0), True)
            draw.text(
                painter, 62, 13, tr("against / for {label}", label=self.label), 11.5, colors.tx2
            )
            words = tr("magnitude")
            right = self.width() - draw.advance(words, 11.5) - 8
            ramp = np.linspace(0, 1, 54, dtype=np.float32)[None]
            images.place(
                painter, right - 54, 5, 54, 7, images.heat(colors, ramp, "magnitude", 1.0), True
            )
            draw.text(painter, self.width(), 13, words, 11.5, colors.tx2, anchor="end")
        finally:
            painter.end()


class AttributionPanel(QWidget):
    """See the module's text. Asks for one method after the other, anew when the network or the input has changed."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        self._found: dict[str, Attribution] = {}
        #: Method that is asked for, its ticket, and methods that wait.
        self._asking = ""
        self._ticket = 0
        self._waiting: list[str] = []
        self._asked_of: Any = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        area = ScrollPanel(name="inside-attribution-scroll")
        outer.addWidget(area)
        inside = QWidget()
        area.body.addWidget(inside)
        area.body.addStretch(1)
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        self._build_choice(column)
        self._build_tiles(column)
        self._build_check(column)
        session.looked.connect(self._on_looked)
        session.chosen.connect(self._on_chosen)
        session.network_changed.connect(self._forget)
        session.context.theme_changed.connect(lambda _: self._paint_all())

    def _build_choice(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.addWidget(Label(tr("Explain class"), "label", "tx2"))
        row.addStretch(1)
        self.score = Label("", "value", "tx", name="inside-score")
        row.addWidget(self.score)
        column.addLayout(row)
        self._classes = QHBoxLayout()
        self._classes.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._classes)
        self._buttons: Segmented | None = None
        self._list: Choice | None = None
        self._listed: tuple[str, ...] = ()
        row = QHBoxLayout()
        row.addWidget(Label(tr("Overlay opacity"), "label", "tx2"))
        self.opacity = Slider(0.0, 1.0, name="inside-opacity", label=tr("Overlay opacity"), step=0.05,
                              default=0.8)  # fmt: skip
        self.opacity.set_amount(float(self._session.toggles["opacity"]))
        self.opacity.moved.connect(
            lambda value: self._session.context.do(
                "inside.show", name="opacity", value=float(value)
            )
        )
        row.addWidget(self.opacity, 1)
        self._percent = Label("80 %", "value", "tx")
        row.addWidget(self._percent)
        column.addLayout(row)

    def _build_tiles(self, column: QVBoxLayout) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        from app.engine.questions.inside import METHODS as TITLES

        self.input = Tile("inside-tile-input", tr("Input"))
        self.tiles = {name: Tile(f"inside-tile-{name}", TITLES[name]) for name in METHODS}
        for k, tile in enumerate((self.input, *self.tiles.values())):
            grid.addWidget(tile, k // 2, k % 2)
        column.addLayout(grid)
        self.legend = Legend()
        column.addWidget(self.legend)

    def _build_check(self, column: QVBoxLayout) -> None:
        card = QFrame()
        card.setProperty("card", True)
        card.setObjectName("inside-completeness")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(12, 10, 12, 10)
        row = QHBoxLayout()
        row.addWidget(Label(tr("Completeness check"), "section", "tx2"))
        row.addStretch(1)
        self.holds = Label("", "label", "tx", name="inside-completeness-holds")
        row.addWidget(self.holds)
        inside.addLayout(row)
        self.sums = Label("", "value", "tx", name="inside-completeness-sums")
        inside.addWidget(self.sums)
        column.addWidget(card)

    # -- following

    def _forget(self) -> None:
        self._found.clear()
        for tile in (self.input, *self.tiles.values()):
            tile.show_picture(None, None, "")

    def _on_looked(self) -> None:
        self._show_classes()
        self._ask_all()
        self._paint_input()

    def _on_chosen(self) -> None:
        self._show_classes()
        self._percent.setText(f"{float(self._session.toggles['opacity']):.0%}")
        self._ask_all()
        self._paint_all()

    def _key(self) -> Any:
        session = self._session
        look = session.look
        return (id(session.input), look.position if look is not None else None, session.class_index)

    def _ask_all(self) -> None:
        """Have all methods asked for, one after the other, if what they are of has changed."""
        session = self._session
        if session.look is None or session.class_index is None or not session.is_image:
            return
        key = self._key()
        if key == self._asked_of:
            return
        self._asked_of = key
        # Those that have waited longest come first, so that training does not starve the slow ones.
        self._waiting += [name for name in METHODS if name not in self._waiting]
        self._ask_next()

    def _ask_next(self) -> None:
        if self._asking or not self._waiting or not self.isVisible():
            return
        name = self._asking = self._waiting.pop(0)
        settings = dict(METHODS[name])
        if name == "occlusion":
            high, wide = self._session.input_shape[:2]
            settings["window"] = (min(5, high), min(5, wide))
        self._ticket = self._session.ask(
            "inside_attribution", method=name, class_index=self._session.class_index, settings=settings,
            done=self._on_found, partly=self._on_part, failed=self._on_failed, asker="attribution",
        )  # fmt: skip
        if not self._ticket:
            self._asking = ""

    def _on_part(self, found: Any) -> None:
        self._found[found.method] = found
        self.tiles[found.method].progress = None
        self._paint(found.method)

    def _on_found(self, found: Any) -> None:
        self._found[found.method] = found
        self._asking = ""
        self._paint(found.method)
        self._ask_next()

    def _on_failed(self, sentence: str) -> None:
        tile = self.tiles.get(self._asking)
        if tile is not None:
            tile.show_picture(None, None, "")
            tile.setToolTip(sentence)
        self._asking = ""
        self._ask_next()

    def showEvent(self, event: object) -> None:
        self._ask_all()
        self._ask_next()

    # -- showing

    def _show_classes(self) -> None:
        session = self._session
        names, chosen, look = session.classes, session.class_index, session.look
        if names != self._listed:
            self._make_classes(names)
        if chosen is None or look is None:
            self.score.setText("")
            return
        if self._buttons is not None:
            self._buttons.set_value(str(chosen))
        elif self._list is not None:
            self._list.set_value(str(chosen))
        self.score.setText(tr("score {value}", value=draw.signed(float(look.scores[chosen]), 2)))
        self.legend.label = names[chosen]
        self.legend.update()

    def _make_classes(self, names: tuple[str, ...]) -> None:
        self._listed = names
        while (item := self._classes.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._buttons = self._list = None
        options = [(str(k), name) for k, name in enumerate(names)]
        if len(names) <= _BUTTONS and all(len(name) <= 2 for name in names):
            self._buttons = Segmented(
                options, name="inside-class", label=tr("Explain class"), mono=True
            )
            self._buttons.chosen.connect(self._choose_class)
            self._classes.addWidget(self._buttons, 1)
        else:
            self._list = Choice([], name="inside-class", label=tr("Explain class"))
            for value, name in options:
                self._list.addItem(name, value)
            self._list.chosen.connect(self._choose_class)
            self._classes.addWidget(self._list, 1)

    def _choose_class(self, value: str) -> None:
        self._session.context.do("inside.class", class_index=int(value))

    def _paint_all(self) -> None:
        self._paint_input()
        for name in self._found:
            self._paint(name)

    def _paint_input(self) -> None:
        given = self._session.input
        if given is None or given.x.ndim != 3:
            return
        label, names = given.label, self._session.classes
        note = (
            tr("label {label}", label=names[label])
            if label is not None and label < len(names)
            else ""
        )
        pixels = given.x.mean(-1)
        self.input.show_picture(images.photo(theme.current(), given.x), pixels, note)

    def _paint(self, name: str) -> None:
        given, found = self._session.input, self._found.get(name)
        if given is None or found is None or given.x.ndim != 3:
            return
        pixels = per_pixel(found.values, name in SIGNED)
        made = picture(
            theme.current(), given.x, found.values, name, top=highest(pixels),
            opacity=float(self._session.toggles["opacity"]),
        )  # fmt: skip
        self.tiles[name].show_picture(made, pixels, self._note(name))
        if name == "integrated_gradients":
            self._show_check(found)

    def _note(self, name: str) -> str:
        return _NOTES.get(name, "")

    def _show_check(self, found: Attribution) -> None:
        path: Any = found.detail
        if path is None:
            return
        total, gained = float(found.values.sum()), float(path.score[0] - path.baseline_score[0])
        missing = abs(total - gained)
        good = missing <= 0.02 * max(abs(gained), 1e-6)
        self.holds.setText(
            tr("holds") if good else tr("{missing} is missing", missing=format_number(missing, 3))
        )
        self.sums.setText(
            f"Σ {tr('attributions')} = {draw.signed(total, 3)}\nf(x) − f({tr('black')}) = {draw.signed(gained, 3)}"
        )


PANEL = InsidePanel(
    "attribution", "right", tr("Attribution"), tr("Which pixels mattered"), 10, AttributionPanel
)

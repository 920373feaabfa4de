"""Attribution: which pixels mattered for a class, by several methods side by side."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.inside.attributing import Attributing
from app.inside.completeness import Completeness
from app.inside.legend import Legend
from app.inside.method_settings import MethodSettings
from app.inside.methods import METHODS, note
from app.inside.panels import InsidePanel
from app.inside.tile import Tile
from app.scenes import draw, images
from app.scenes.attribution import highest, picture, pixels_of
from app.scenes.formula_expressions import format_number
from app.scenes.spec_view import numbered_titles
from app.text import number, tr
from app.widgets import Button, Choice, Label, ProgressLine, ScrollPanel, Segmented, Slider

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from app.engine.questions.inside import Attribution
    from app.inside.session import InsideSession

#: Classes that are chosen by a row of buttons, as far as there is room; of more there is a list.
_BUTTONS = 10
#: Numbers from which on painting a map takes milliseconds.
_LARGE = 30_000
#: More features than this have no bars that can be read.
_BARS = 40


class AttributionPanel(QWidget):
    """See the module's text. What is computed when is `Attributing`'s."""

    def __init__(self, session: InsideSession) -> None:
        super().__init__()
        self._session = session
        self.attributing = Attributing.of(session)
        self._popover: MethodSettings | None = None
        self._tops: dict[str, tuple[Attribution, bool, float]] = {}
        self._input_shown: Any = None
        #: Maps of large pictures are painted one in a turn, so that a dragged slider is not held up.
        self._unpainted: list[str] = []
        self._one_a_turn = QTimer(self)
        self._one_a_turn.setInterval(0)
        self._one_a_turn.timeout.connect(self._paint_next)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        area = ScrollPanel(name="inside-attribution-scroll", steady=True)
        outer.addWidget(area, 1)
        inside = QWidget()
        inside.setProperty("clear", True)
        area.body.addWidget(inside)
        area.body.addStretch(1)
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(6)
        self._build_choice(column)
        self._build_tiles(column)
        self.check = Completeness()
        column.addWidget(self.check)
        self._build_foot(outer)
        session.looked.connect(self._on_looked)
        session.chosen.connect(self._on_chosen)
        self.attributing.changed.connect(self._on_changed)
        self.attributing.working_changed.connect(self._show_work)
        session.context.theme_changed.connect(lambda _: self._paint_all())
        self._arrange()
        self._show_work()

    # -- building

    def controls(self) -> QWidget:
        """What stands in the head: which methods, and their settings."""
        self.choose = Button(name="inside-methods-button", icon="adjustments", kind="ghost")
        self.choose.setAccessibleName(tr("Methods and settings"))
        self.choose.setToolTip(tr("Which methods are shown, and the settings of each"))
        self.choose.clicked.connect(self._open_settings)
        return self.choose

    def _open_settings(self) -> None:
        if self._popover is None:
            self._popover = MethodSettings(self.choose, self._session, self.attributing)
        self._popover.refresh()
        self._popover.open()

    def _build_choice(self, column: QVBoxLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._explained = Label(tr("Explain class"), "label", "tx2")
        row.addWidget(self._explained)
        row.addStretch(1)
        self.against = Choice([], name="inside-against", label=tr("Why not another class"))
        self.against.setFixedWidth(116)
        self.against.setToolTip(
            tr("Why not another class? Explains by how much the first class is ahead of it")
        )
        self.against.chosen.connect(lambda value: self._show("against", int(value)))
        row.addWidget(self.against)
        self.score = Label("", "value", "tx", name="inside-score")
        row.addWidget(self.score)
        column.addLayout(row)
        self._classes = QHBoxLayout()
        self._classes.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._classes)
        self._buttons: Segmented | None = None
        self._list: Choice | None = None
        self._listed: Any = None
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(Label(tr("Overlay opacity"), "label", "tx2"))
        self.opacity = Slider(0.0, 1.0, name="inside-opacity", label=tr("Overlay opacity"), step=0.05,
                              default=0.8)  # fmt: skip
        self.opacity.setToolTip(tr("How much the strongest pixels of a map cover the input"))
        self.opacity.set_amount(float(self._session.toggles["opacity"]))
        self.opacity.moved.connect(lambda value: self._show("opacity", float(value)))
        row.addWidget(self.opacity, 1)
        self._percent = Label("80 %", "value", "tx")
        row.addWidget(self._percent)
        column.addLayout(row)

    def _build_tiles(self, column: QVBoxLayout) -> None:
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self.input = Tile("inside-tile-input", tr("Input"))
        self.input.setToolTip(tr("The input as the network is given it"))
        self.tiles: dict[str, Tile] = {}
        for name, method in METHODS.items():
            tile = self.tiles[name] = Tile(f"inside-tile-{name}", method.title)
            tile.setToolTip(f"{method.title}: {method.tip}")
            tile.clicked.connect(lambda _=False, name=name: self._enlarge(name))
        for tile in (self.input, *self.tiles.values()):
            tile.pointed.connect(self._point)
        column.addLayout(self._grid)
        self.legend = Legend()
        column.addWidget(self.legend)
        self.reason = Label("", "body", "tx2", name="inside-attribution-reason", wrap=True)
        self.reason.hide()
        column.addWidget(self.reason)

    def _point(self, row: int, column: int) -> None:
        """Mark the pixel under the mouse in every map."""
        mark = (column, row, 1, 1) if row >= 0 else None
        for tile in (self.input, *self.tiles.values()):
            if tile.mark != mark and not tile.features:
                tile.mark = mark
                tile.update()

    def _build_foot(self, column: QVBoxLayout) -> None:
        self.progress = ProgressLine(name="inside-attribution-progress")
        column.addWidget(self.progress)
        row = QHBoxLayout()
        row.setContentsMargins(16, 2, 12, 2)
        self.status = Label("", "label", "tx3", name="inside-attribution-status")
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self.status, 1)
        self.cancel = Button(
            tr("Cancel"), name="inside-attribution-cancel", kind="ghost", height=24
        )
        self.cancel.setToolTip(tr("End what is being computed; what is there stays"))
        self.cancel.clicked.connect(self._on_cancel)
        policy = self.cancel.sizePolicy()
        # Its place stays, so that nothing jumps when something takes long.
        policy.setRetainSizeWhenHidden(True)
        self.cancel.setSizePolicy(policy)
        row.addWidget(self.cancel)
        column.addLayout(row)

    # -- following

    def showEvent(self, event: QShowEvent) -> None:
        self.attributing.want(self, True)
        self._on_looked()
        self._paint_all()

    def hideEvent(self, event: QHideEvent) -> None:
        self.attributing.want(self, False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_classes()

    def _on_looked(self) -> None:
        self._arrange()
        self._show_classes()
        # Maps are painted when they come: this is many times a second while the network trains.
        if self._input_shown is not self._session.input:
            self._paint_input()

    def _on_chosen(self) -> None:
        self._arrange()
        self._show_classes()
        self.opacity.set_amount(float(self._session.toggles["opacity"]))
        self._percent.setText(f"{float(self._session.toggles['opacity']):.0%}".replace("%", " %"))
        self._paint_all()

    def _on_changed(self, name: str) -> None:
        if self._session.toggles["attribution_scale"] == "same":
            self._paint_all()
        else:
            self._paint(name)

    def _on_cancel(self) -> None:
        if self.attributing.cancelled:
            self.attributing.go_on()
        else:
            self.attributing.cancel()

    def _show(self, name: str, value: Any) -> None:
        self._session.context.do("inside.show", name=name, value=value)
        if name == "against":
            self._show_classes()

    def _enlarge(self, name: str) -> None:
        self._session.context.do("inside.show", name="method", value=name)
        self._session.context.do("inside.view", value="explanation")

    # -- showing

    def _arrange(self) -> None:
        """Put the tiles that are shown in their places."""
        why = self.attributing.no_reason()
        self.reason.setText(why)
        self.reason.setVisible(bool(why))
        wanted = () if why else ("", *self.attributing.methods)
        shown = [self.tiles[name] if name else self.input for name in wanted]
        if [self._grid.itemAt(k).widget() for k in range(self._grid.count())] != shown:  # type: ignore[union-attr]
            while self._grid.takeAt(0) is not None:
                pass
            for k, tile in enumerate(shown):
                self._grid.addWidget(tile, k // 2, k % 2)
        for tile in (self.input, *self.tiles.values()):
            tile.setVisible(tile in shown)
        for name, tile in self.tiles.items():
            tile.chosen = name == self._session.toggles["method"]
            tile.update()
        self.legend.setVisible(not why)
        self.check.setVisible("integrated_gradients" in wanted)

    def _show_classes(self) -> None:
        session = self._session
        names, chosen, look = session.classes, session.class_index, session.look
        listed = (names, self.width(), chosen)
        if listed != self._listed:
            self._listed = listed
            self._make_classes(names)
            self._make_against(names, chosen)
        self.against.set_value(
            str(self.attributing.against if self.attributing.against is not None else -1)
        )
        for control in (self._buttons, self._list):
            if control is not None:
                # Where the network says nothing no class may look chosen.
                control.setVisible(session.sound)
        self.against.setEnabled(session.sound)
        if chosen is None or look is None:
            self.score.setText("")
            return
        for control in (self._buttons, self._list):
            if control is not None:
                control.set_value(str(chosen))
        numbers = look.scores if self.attributing.on == "score" else look.probabilities
        value, other = float(numbers[chosen]), self.attributing.against
        if other is not None:
            value -= float(numbers[other])
        digits = 2 if self.attributing.on == "score" else 3
        name = tr("logit") if digits == 2 else tr("probability")
        said = f"{name} {draw.signed(value, digits)}"
        # Where there is little room the number is there, and the tooltip says what it is.
        room = self.width() - 32 - self._explained.sizeHint().width() - self.against.width() - 16
        short = self.score.fontMetrics().horizontalAdvance(said) > room
        self.score.setText(draw.signed(value, digits) if short else said)
        of = tr("score, before the softmax") if digits == 2 else tr("probability")
        ahead = (
            tr("{a} is ahead of {b}", a=names[chosen], b=names[other])
            if other is not None
            else names[chosen]
        )
        self.score.setToolTip(f"{ahead}: {of}")
        self.legend.label = names[chosen]
        self.legend.update()

    def _make_classes(self, names: tuple[str, ...]) -> None:
        options = [(str(k), name) for k, name in enumerate(names)]
        room = self.width() - 32
        buttons = Segmented(options, name="inside-class", label=tr("Explain class"), mono=True)
        fits = 1 < len(names) <= _BUTTONS and buttons.sizeHint().width() <= room
        kind = Segmented if fits else Choice
        there = self._buttons if fits else self._list
        if there is not None and isinstance(there, kind) and self._shown_names == names:
            buttons.deleteLater()
            return
        self._shown_names = names
        while (item := self._classes.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._buttons = self._list = None
        if fits:
            self._buttons = buttons
            buttons.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            buttons.setToolTip(tr("The class whose score is explained"))
            buttons.chosen.connect(self._choose_class)
            self._classes.addWidget(buttons, 1)
            return
        buttons.deleteLater()
        self._list = Choice(options, name="inside-class", label=tr("Explain class"))
        self._list.setToolTip(tr("The class whose score is explained"))
        self._list.chosen.connect(self._choose_class)
        self._classes.addWidget(self._list, 1)

    _shown_names: tuple[str, ...] = ()

    def _make_against(self, names: tuple[str, ...], chosen: int | None) -> None:
        self.against.clear()
        self.against.addItem(tr("why not …"), "-1")
        for k, name in enumerate(names):
            if k != chosen:
                self.against.addItem(tr("not {name}", name=name), str(k))

    def _choose_class(self, value: str) -> None:
        self._session.context.do("inside.class", class_index=int(value))

    # -- pictures

    def _paint_all(self) -> None:
        self._paint_input()
        self._unpainted = list(self.attributing.methods)
        if prod(self._session.input_shape) > _LARGE:
            self._one_a_turn.start()
            return
        while self._unpainted:
            self._paint_next()

    def _paint_next(self) -> None:
        if self._unpainted:
            self._paint(self._unpainted.pop(0))
        if not self._unpainted:
            self._one_a_turn.stop()

    def _paint_input(self) -> None:
        given = self._input_shown = self._session.input
        if given is None:
            self.input.show_picture(None, None, "")
            return
        label, names = given.label, self._session.classes
        known = label is not None and label < len(names)
        words = tr("label {label}", label=names[label]) if known and label is not None else ""
        if given.x.ndim == 3:
            made = images.photo(theme.current(), given.x, given.ramp)
            self.input.show_picture(made, given.x.mean(-1), words)
        elif given.x.ndim == 1:
            self._paint_features(self.input, given.x, words)

    def _pixels(self, name: str, found: Attribution) -> np.ndarray:
        if found.values.ndim < 2:
            return found.values
        return pixels_of(found.values, name, self.attributing.signed(name))

    def _top(self, name: str, found: Attribution) -> float:
        """What gets the last colour of a map by itself; sorting its numbers once is enough."""
        signed, kept = self.attributing.signed(name), self._tops.get(name)
        if kept is None or kept[0] is not found or kept[1] != signed:
            kept = self._tops[name] = (found, signed, highest(self._pixels(name, found)))
        return kept[2]

    def tops(self) -> dict[str, float]:
        """By method: the number that gets the last colour."""
        found = {
            name: self._top(name, one)
            for name, one in self.attributing.found.items()
            if name in self.attributing.methods
        }
        if self._session.toggles["attribution_scale"] == "own":
            return found
        for ramp in (True, False):
            same = [n for n in found if self.attributing.signed(n) == ramp]
            largest = max((found[n] for n in same), default=1.0)
            found |= dict.fromkeys(same, largest)
        return found

    def _paint(self, name: str) -> None:
        tile, work = self.tiles[name], self.attributing
        tile.progress = work.share.get(name) if work.asking == name and work.long else None
        found, given = work.found.get(name), work.inputs.get(name)
        if name in work.problems:
            tile.show_sentence(work.problems[name])
            return
        if found is None or given is None:
            tile.show_picture(None, None, "")
            if name == "integrated_gradients":
                self.check.clear()
            return
        top = self.tops().get(name, 1.0)
        words = self._note(name, found)
        self._show_legend()
        tile.words = lambda value: tr(
            "{value} (last colour {top})", value=format_number(value, 4), top=format_number(top, 3)
        )
        if given.x.ndim == 1:
            self._paint_features(
                tile, found.values.reshape(-1), words, top, signed=work.signed(name)
            )
        elif given.x.ndim == 3:
            made = picture(
                theme.current(), given.x, found.values, name, top=top, signed=work.signed(name),
                opacity=float(self._session.toggles["opacity"]), ramp=given.ramp,
            )  # fmt: skip
            tile.show_picture(made, self._pixels(name, found), words)
        if name == "integrated_gradients":
            self.check.show_path(found, work.settings(name))

    def _paint_features(
        self, tile: Tile, values: np.ndarray, words: str, top: float | None = None, *, signed: bool = True
    ) -> None:  # fmt: skip
        names = self._session.features
        if len(values) <= _BARS:
            listed = tuple(names[k] if k < len(names) else str(k + 1) for k in range(len(values)))
            end = highest(values) if top is None else top
            tile.show_bars(listed, values, end, words, signed=signed)
            return
        # Too many for bars: a square of cells, row by row.
        side = int(np.ceil(np.sqrt(len(values))))
        cells = np.zeros(side * side, np.float32)
        cells[: len(values)] = values
        square = cells.reshape(side, side)
        made = images.heat(
            theme.current(), square, "signed" if signed else "magnitude",
            highest(values) if top is None else top,
        )  # fmt: skip
        tile.show_picture(made, square, words)

    def _show_legend(self) -> None:
        same = self._session.toggles["attribution_scale"] == "same"
        tops = self.tops() if same else {}
        ends: list[float | None] = [
            next((v for n, v in tops.items() if self.attributing.signed(n) == ramp), None)
            for ramp in (True, False)
        ]
        self.legend.show_ends(ends[0], ends[1])

    def _note(self, name: str, found: Attribution) -> str:
        look = self._session.look
        if look is not None and found.position != look.position and not self.attributing.asking:
            return tr("step {step}", step=number(found.position.step))
        settings = self.attributing.settings(name)
        if name == "grad_cam":
            layer = str(settings["layer"]) or self._last_convolution()
            return numbered_titles(self._session.network).get(layer, layer)
        return note(name, settings, self._session.input_shape)

    def _last_convolution(self) -> str:
        convolutions = [n for n in self._session.network.nodes if "Conv" in n.kind]
        return convolutions[-1].layer if convolutions else ""

    def _show_work(self) -> None:
        work = self.attributing
        share = work.share.get(work.asking, 0.0) if work.long else None
        self.progress.set_share(share)
        self.cancel.setVisible(work.long or work.cancelled)
        self.cancel.set_label(tr("Go on") if work.cancelled else tr("Cancel"))
        if work.long:
            title = METHODS[work.asking].title
            words = tr("{title}: {share}", title=title, share=f"{share or 0:.0%}")
        elif work.cancelled:
            words = tr("Cancelled: not all maps are of what is shown.")
        elif work.seconds is not None:
            words = tr("computed in {seconds} s", seconds=f"{work.seconds:.2f}")
        else:
            words = ""
        self.status.setText(words)
        self.status.setToolTip(words)
        for name in self.tiles:
            tile = self.tiles[name]
            busy = work.share.get(name) if work.asking == name and work.long else None
            if tile.progress != busy:
                tile.progress = busy
                tile.update()

    def sizeHint(self) -> QSize:
        return QSize(360, 700)


PANEL = InsidePanel(
    "attribution", "right", tr("Attribution"), tr("Which pixels mattered"), 10, AttributionPanel
)

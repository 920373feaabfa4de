"""The top bar: project, data, training, transport, speed, counters and export."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QWidget

from app import icons, text, theme
from app.engine.pace_words import pace_words
from app.engine.state import SPEEDS, EngineState
from app.text import tr
from app.transport import Transport
from app.widgets import Button, Chip, Control, Label, Line, Panel, Slider
from app.widgets.guarded import guarded
from app.window.actions import Actions

#: In the order of the menu: from the smallest step to the largest.
GRANULARITIES = ("instruction", "layer", "loss", "update", "batch", "epoch")


class ProjectButton(Control):
    """The project's name with a caret; a click opens the project menu."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("project-menu")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(28)
        self._name = ""
        self._dirty = False
        self.menu: QMenu | None = None
        self.clicked.connect(self._open)

    def set_project(self, name: str, dirty: bool) -> None:
        """Show a name; a dot says that there are unsaved changes."""
        if (name, dirty) == (self._name, self._dirty):
            return
        self._name, self._dirty = name, dirty
        saved = tr("unsaved changes") if dirty else tr("saved")
        self.setAccessibleName(tr("Project {name}, {saved}", name=name, saved=saved))
        self.setToolTip(tr("{name}: unsaved changes", name=name) if dirty else name)
        self.updateGeometry()
        self.update()

    def _open(self) -> None:
        if self.menu is not None:
            self.menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def sizeHint(self) -> QSize:
        advance = QFontMetricsF(theme.font("project")).horizontalAdvance(self._name)
        return QSize(round(min(240.0, advance)) + 24 + (10 if self._dirty else 0), 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(72, self.sizeHint().width()), 28)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = theme.font("project")
        metrics = QFontMetricsF(font)
        room = self.width() - 22 - (10 if self._dirty else 0)
        shown = metrics.elidedText(self._name, Qt.TextElideMode.ElideRight, room)
        painter.setFont(font)
        painter.setPen(colors.tx)
        box = QRectF(0, 0, room + 2, self.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        x = metrics.horizontalAdvance(shown) + 6
        if self._dirty:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.tx3)
            painter.drawEllipse(QRectF(x, self.height() / 2 - 3, 6, 6))
            x += 10
        ink = colors.tx if self.hovered else colors.tx3
        icons.paint(painter, "chevron-down", ink, QRectF(x, self.height() / 2 - 8, 16, 16))


class Counter(QWidget):
    """A number under a small title: ``Epoch`` over ``8 / 20``."""

    def __init__(self, title: str, *, name: str, width: int) -> None:
        super().__init__()
        self.setObjectName(name)
        self._title = title
        self._value = "0"
        self._total = ""
        # Not a minimum width: that would overrule the hint, and large numbers would be cut.
        self._least = width
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.show_value("0")

    @property
    def value(self) -> str:
        """The number as shown."""
        return self._value

    def show_value(self, value: str, total: str = "") -> None:
        """Show a number, and out of how many."""
        if (value, total) == (self._value, self._total) and self.accessibleName():
            return
        before = self.sizeHint()
        self._value, self._total = value, total
        self.setAccessibleName(f"{self._title} {value}" + (f" / {total}" if total else ""))
        if self.sizeHint() != before:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        shown = self._value + (f" / {self._total}" if self._total else "")
        advance = QFontMetricsF(theme.font("counter")).horizontalAdvance(shown)
        return QSize(max(self._least, round(advance) + 2), 32)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setFont(theme.font("caption"))
        painter.setPen(colors.tx3)
        painter.drawText(
            QRectF(0, 2, self.width() + 8, 12), Qt.AlignmentFlag.AlignLeft, self._title
        )
        font = theme.font("counter")
        painter.setFont(font)
        painter.setPen(colors.tx)
        box = QRectF(0, 14, self.width() + 8, 17)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft, self._value)
        if self._total:
            box.setLeft(QFontMetricsF(font).horizontalAdvance(self._value))
            painter.setPen(colors.tx3)
            font.setWeight(font.Weight.Normal)
            painter.setFont(font)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, f" / {self._total}")


class TopBar(Panel):
    """The 52 px bar. It shows what it is told and announces what is wanted.

    Signals
    -------
    speed_chosen(str)
        Key of a speed.
    granularity_chosen(str)
        Key of what a step is, of what another workspace plays.
    """

    speed_chosen = Signal(str)
    granularity_chosen = Signal(str)

    def __init__(self, actions: Actions) -> None:
        super().__init__(name="top-bar", edges="b")
        self.setFixedHeight(52)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 1)
        row.setSpacing(8)
        self.project = ProjectButton()
        self.data_chip = Chip(name="data-chip", label=tr("Data"))
        self.training_chip = Chip(name="training-chip", label=tr("Loss and optimizer"))
        row.addWidget(self.project)
        row.addSpacing(8)
        row.addWidget(self.data_chip)
        row.addWidget(self.training_chip)
        row.addStretch(1)
        self._row = row
        self._counts_ops = False
        self._seen: tuple[EngineState, int] | None = None
        #: What is driven instead of the run, and its chips, slider and menu by what they are of.
        self._other: Transport | None = None
        self._others: dict[Transport, _Other] = {}
        self._add_transport(actions)
        self._add_speed()
        row.addWidget(_spaced_line())
        self.epoch = Counter(tr("Epoch"), name="counter-epoch", width=52)
        self.step = Counter(tr("Step"), name="counter-step", width=44)
        self.op = Counter(tr("Op"), name="counter-op", width=52)
        self.op.hide()
        row.addWidget(self.epoch)
        row.addSpacing(8)
        row.addWidget(self.step)
        row.addWidget(self.op)
        self._export_line = _spaced_line()
        row.addWidget(self._export_line)
        self.export = Button(
            tr("Export"), name="export-button", icon="export", height=32, kind="normal"
        )
        self.export.bind(actions["project-export"])
        row.addWidget(self.export)

    def _add_transport(self, actions: Actions) -> None:
        self.reset = Button(name="reset-button", kind="tool", icon="reset", icon_size=18, height=32)
        self.reset.bind(actions["transport-reset"])
        self.back = Button(
            tr("Back"), name="step-back-button", kind="tool", icon="player-skip-back", height=32
        )
        self.back.bind(actions["transport-step-back"])
        self.play = Button(
            name="play-button", kind="primary", icon="player-play", icon_size=20, height=32
        )
        self.play.bind(actions["transport-play"])
        self.forward = Button(
            tr("Step"), name="step-button", kind="left", icon="player-skip-forward", height=32
        )
        self.forward.bind(actions["transport-step"])
        self.granularity = Button(
            tr("Layer"), name="granularity-button", kind="right", trailing="chevron-down",
            height=32,
        )  # fmt: skip
        menu = QMenu(self.granularity)
        menu.setObjectName("granularity-menu")
        for value in GRANULARITIES:
            menu.addAction(actions[f"transport-granularity-{value}"])
        self._menu = menu
        self.granularity.clicked.connect(self._open_menu)
        pair = QHBoxLayout()
        pair.setSpacing(0)
        pair.addWidget(self.forward)
        pair.addWidget(self.granularity)
        for widget in (self.reset, self.back, self.play):
            self._row.addWidget(widget)
        self._row.addLayout(pair)

    def _add_speed(self) -> None:
        self._speed_label = Label(tr("Speed"), "label", "tx2")
        self.speed = Slider(
            0, len(SPEEDS) - 1, name="speed-slider", label=tr("Speed"),
            default=float(_speed_index("10/s")),
        )  # fmt: skip
        self.speed.setFixedWidth(66)
        self._speed_value = Label("1×", "value", "tx", name="speed-value")
        self.speed.moved.connect(self._on_speed)
        self._row.addSpacing(8)
        self._row.addWidget(self._speed_label)
        self._row.addWidget(self.speed)
        self._row.addWidget(self._speed_value)
        self._show_speed("1×")

    def _show_speed(self, words: str) -> None:
        """Show a speed in full: a minimum that is told overrules what the words need."""
        self._speed_value.setText(words)
        self._speed_value.setMinimumWidth(max(30, self._speed_value.minimumSizeHint().width()))

    def _open_menu(self) -> None:
        menu = self._menu if self._other is None else self._others[self._other].menu
        menu.popup(self.granularity.mapToGlobal(self.granularity.rect().bottomLeft()))

    def drive(self, other: Transport | None) -> None:
        """Show what a workspace plays, or the run again."""
        if other is not None and other not in self._others:
            self._others[other] = _Other(self, other)
            place = self._row.indexOf(self.training_chip) + 1
            for chip in reversed(other.chips()):
                self._row.insertWidget(place, chip)
            self._row.insertWidget(self._row.indexOf(self.speed), self._others[other].speed)
        self._other = other
        for one, parts in self._others.items():
            for widget in (*one.chips(), parts.speed):
                widget.setVisible(one is other)
        for widget in (self.data_chip, self.training_chip, self.speed):
            widget.setVisible(other is None)
        if other is None:
            self.show_instructions(self._counts_ops)
        else:
            self.epoch.hide()
            self.op.hide()
            self.show_other()

    def show_other(self) -> None:
        """Show how what a workspace plays stands."""
        other = self._other
        if other is None:
            return
        state = other.state
        self.play.set_icon("player-pause" if state.playing else "player-play")
        self._show_speed(state.speed_text)
        speed = self._others[other].speed
        speed.set_amount(state.speed)
        speed.setToolTip(state.speed_tip)
        self.step.show_value(text.number(state.step), text.number(state.total))
        self.step.setToolTip(tr("Steps that are done"))
        title = dict(other.granularities).get(state.granularity, "")
        self.granularity.set_label(title)
        self.granularity.setAccessibleName(tr("Granularity: {value}", value=title))

    def set_state(self, state: EngineState, epochs: int) -> None:
        """Show what the engine does."""
        self._seen = (state, epochs)
        if self._other is not None:
            return
        playing = state.status == "playing"
        self.play.set_icon("player-pause" if playing else "player-play")
        index = _speed_index(state.speed.key)
        self.speed.set_amount(index)
        self._show_speed(_speed_text(state.speed.label))
        self.speed.setToolTip(_speed_tip(state))
        position = state.position
        epoch = 0 if position is None else position.epoch
        step = 0 if position is None else position.step
        # Beside instructions it is the step that they are of, as in the strip below them.
        shown = position.under_way if position is not None and self._counts_ops else step
        # Play after the end goes on for as many epochs again.
        total = max(epoch, getattr(state, "epochs_planned", 0) or epochs)
        self.epoch.show_value(text.number(epoch), text.number(total))
        self.step.show_value(text.number(shown))
        self.step.setToolTip(
            tr("The step that is being computed") if self._counts_ops else tr("Steps that are done")
        )
        count = 0 if position is None else position.instructions
        # Between two steps all of the last one are done.
        done = 0 if position is None else position.pc or (count if step else 0)
        self.op.show_value(text.number(done), text.number(count) if count else "")
        titles = {"instruction": tr("Op"), "layer": tr("Layer"), "loss": tr("Loss"),
                  "update": tr("Update"), "batch": tr("Batch"), "epoch": tr("Epoch")}  # fmt: skip
        self.granularity.set_label(titles[state.granularity])
        self.granularity.setAccessibleName(
            tr("Granularity: {value}", value=titles[state.granularity])
        )

    def show_instructions(self, shown: bool) -> None:
        """Count the instructions of a step instead of epochs."""
        self._counts_ops = shown
        if self._other is not None:
            return
        self.op.setVisible(shown)
        self.epoch.setHidden(shown)
        if self._seen is not None:
            self.set_state(*self._seen)

    def set_compact(self, level: int) -> None:
        """Leave out what a narrow window has no room for."""
        self._speed_label.setVisible(level < 1)
        self.export.set_label("" if level >= 2 else tr("Export"))
        self.export.setAccessibleName(tr("Export"))
        # Its icon is that of Step the other way around.
        self.back.set_label("" if level >= 2 else tr("Back"))
        self.back.setAccessibleName(tr("Back"))
        self.data_chip.set_limit(1 if level >= 2 else None)
        self.training_chip.set_limit(3 if level >= 2 else None)
        self._row.setSpacing(6 if level >= 2 else 8)

    def _on_speed(self, index: float) -> None:
        self.speed_chosen.emit(SPEEDS[round(index)].key)


class _Other:
    """Slider and menu of what a workspace plays."""

    def __init__(self, bar: TopBar, of: Transport) -> None:
        self.speed = Slider(
            0, len(of.speeds) - 1, name=f"{of.prefix}-speed-slider", label=tr("Speed"),
            default=float(of.state.speed),
        )  # fmt: skip
        self.speed.setFixedWidth(66)
        self.speed.moved.connect(lambda index: bar.speed_chosen.emit(of.speeds[round(index)]))
        self.menu = QMenu(bar.granularity)
        self.menu.setObjectName(f"{of.prefix}-granularity-menu")
        for key, title in of.granularities:
            action = self.menu.addAction(title)
            action.triggered.connect(lambda _=False, k=key: bar.granularity_chosen.emit(k))


def _speed_index(key: str) -> int:
    return next((k for k, speed in enumerate(SPEEDS) if speed.key == key), 0)


def _speed_text(label: str) -> str:
    # "30 steps/s" does not fit beside the slider; the tooltip has the long form.
    return label.replace(" steps/s", "/s")


def _speed_tip(state: EngineState) -> str:
    """Return what the slider chooses, and in Step what it has chosen: there it is not always steps a second."""
    pace = pace_words(state)
    if pace:
        return tr("Play goes {pace}; at the right end as fast as possible", pace=pace)
    return tr("Slow motion layer by layer, then steps a second, then as fast as possible")


def _spaced_line() -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(4, 0, 4, 0)
    row.addWidget(Line(vertical=True, length=24))
    return holder


def fill_menu(menu: QMenu, actions: Actions, names: tuple[str, ...]) -> None:
    """Add actions to a menu by name; an empty name is a separator."""
    for name in names:
        if name:
            menu.addAction(actions[name])
        else:
            menu.addSeparator()

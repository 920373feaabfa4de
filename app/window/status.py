"""The status bar: what the engine does, numbers about the network, and a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app import icons, theme
from app.engine.pace_words import pace_words
from app.text import number, size, tr
from app.widgets import Control, Key, Label, Panel
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.engine.state import EngineState
    from app.workspace import WindowContext

# Words between keys: ("Space", "pause", ".", "step one layer")
Hint = tuple[tuple[str, str], ...]
#: Words of a value that are longer are cut; all of them are in its tooltip.
_LONGEST = 32


class _Dot(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(8, 8)
        self._token = "tx3"

    def set_token(self, token: str) -> None:
        if token != self._token:
            self._token = token
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().color(self._token))
        painter.drawEllipse(QRectF(self.rect()))


class _Count(Control):
    """The number of problems, or of hints; a click goes to the first."""

    focus_radius = 4

    def __init__(self, name: str, sign: str, token: str) -> None:
        super().__init__()
        self._sign, self._token = sign, token
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        advance = QFontMetricsF(theme.font("small")).horizontalAdvance(self.text())
        return QSize(round(advance) + 24, 20)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = colors.color(self._token)
        icons.paint(painter, self._sign, ink, QRectF(0, 3, 14, 14))
        painter.setFont(theme.font("small"))
        painter.setPen(ink)
        box = QRectF(20, 0, self.width() - 20, 20)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self.text())


class StatusBar(Panel):
    """The 24 px line at the bottom of the window.

    Signals
    -------
    problem_clicked(), hint_clicked()
        The learner wants to see the first problem, or the first hint.
    """

    problem_clicked = Signal()
    hint_clicked = Signal()

    def __init__(self) -> None:
        super().__init__(name="status-bar", edges="t")
        self.setFixedHeight(24)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 1, 16, 0)
        self._row.setSpacing(6)
        self._dot = _Dot()
        self._engine = Label("", "small", "tx3", name="status-engine")
        self._device = Label("CPU float32", "mono-small", "tx2")
        self._row.addWidget(self._dot)
        self._row.addWidget(self._engine)
        self._row.addWidget(self._device)
        self._values = QHBoxLayout()
        self._values.setSpacing(6)
        self._row.addSpacing(18)
        self._row.addLayout(self._values)
        self._row.addStretch(1)
        self._hint = QHBoxLayout()
        self._hint.setSpacing(4)
        self._row.addLayout(self._hint)
        self._advice = _Count("status-hints", "bulb", "tx2")
        self._advice.clicked.connect(self.hint_clicked)
        self._advice.hide()
        self._row.addWidget(self._advice)
        self._problem = _Count("status-problems", "alert-triangle", "err")
        self._problem.clicked.connect(self.problem_clicked)
        self._problem.hide()
        self._row.addWidget(self._problem)
        self._pairs: list[tuple[Label, Label]] = []
        self._hint_parts: Hint = ()

    @property
    def problem_text(self) -> str:
        """What is said about problems; empty if there are none."""
        return "" if self._problem.isHidden() else self._problem.text()

    def set_advice(self, count: int, sentence: str = "") -> None:
        """Show the number of hints, which nobody has to follow."""
        words = tr("1 hint") if count == 1 else tr("{count} hints", count=count)
        self._advice.setText(words)
        self._advice.setAccessibleName(f"{words}: {sentence}" if sentence else words)
        self._advice.setToolTip(sentence)
        self._advice.setVisible(count > 0)
        self._advice.updateGeometry()

    def set_engine(self, text: str, token: str, reason: str = "") -> None:
        """Say what the engine does, and why where it does nothing; the dot takes the token's colour."""
        self._engine.setText(text)
        if reason != self._engine.toolTip():
            self._engine.setToolTip(reason)
        self._dot.set_token(token)

    def set_precision(self, precision: str) -> None:
        """Say in what the numbers on the screen are computed."""
        self._device.setText(f"CPU {precision}")

    def set_values(self, values: list[tuple[str, str]]) -> None:
        """Show numbers with their names."""
        while len(self._pairs) < len(values):
            pair = (Label("", "small", "tx3"), Label("", "mono-small", "tx2"))
            if self._pairs:
                self._values.addSpacing(16)
            for label in pair:
                self._values.addWidget(label)
            self._pairs.append(pair)
        for place, (name, value) in enumerate(self._pairs):
            shown = values[place] if place < len(values) else ("", "")
            name.setText(shown[0])
            words = shown[1]
            short = words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"
            value.setText(short)
            value.setToolTip(words if short != words else "")
            name.setVisible(bool(shown[0]))
            value.setVisible(bool(shown[0]))

    def set_problems(self, count: int, sentence: str = "") -> None:
        """Show how many problems there are in place of the hint."""
        self._problem.setVisible(count > 0)
        if count:
            text = tr("1 problem: fix it to start training") if count == 1 else tr(
                "{count} problems: fix them to start training", count=count
            )  # fmt: skip
            self._problem.setText(text)
            self._problem.setAccessibleName(f"{text}. {sentence}")
            self._problem.setToolTip(sentence)
            self._problem.updateGeometry()
        self._show_hint(count == 0)

    def set_hint(self, hint: Hint) -> None:
        """Show keys and what they do."""
        if hint == self._hint_parts:
            return
        self._hint_parts = hint
        while (item := self._hint.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                # Deletion waits for the event loop; until then it would be painted over the new.
                widget.hide()
                widget.deleteLater()
        for key, words in hint:
            self._hint.addWidget(Key(key))
            self._hint.addWidget(Label(words + "  ", "small", "tx3"))
        self._show_hint(self._problem.isHidden())

    def _show_hint(self, visible: bool) -> None:
        for place in range(self._hint.count()):
            item = self._hint.itemAt(place)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.setVisible(visible)


def engine_words(state: EngineState, attached: bool) -> tuple[str, str]:
    """Return what the engine is doing, and the colour to say it in."""
    if not attached or state.status == "starting":
        detail = f" {state.detail}" if state.detail else ""
        return tr("Preparing engine{detail}", detail=detail), "tx3"
    if state.finished and state.status == "paused" and state.position is not None:
        epochs = state.position.epoch
        if state.stopped:
            return tr("Stopped early after {epochs} epochs", epochs=number(epochs)), "tx"
        words = tr("Finished 1 epoch") if epochs == 1 else tr(
            "Finished {epochs} epochs", epochs=number(epochs)
        )  # fmt: skip
        return words, "tx"
    if state.status == "busy":
        return f"{state.reason or tr('Working')} · {100 * state.progress:.0f} %", "fwd"
    if state.status == "playing" and state.reverse:
        return tr("Playing backwards, {pace}", pace=pace_words(state, back=True)), "bwd"
    if state.status == "playing" and state.walks:
        return tr("Playing {pace}", pace=pace_words(state)), "fwd"
    if state.status == "paused" and state.position is not None and state.position.pc:
        return tr("Paused at op {number}", number=state.position.pc), "tx3"
    return {
        "ready": (tr("Engine ready"), "tx3"),
        "playing": (tr("Training"), "fwd"),
        "paused": (tr("Paused"), "tx3"),
        "blocked": (tr("Cannot train"), "err"),
        "diverged": (tr("Diverged"), "err"),
    }[state.status]


def figures(context: WindowContext, workspace: str) -> list[tuple[str, str]]:
    """Return the numbers of the run and of the network that matter in a workspace, with their names."""
    state, inspection = context.engine.state, context.document.inspection
    values = []
    if state.status == "playing" and not (state.walks or state.reverse):
        values.append((tr("steps/s"), number(state.steps_per_second, 1)))
    values.append((tr("parameters"), number(inspection.parameters)))
    learning = sum(row.trainable_parameters for row in inspection.rows)
    if any(layer.frozen for layer in context.document.network.layers):
        values.append((tr("of them learning"), number(learning)))
    if workspace == "build":
        values.append((tr("memory"), size(inspection.memory_bytes)))
    elif state.position is not None:
        position = state.position
        batch, rows = position.batch, context.document.training.batch_size
        if workspace == "step":
            # The step that the instructions are of, as in the top bar, and its own samples: of the last batch of an
            # epoch, and of a what-if copy, these can be fewer.
            under_way = position.under_way > position.step
            batch = batch + 1 if under_way else batch or position.batches
            latest = context.engine.latest
            rows = getattr(latest.position, "rows", rows) if latest is not None else rows
        values.append((tr("batch"), f"{batch} / {position.batches}"))
        values.append((tr("size"), number(rows)))
    return values


def usual_keys(state: EngineState) -> Hint:
    """Return the keys of the transport, for workspaces that name none of their own."""
    step = {"instruction": tr("step one instruction"), "layer": tr("step one layer"),
            "loss": tr("step to the loss"), "update": tr("step to the update"),
            "batch": tr("step one batch"), "epoch": tr("step one epoch")}[state.granularity]  # fmt: skip
    play = tr("pause") if state.status == "playing" else tr("play")
    return ((tr("Space"), play), (".", step), (",", tr("back")))

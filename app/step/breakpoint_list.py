"""The popover of breakpoints: what there is, switched on and off or deleted, and a form for another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.bus import CommandError
from app.step.breakpoint_words import OF, TESTS
from app.step.notation import PHASES
from app.step.passing import PassingPopover
from app.text import tr
from app.widgets import Button, Choice, Label, Line, NumberField, Segmented, Toggle

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.step.session import StepSession
    from app.workspace import WindowContext

WIDTH = 392


class BreakpointList(PassingPopover):
    """Breakpoints by row, and a form under them."""

    def __init__(self, anchor: QWidget, context: WindowContext, session: StepSession) -> None:
        super().__init__(
            anchor, session, name="step-breakpoint-list", title=tr("Breakpoints"), width=WIDTH
        )
        self._context = context
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        self._shown: dict[int, _Row] = {}
        self._none = Label(
            tr("None yet. Click in the margin of the tape, press F9, or set a condition here."),
            "hint", "tx3", wrap=True,
        )  # fmt: skip
        self.body.addLayout(self._rows)
        self.body.addWidget(self._none)
        self._asleep = Label("", "hint", "tx3", name="breakpoint-asleep", wrap=True)
        self.body.addWidget(self._asleep)
        self.body.addWidget(Line())
        self._kind = Segmented(
            (("condition", tr("Condition")), ("layer", tr("Layer")), ("instruction", tr("Instruction"))),
            name="breakpoint-kind", label=tr("Stop at"),
        )  # fmt: skip
        self._kind.chosen.connect(self._show_form)
        self.body.addWidget(self._kind)
        self._of = Choice(list(OF.items()), name="breakpoint-of", label=tr("What"))
        self._of.chosen.connect(self._show_form)
        self._test = Choice(list(TESTS.items()), name="breakpoint-test", label=tr("Test"))
        self._test.chosen.connect(self._show_form)
        self._value = NumberField(
            name="breakpoint-value", label=tr("Bound"), whole=False, step=1.0, width=96
        )
        self._value.set_amount(10.0)
        self._layer = Choice([], name="breakpoint-layer", label=tr("Layer"))
        self._phase = Choice(
            [("", tr("every pass"))]
            + [(key, tr(PHASES[key][1])) for key in ("forward", "backward", "update")],
            name="breakpoint-phase", label=tr("Pass"),
        )  # fmt: skip
        self._line = Label("", "body", "tx2", name="breakpoint-line", wrap=True)
        for widgets in ((self._of,), (self._test, self._value), (self._layer, self._phase)):
            row = QHBoxLayout()
            row.setSpacing(8)
            for widget in widgets:
                row.addWidget(widget)
            self.body.addLayout(row)
        self.body.addWidget(self._line)
        self._problem = Label("", "hint", "err", name="breakpoint-problem", wrap=True)
        self._problem.hide()
        self.body.addWidget(self._problem)
        row = QHBoxLayout()
        self._note = Label(
            tr("Play stops at them while Step is in front."), "hint", "tx3", wrap=True
        )
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.add = Button(tr("Add"), name="breakpoint-add", kind="primary")
        self.add.setToolTip(tr("Set this breakpoint"))
        self.add.clicked.connect(self._on_add)
        row.addWidget(self._note, 1)
        row.addWidget(self.add)
        self.body.addLayout(row)
        session.stops.changed.connect(self._show)
        session.changed.connect(self._show_line)

    def open_fresh(self) -> None:
        """Show the present breakpoints and open."""
        self._show()
        self.open()
        self._show_line()
        self.fit()

    # -- the rows

    def _show(self) -> None:
        stops = self._session.stops
        for number in [known for known in self._shown if known not in stops.items]:
            gone = self._shown.pop(number)
            self._rows.removeWidget(gone)
            # Its own button may still be at work.
            gone.setParent(None)
            gone.deleteLater()
        for number in stops.items:
            if number not in self._shown:
                self._shown[number] = _Row(number, self._try)
                self._rows.addWidget(self._shown[number])
                self._shown[number].show()
            self._shown[number].show_breakpoint(
                stops.described(number), on=stops.items[number].enabled
            )
        count = len(stops.asleep)
        self._none.setVisible(not stops.items and not count)
        self._asleep.setVisible(bool(count))
        one = tr(
            "One more waits: it comes back with what it stops at, which is not in the network now."
        )
        more = tr("{count} more wait: they come back with what they stop at, which is not in the network now.",
                  count=count)  # fmt: skip
        self._asleep.setText(one if count == 1 else more)
        self._fill_layers()
        self._show_form()
        if self.isVisible():
            self.fit()

    # -- the form

    def _fill_layers(self) -> None:
        program = self._session.program
        lines = program.instructions if program is not None else ()
        layers = list(dict.fromkeys(line.layer for line in lines if line.layer))
        if [self._layer.itemData(k) for k in range(self._layer.count())] != layers:
            self._layer.clear()
            for layer in layers:
                self._layer.addItem(layer, layer)

    def _show_form(self, _value: str = "") -> None:
        kind, of = self._kind.value, self._of.value
        condition = kind == "condition"
        rises = self._test.findData("rises")
        if condition and of == "loss" and rises < 0:
            self._test.addItem(TESTS["rises"], "rises")
            self._test.set_value("rises")
        elif of != "loss" and rises >= 0:
            self._test.removeItem(rises)
        for widget, shown in (
            (self._of, condition), (self._test, condition),
            (self._value, condition and self._test.value in ("size-above", "above", "below")),
            (self._layer, kind == "layer"), (self._phase, kind == "layer"),
        ):  # fmt: skip
            widget.setVisible(shown)
        self._show_line()
        if self.isVisible():
            self.fit()

    def _show_line(self) -> None:
        """Say which instruction or value is meant where it is the one that is looked at."""
        if self.isHidden():
            return
        session, words = self._session, ""
        line, cell = session.instruction, session.cell
        if self._kind.value == "instruction" and line is not None:
            words = tr("Before {number}: {title}", number=line.index + 1, title=line.title)
        elif self._kind.value == "condition" and self._of.value == "tensor" and cell is not None:
            info = session.reader.info(cell[0])
            symbol = info.symbol if info is not None else ""
            words = tr("The value that is looked at: {name}", name=f"{symbol}  ({cell[0]})")
        self._line.setText(words)
        self._line.setVisible(bool(words))

    def _on_add(self) -> None:
        kind = self._kind.value
        session = self._session
        fields: dict[str, Any] = {"kind": kind}
        if kind == "layer":
            fields |= {"layer": self._layer.value, "phase": self._phase.value}
        elif kind == "instruction":
            fields |= {"instruction": session.inspected}
        else:
            fields |= {"of": self._of.value, "test": self._test.value}
            if not self._value.isHidden():
                fields["value"] = self._value.value()
            if self._of.value == "tensor" and session.cell is not None:
                fields["tensor"] = session.cell[0]
        self._try("step.add_breakpoint", **fields)

    def _try(self, command: str, **arguments: Any) -> None:
        try:
            self._context.bus.do(command, **arguments)
        except CommandError as error:
            self._problem.setText(str(error))
            self._problem.show()
        else:
            self._problem.hide()
        if self.isVisible():
            self.fit()


class _Row(QWidget):
    """One breakpoint: a switch, when it stops the run, and a button that deletes it."""

    def __init__(self, number: int, do: Callable[..., None]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._switch = Toggle(name=f"breakpoint-on-{number}")
        self._switch.setToolTip(tr("Switch it off, and it is kept without stopping anything"))
        self._switch.clicked.connect(
            lambda on: do("step.change_breakpoint", number=number, enabled=bool(on))
        )
        self._label = Label("", "body", "tx", name=f"breakpoint-words-{number}", wrap=True)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._delete = Button(
            name=f"breakpoint-delete-{number}", kind="ghost", icon="x", icon_size=14, height=24
        )
        self._delete.setToolTip(tr("Delete this breakpoint"))
        self._delete.clicked.connect(lambda: do("step.remove_breakpoint", number=number))
        row.addWidget(self._switch)
        row.addWidget(self._label, 1)
        row.addWidget(self._delete)

    def show_breakpoint(self, words: str, *, on: bool) -> None:
        """Show when it stops the run, and whether it does."""
        self._switch.setChecked(on)
        self._switch.setAccessibleName(tr("Stop {when}", when=words))
        self._delete.setAccessibleName(tr("Delete: stop {when}", when=words))
        self._label.setText(words)
        self._label.set_tone("tx" if on else "tx3")

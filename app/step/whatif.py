"""What if: the commands that change numbers by hand, and the bar that says that a copy of the step is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy

from app import icons, theme
from app.arguments import Index, Place
from app.bus import CommandError
from app.document import Act, DataRef, data_info
from app.scenes.formula_expressions import format_number
from app.scenes.step_values import alias_names
from app.step.choosing import check_cell
from app.text import number, tr
from app.widgets import Button, Label
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.snapshots import WhatIfEdit, WhatIfView
    from app.step.session import StepSession
    from core.runs.keeping import Kept

# As many numbers have a button of their own in the bar.
MOST_CHIPS = 3


def known_name(session: StepSession, tensor: str) -> str:
    """Return the name under which the program has a tensor: a layer's output goes by several."""
    program = session.program
    names = program.tensors if program is not None else {}
    return next((name for name in alias_names(tensor) if name in names), tensor)


def symbol(session: StepSession, tensor: str, cell: Sequence[int]) -> str:
    """Name a number as formulas do: ``W¹[1,2]``, counted from 1, without the sample."""
    info = session.reader.info(tensor)
    name = info.symbol if info is not None and info.symbol else tensor
    own = cell[1:] if info is not None and info.batch else cell
    return f"{name}[{','.join(str(k + 1) for k in own)}]" if own else name


class WhatIfCommands:
    """Handlers of ``step.edit`` and ``step.whatif_*``: numbers and samples of a copy of the step.

    The engine answers later; what it refuses is shown as a sentence.
    """

    def __init__(self, session: StepSession) -> None:
        self._session = session
        self._context = session.context
        for name, handler, label in (
            ("step.edit", self.edit, tr("Change a number by hand")),
            ("step.whatif_take_back", self.take_back, tr("Take a number back")),
            ("step.whatif_discard", self.discard, tr("Discard the what-if copy")),
            ("step.whatif_keep", self.keep, tr("Keep the changed weights")),
            ("step.whatif_sample", self.sample, tr("Step a sample")),
            ("step.whatif_typed", self.typed, tr("Step a sample typed in")),
        ):
            if not self._context.bus.knows(name):
                self._context.bus.register(name, handler, label=label)

    def edit(self, tensor: str, cells: list[Index], values: list[float]) -> None:
        """Put numbers into cells of a tensor, which count the sample first where there is one."""
        if not cells or len(cells) != len(values):
            raise CommandError(
                tr("A number is needed for each cell: there are {cells} cells and {values} numbers.",
                   cells=len(cells), values=len(values))
            )  # fmt: skip
        for cell in cells:
            check_cell(self._context, tensor, cell, full=True)
        self._ask(
            "whatif_edit", "step.edited", tensor=known_name(self._session, tensor),
            cells=[tuple(cell) for cell in cells], values=values,
        )  # fmt: skip

    def take_back(self, tensor: str, cell: Index) -> None:
        """Let a number be what it was."""
        check_cell(self._context, tensor, cell, full=True)
        self._ask("whatif_take_back", "step.whatif-taken-back", tensor=tensor, cell=tuple(cell))

    def discard(self) -> None:
        """Show the run again."""
        self._ask("whatif_discard", "step.whatif-discarded")

    def sample(self, data: str, part: Literal["train", "validation"], index: Place) -> None:
        """Make the batch of one sample of a data set; an empty name is the run's own."""
        if data and data_info(DataRef(data)) is None:
            raise CommandError(tr("There is no data set called {name!r}.", name=data))
        self._ask("whatif_sample", "step.whatif-sampled", data=data, part=part, index=index)

    def typed(self, inputs: list[list[float]], targets: list[list[float]]) -> None:
        """Make the batch of numbers typed in."""
        self._ask("whatif_typed", "step.whatif-typed", inputs=inputs, targets=targets)

    def keep(self) -> None:
        """Put the weights into the run, as an edit that can be undone."""
        context = self._context

        def done(kept: Kept) -> None:
            act = Act(self._putting(kept.before), self._putting(kept.cells))
            names = ", ".join(
                dict.fromkeys(symbol(self._session, name, cell) for _, name, cell, _ in kept.cells)
            )
            context.document.record(tr("Change {names}", names=names), act)
            context.document.mark_unsaved()
            context.bus.emit("step.whatif-kept", cells=len(kept.cells))

        context.engine.ask("whatif_keep", done=done)

    def _putting(self, cells: Any) -> Callable[[], object]:
        return lambda: self._context.engine.ask("whatif_put", done=lambda _: None, cells=cells)

    def _ask(self, question: str, event: str, **values: Any) -> None:
        bus = self._context.bus
        told = {k: v for k, v in values.items() if isinstance(v, str | int)}
        self._context.engine.catch_up()
        self._context.engine.ask(question, done=lambda _: bus.emit(event, **told), **values)


class WhatIfBar(QFrame):
    """Says that a copy of the step is shown, with what was put in and what it does to the loss."""

    def __init__(self, session: StepSession) -> None:
        super().__init__()
        self.setObjectName("step-whatif")
        self._session = session
        self._shown: Any = None
        self.setFixedHeight(40)
        row = QHBoxLayout(self)
        row.setContentsMargins(40, 0, 8, 0)
        row.setSpacing(8)
        self._title = Label(tr("What if"), "header", "tx")
        self._title.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._text = Label("", "label", "tx2", name="step-whatif-text")
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._chips: list[Button] = []
        self._edits = 0
        self.keep = Button(tr("Keep"), name="step-whatif-keep", kind="normal")
        self.keep.setToolTip(
            tr(
                "Put the changed weights into the run. Undo brings the old ones back to the last bit."
            )
        )
        self.discard = Button(tr("Discard"), name="step-whatif-discard", kind="normal")
        self.discard.setToolTip(tr("Back to the run, which knows nothing of this copy"))
        row.addWidget(self._title)
        row.addWidget(self._text, 1)
        row.addWidget(self.keep)
        row.addWidget(self.discard)
        self._row = row
        self.keep.clicked.connect(lambda: session.context.do("step.whatif_keep"))
        self.discard.clicked.connect(lambda: session.context.do("step.whatif_discard"))
        session.changed.connect(self._on_changed)
        self.hide()

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 40)

    @property
    def text(self) -> str:
        """What the bar says, in one line."""
        return self._text.toolTip()

    def _on_changed(self) -> None:
        session = self._session
        whatif = session.snapshot.whatif if session.snapshot is not None else None
        key = whatif and (whatif.step, whatif.edits, whatif.sample, whatif.loss)
        if key == self._shown:
            return
        self._shown = key
        if whatif is None:
            self.hide()
            return
        words, self._edits = self._words(whatif), len(whatif.edits)
        self._text.setToolTip(words)
        self.setAccessibleName(tr("What if: {words}", words=words))
        self.setToolTip(
            tr("These are numbers of a copy of this step. Step goes on in the copy, to its end; Play leaves it.")
        )  # fmt: skip
        self.keep.setVisible(any(edit.keeps for edit in whatif.edits))
        self._show_chips(whatif)
        self.show()
        self._row.activate()
        self._cut()

    def _words(self, whatif: WhatIfView) -> str:
        parts = []
        if whatif.loss is not None:
            before, after = (format_number(v, 4) for v in whatif.loss)
            # Without numbers of its own the copy has nothing to compare with.
            parts.append(
                tr("loss {before} → {after}", before=before, after=after)
                if whatif.edits else tr("loss {after}", after=after)
            )  # fmt: skip
        # What counts most comes first: in a narrow window the end is cut.
        if len(whatif.edits) > 1:
            parts.append(tr("{count} numbers changed", count=len(whatif.edits)))
        if whatif.sample:
            parts.append(whatif.sample)
        parts.append(tr("a copy of step {step}", step=f"{whatif.step + 1:,}"))
        parts += [self._short(edit) for edit in whatif.edits[:12]]
        return "  ·  ".join(parts)

    def _cut(self) -> None:
        """Show as much of the words as there is room for: what every chip says is not said again."""
        room = self._text.width()
        metrics = self._text.fontMetrics()
        words = self.text
        if self._chips and len(self._chips) == self._edits:
            words = "  ·  ".join(words.split("  ·  ")[: -self._edits])
        self._text.setText(metrics.elidedText(words, Qt.TextElideMode.ElideRight, room))

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._cut()
        return done

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        whatif = self._session.snapshot.whatif if self._session.snapshot is not None else None
        if whatif is not None and event.size().width() != event.oldSize().width():
            self._show_chips(whatif)
        self._row.activate()
        self._cut()

    def _show_chips(self, whatif: WhatIfView) -> None:
        for chip in self._chips:
            self._row.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self._chips = []
        loss = self.text.partition("  ")[0]
        room = self.width() - 48 - sum(
            w.sizeHint().width() + 8 for w in (self._title, self.discard, self.keep)
        )  # fmt: skip
        room -= self._text.fontMetrics().horizontalAdvance(loss) + 16
        for place in reversed(range(len(whatif.edits))):
            edit = whatif.edits[place]
            chip = Button(self._short(edit), name=f"step-whatif-edit-{place}", kind="ghost", icon="x",
                          icon_size=12)  # fmt: skip
            chip.setAccessibleName(tr("Take back {edit}", edit=self._short(edit)))
            chip.setToolTip(tr("Take this number back"))
            chip.clicked.connect(
                partial(self._session.context.do, "step.whatif_take_back", tensor=edit.tensor,
                        cell=list(edit.cell))
            )  # fmt: skip
            room -= chip.sizeHint().width() + 8
            if room < 0 or len(self._chips) == MOST_CHIPS:
                # The newest have one; the loss is what it is all about, and the tooltip tells the rest.
                chip.deleteLater()
                return
            self._row.insertWidget(1, chip)
            self._chips.append(chip)

    def _short(self, edit: WhatIfEdit) -> str:
        name = symbol(self._session, edit.tensor, edit.cell)
        before, value = (number(float(f"{v:.3g}")) for v in (edit.before, edit.value))
        return f"{name} {before} → {value}"

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colors.bg2)
        painter.fillRect(0, 0, 3, self.height(), colors.loss)
        painter.fillRect(0, self.height() - 1, self.width(), 1, colors.line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        icons.paint(painter, "pencil", colors.loss, QRectF(14, (self.height() - 16) / 2, 16, 16))

"""One weight's story in the Step workspace: its curves, where the run stands on them, and the samples of the batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QToolTip, QWidget

from app import theme as themes
from app.arguments import Index
from app.bus import CommandError
from app.scenes import draw
from app.scenes import story as scene
from app.scenes.story_film import Weight, first_weight, letters_of, trained
from app.step.choosing import check_cell
from app.step.picture import Picture
from app.text import number, tr
from app.widgets import Button, Choice, ProgressLine
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QHideEvent,
        QImage,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QResizeEvent,
        QShowEvent,
    )

    from app.step.session import StepSession
    from core.runs.each_sample import SampleGradients
    from core.runs.story import Story

#: What the engine is doing when nothing is in its way.
_IDLE = ("ready", "paused", "diverged")


def nothing_yet(story: Story | None) -> str:
    """Say why there is no curve: no step was taken, or none since the network was changed."""
    if story is not None and story.first > 0:
        return tr(
            "No step was taken since the network was changed at step {step}; every step adds a point here.",
            step=f"{story.first:,}",
        )
    return tr("No step was taken yet; every step adds a point here.")


class StoryView(Picture):
    """Value, gradient and update of one weight over all steps; a click goes to a step, a bar shows its sample."""

    def __init__(self, session: StepSession) -> None:
        super().__init__(session, "step-story", tr("A weight's story"))
        self._chosen: Weight | None = None
        self._serial = -1
        self.story: Story | None = None
        self.samples: SampleGradients | None = None
        self._samples_of: Any = None
        self._told_at: Any = None
        self._tickets: dict[str, int] = {}
        self.problem = ""
        self._hover_step: int | None = None
        #: Where the arrow keys are; the mouse takes over when it comes to a step.
        self._key_step: int | None = None
        self._hover_row: int | None = None
        self._picture: tuple[Any, QImage] | None = None
        self._progress = ProgressLine(name="step-story-progress", parent=self)
        self.weights = Choice([], name="step-story-weight", label=tr("Weight"), width=148)
        self.weights.setToolTip(
            tr("Whose story is told; arrow keys in the picture choose its cell")
        )
        self.weights.chosen.connect(self._on_weight)
        self.cancel = Button(tr("Stop"), name="step-story-cancel", kind="ghost", icon="x")
        self.cancel.setToolTip(tr("Stop going through the steps of the run"))
        self.cancel.clicked.connect(self._stop)
        self.cancel.hide()
        self._beside: QWidget | None = None
        bus = session.context.bus
        if not bus.knows("step.story"):
            bus.register("step.story", self.choose, label=tr("A weight's story"))
        session.changed.connect(self._on_changed)
        session.context.engine.progressed.connect(self._on_progress)
        session.context.theme_changed.connect(self.update)

    def controls(self) -> QWidget:
        """What stands beside the choice of views."""
        if self._beside is None:
            self._beside = QWidget()
            self._beside.setProperty("clear", True)
            row = QHBoxLayout(self._beside)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
            row.addWidget(self.cancel)
            row.addWidget(self.weights)
        return self._beside

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 240)

    # -- which weight

    @property
    def weight(self) -> Weight | None:
        """The weight whose story is told: the one looked at last, at first the first."""
        session = self._session
        known = trained(session.program)
        cell = session.cell
        if cell is not None and session.program is not None:
            name = cell[0].removeprefix("grad/")
            if name in known and len(cell[1]) == len(session.program.tensors[name].shape):
                self._chosen = (name, cell[1])
        if self._chosen is None or self._chosen[0] not in known:
            self._chosen = first_weight(session.program)
        return self._chosen

    def choose(self, weight: str, cell: Index) -> None:
        """Tell the story of another weight."""
        known = trained(self._session.program)
        if self._session.program is None:
            raise CommandError(tr("The network is being prepared. Try again in a moment."))
        if weight not in known:
            raise CommandError(
                tr("{name} is not a weight that is trained; there are {known}.", name=repr(weight),
                   known=", ".join(known))
            )  # fmt: skip
        check_cell(self._session.context, weight, cell, full=True)
        self._session.select_cell(weight, tuple(cell))

    def _on_weight(self, name: str) -> None:
        program = self._session.program
        if program is not None and name in program.tensors:
            cell = [0] * len(program.tensors[name].shape)
            self._session.context.bus.do("step.story", weight=name, cell=cell)

    @property
    def symbol(self) -> str:
        """The weight in letters, for the formula layout: ``w¹_{12}``."""
        return letters_of(self._session.program, self.weight)

    def filmed(self) -> tuple[str, dict[str, Any]]:
        """Return the scene that films this weight, and its switches."""
        weight = self.weight
        named = {"tensor": weight[0], "cell": list(weight[1])} if weight is not None else {}
        return "story", named | {"row": self._session.row}

    @property
    def spoken(self) -> str:
        """The weight as one says it: dense_1/kernel [1, 2]."""
        weight = self.weight
        if weight is None:
            return tr("no weight")
        return f"{weight[0]} [{', '.join(str(k + 1) for k in weight[1])}]"

    # -- asking

    def _on_changed(self) -> None:
        if not self.isVisible():
            return
        session = self._session
        program = session.program
        if program is not None and program.serial != self._serial:
            self._serial = program.serial
            self._forget()
            names = trained(program)
            self.weights.clear()
            for name, symbol in names.items():
                self.weights.addItem(f"{symbol}  {name}", name)
        weight = self.weight
        if weight is not None:
            self.weights.set_value(weight[0])
        self._ask()
        self._tell()
        self.update()

    def _forget(self) -> None:
        self._stop()
        self.story = self.samples = self._samples_of = self._told_at = None
        self.problem = ""

    def _ask(self) -> None:
        """Ask for what is missing, unless the run moves."""
        session, weight = self._session, self.weight
        snapshot = session.snapshot
        if weight is None or snapshot is None or session.running:
            return
        if session.context.engine.state.status not in _IDLE:
            return
        story = self.story
        if story is not None and (story.weight, story.cell) != weight:
            story = self.story = None
        told = (self._serial, weight, snapshot.position.step)
        if told != self._told_at:
            self._told_at = told
            known = {"known": story.past, "until": story.last} if story is not None else {}
            self._put("story", self._on_story, weight=weight[0], cell=weight[1], **known)
        of = (self._serial, weight, session.step_shown)
        if of != self._samples_of:
            self._samples_of = of
            self._put("sample_gradients", self._on_samples, weight=weight[0], cell=weight[1])

    def _put(self, question: str, done: Any, **values: Any) -> None:
        engine = self._session.context.engine
        if question in self._tickets:
            engine.cancel(self._tickets.pop(question))

        def answered(answer: Any) -> None:
            self._tickets.pop(question, None)
            self.problem = ""
            done(answer)

        def failed(sentence: str) -> None:
            self._tickets.pop(question, None)
            self.problem = sentence
            self._settle()

        self._tickets[question] = engine.ask(question, done=answered, failed=failed, **values)

    def _on_story(self, answer: Story) -> None:
        before = self.story
        goes_on = before is not None and answer.first == before.last and len(before) > 0
        if before is not None and goes_on:
            self.story = before.then(answer) if len(answer) else before
        else:
            self.story = answer
        self._settle()

    def _on_samples(self, answer: SampleGradients) -> None:
        self.samples = answer
        self._settle()

    def _settle(self) -> None:
        if "story" not in self._tickets:
            self._progress.set_share(None)
            self.cancel.hide()
        self._tell()
        self.update()

    @Slot(int, float)
    def _on_progress(self, ticket: int, share: float) -> None:
        if ticket == self._tickets.get("story"):
            self._progress.set_share(share)
            self.cancel.setVisible(share < 1)

    @Slot()
    def _stop(self) -> None:
        """Leave out what is being asked for; the next change of step asks again."""
        for ticket in self._tickets.values():
            self._session.context.engine.cancel(ticket)
        self._tickets.clear()
        self._progress.set_share(None)
        self.cancel.hide()

    def _tell(self) -> None:
        """Say in words what the picture shows."""
        shown = scene.at_step(self.story, self.step) if self.story is not None else None
        if shown is None:
            self.setAccessibleDescription(self.spoken)
            return
        words = [
            tr("{weight} after step {step}: {value}",
               weight=self.spoken, step=number(self.step), value=scene.short(shown[0]))
        ]  # fmt: skip
        if shown[1] is not None and shown[2] is not None:
            gradient, update = scene.short(shown[1]), scene.short(shown[2])
            words.append(
                tr("gradient {gradient}, update {update}", gradient=gradient, update=update)
            )
        if self.samples is not None:
            words.append(scene.sentence(self.samples))
        self.setAccessibleDescription("; ".join(words))

    # -- painting

    @property
    def step(self) -> int:
        """How many steps are done where the run stands."""
        snapshot = self._session.snapshot
        return snapshot.position.step if snapshot is not None else 0

    @property
    def where(self) -> scene.StoryLayout:
        """Where everything stands."""
        rows = len(self.samples.shares) if self.samples is not None else 0
        return scene.layout((float(self.width()), float(self.height())), rows)

    @property
    def _by_hand(self) -> bool:
        """Whether the rest of the window shows numbers of a what-if copy: a story is of the run."""
        snapshot = self._session.snapshot
        return snapshot is not None and snapshot.whatif is not None

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colors = themes.current()
        painter.fillRect(self.rect(), colors.bg0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place, story = self.where, self.story
        if self.weight is None or (story is None and not self.problem and not self._tickets):
            words = tr("Press Step: the story of a weight begins with its first update.")
            self.say(painter, colors, words)
            return
        if story is not None and len(story):
            draw.blit(painter, 0, 0, self._charts(place, story, colors))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        elif self.problem or story is not None:
            words = self.problem or nothing_yet(story)
            middle = self.width() / 2
            draw.text(painter, middle, place.charts[1].top, words, 13, colors.tx2, anchor="middle")
        at = self._hover_step if self._hover_step is not None else self._key_step
        scene.marks(painter, place, colors, story, self.symbol, self.step, at)
        aside = tr("of the run, without what is put in by hand") if self._by_hand else ""
        row = self._session.row
        scene.bars(painter, place, colors, self.samples, row, self._hover_row, aside)

    def _charts(self, place: scene.StoryLayout, story: Story, colors: themes.Theme) -> QImage:
        """The curves as an image: it stays until a step is added."""
        ratio = self.devicePixelRatioF()
        key = (id(story), place.size, place.charts, colors.name, ratio)
        if self._picture is None or self._picture[0] != key:
            image = draw.canvas(*place.size, ratio, colors.bg0)
            with draw.painting(image, place.size) as inner:
                scene.charts(inner, place, colors, story)
            self._picture = (key, image)
        return self._picture[1]

    # -- events

    def showEvent(self, event: QShowEvent) -> None:
        self._on_changed()

    def hideEvent(self, event: QHideEvent) -> None:
        self._stop()
        self._told_at = self._samples_of = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._progress.setGeometry(0, 0, self.width(), 2)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        hit = self.where.hits.at(at.x(), at.y())
        step = row = None
        if hit is not None and hit.kind == "sample" and self.samples is not None:
            row = hit.index[0]
            QToolTip.showText(event.globalPosition().toPoint(), self._about_sample(row), self)
        else:
            QToolTip.hideText()
        if self.story is not None and hit is not None and hit.kind == "chart":
            step = scene.step_at(self.where, self.story, at.x())
            if event.buttons() & Qt.MouseButton.LeftButton and step is not None:
                self._go(step)
        pointing = step is not None or row is not None
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if pointing else Qt.CursorShape.ArrowCursor
        )
        if step is not None:
            self._key_step = None
        if (step, row) != (self._hover_step, self._hover_row):
            self._hover_step, self._hover_row = step, row
            self.update()

    def _about_sample(self, row: int) -> str:
        found = self.samples
        assert found is not None
        lines = [
            tr(
                "Sample {row} of the batch, no. {index} of the data",
                row=row + 1,
                index=number(int(found.samples[row]) + 1),
            ),
            tr("adds {share} to the gradient", share=scene.short(float(found.shares[row]))),
        ]
        towards = float(found.towards[row])
        if math.isfinite(towards):
            degrees = math.degrees(math.acos(max(-1.0, min(1.0, towards))))
            lines.append(
                tr("Its gradient of the whole weight stands at {degrees}° to the batch's", degrees=f"{degrees:.0f}")
            )  # fmt: skip
        return "\n".join(lines)

    def leaveEvent(self, event: object) -> None:
        self._hover_step = self._hover_row = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        at = event.position()
        hit = self.where.hits.at(at.x(), at.y())
        if hit is None:
            return
        if hit.kind == "sample":
            self._session.context.do("select.row", row=hit.index[0])
        elif (
            self.story is not None
            and (step := scene.step_at(self.where, self.story, at.x())) is not None
        ):
            self._go(step)

    def _go(self, step: int) -> None:
        if step != self.step or (self._session.snapshot and self._session.snapshot.position.pc):
            self._session.context.do("run.seek", step=step, pc=0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, story = Qt.Key(event.key()), self.story
        far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        along = {Qt.Key.Key_Right: far, Qt.Key.Key_Left: -far}
        weight = self.weight
        if key in along and story is not None:
            begin = self._key_step if self._key_step is not None else self.step
            self._key_step = min(max(begin + along[key], story.first), story.last)
            self.update()
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and story is not None:
            self._key_step = story.first if key == Qt.Key.Key_Home else story.last
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._key_step is not None:
            self._go(self._key_step)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and weight is not None and weight[1]:
            self._move(weight, 1 if key == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)

    def _move(self, weight: Weight, by: int) -> None:
        """Go to the cell before or after this one, in the order in which they lie in memory."""
        assert self._session.program is not None
        shape = self._session.program.tensors[weight[0]].shape
        flat = 0
        for k, n in zip(weight[1], shape, strict=True):
            flat = flat * n + k
        flat = min(max(flat + by, 0), math.prod(shape) - 1)
        cell: list[int] = []
        for n in reversed(shape):
            flat, k = divmod(flat, n)
            cell.insert(0, k)
        self._session.context.do("step.story", weight=weight[0], cell=cell)

"""The popover that adds racers: every kind with its marker and one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.scenes import draw
from app.scenes.race_looks import look_of, paint_marker
from app.text import tr
from app.widgets import Button, Control, Label, Popover
from app.widgets.guarded import guarded
from core.landscape.race import KINDS, MOST_RACERS, Kind

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession

_HIGH = 44


class KindButton(Control):
    """A kind of racer: its marker, its name, and what is special about it.

    Parameters
    ----------
    kind
        Which.
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.kind = kind
        self.setObjectName(f"race-add-{kind.name}")
        self.setAccessibleName(tr("Add {name}", name=tr(kind.title)))
        self.note = ""
        self.show_note(tr(kind.note))
        self.setFixedHeight(_HIGH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.count = 0

    def show_count(self, count: int) -> None:
        """Tell how many of the kind there are already."""
        if count != self.count:
            self.count = count
            self.update()

    def show_note(self, note: str) -> None:
        """Tell what is special about the kind."""
        if note != self.note:
            self.note = note
            self.setAccessibleDescription(note)
            self.setToolTip(note)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, _HIGH)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors = theme.current()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if not self.isEnabled():
                painter.setOpacity(0.45)
            if self.hovered or self.isDown():
                box = QRectF(self.rect())
                draw.fill(painter, box.x(), box.y(), box.width(), box.height(), colors.bg3, 6)
            paint_marker(painter, look_of(self.kind.name), colors, QPointF(16, 15), 11)
            right = self.width() - 8.0
            if self.count:
                words = tr("{count} in the race", count=self.count)
                right -= draw.text(painter, right, 19, words, 11, colors.tx3, anchor="end") + 8
            title = draw.elide(tr(self.kind.title), 13, right - 34, 500)
            draw.text(painter, 34, 19, title, 13, colors.tx, weight=500)
            note = draw.elide(self.note, 11.5, self.width() - 42.0)
            draw.text(painter, 34, 36, note, 11.5, colors.tx2)
        finally:
            painter.end()


class AddRacers(Popover):
    """See the module's text.

    Parameters
    ----------
    anchor
        The button it opens under.
    session
        Whose race it is.
    on_network
        Whether it is opened beside the race on the network, where all take the same batches.
    """

    def __init__(self, anchor: QWidget, session: RaceSession, *, on_network: bool = False) -> None:
        super().__init__(anchor, name="race-adding", title=tr("Add a racer"), width=440)
        self._session, self._on_network = session, on_network
        self.all = Button(
            tr("Add all that are not in the race"), name="race-add-all", kind="normal"
        )
        self.all.clicked.connect(lambda: session.context.do("race.add_all"))
        self.body.addWidget(self.all)
        self._note = Label("", "hint", "tx3", name="race-adding-note", wrap=True)
        self.body.addWidget(self._note)
        self.kinds = {kind.name: KindButton(kind) for kind in KINDS}
        self.body.setSpacing(4)
        for name, button in self.kinds.items():
            button.clicked.connect(lambda _=False, n=name: session.context.do("race.add", kind=n))
            self.body.addWidget(button)
        session.racers_changed.connect(self._follow)
        session.paths_changed.connect(self._follow)
        self._show()

    def open(self) -> None:
        self._show()
        super().open()

    def _follow(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        racers = self._session.race.racers
        counts = {name: sum(one.kind == name for one in racers) for name in self.kinds}
        full = len(racers) >= MOST_RACERS
        surface = self._session.surface
        whole = surface is not None and surface.samples is None
        for name, button in self.kinds.items():
            button.show_count(counts[name])
            note = tr(button.kind.note)
            if button.kind.batch_size is not None and self._on_network:
                note = tr("Here as batch gradient descent: all take the same batches.")  # fmt: skip
            elif button.kind.batch_size is not None and whole:
                note = tr("Here the same as batch gradient descent: only regressions have samples.")
            button.show_note(note)
            button.setEnabled(not full)
        missing = sum(not count for count in counts.values())
        room = MOST_RACERS - len(racers)
        self.all.setEnabled(0 < missing <= room)
        self._note.setVisible(full or missing > room or not missing)
        self._note.setText(
            tr("A race has at most {most} racers. Take one out first.", most=MOST_RACERS) if full or missing > room
            else tr("Every kind is in the race. A second one of a kind can have other settings.")
        )  # fmt: skip

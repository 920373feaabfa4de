"""One racer opened: every term of its next update with its numbers, one of them written out, and its main settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.optimizers import seeing
from app.optimizers.racer_sliders import RacerSliders
from app.optimizers.term_numbers import TermNumbers
from app.optimizers.term_table import TermTable
from app.panels import PanelKind
from app.scenes import draw, race_arrows
from app.scenes.race_update import RAW, STEP, Update
from app.text import tr
from app.widgets import Label, ScrollPanel, Toggle
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.theme import Theme


class TermsPanel(ScrollPanel):
    """See the module's text.

    Parameters
    ----------
    session
        What the panels share.
    """

    def __init__(self, session: RaceSession) -> None:
        # What is written out is higher or lower by how wide it is.
        super().__init__(name="race-terms-panel", steady=True)
        self._session = session
        self.measures, self.table = Measures(session), TermTable(session)
        self.numbers, self.sliders = TermNumbers(session), RacerSliders(session)
        self.switches = _Switches(session)
        for widget in (self.measures, self.table, self.numbers, self.switches, self.sliders):
            self.body.addWidget(widget)
        self.body.addStretch(1)
        #: The update that was shown last, by turn.
        self._seen: dict[int, Update | None] = {}
        for signal in (session.moved, session.paths_changed, session.playing_changed):
            signal.connect(self._follow)
        session.racers_changed.connect(self._on_racers)
        session.chosen.connect(self._on_race)
        session.context.theme_changed.connect(self._on_theme)

    def set_compact(self, level: int) -> None:
        """Take less room in small windows."""
        for widget in (self.measures, self.table, self.numbers, self.sliders, self.switches):
            widget.set_compact(level)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._on_race()

    def _follow(self) -> None:
        session = self._session
        if not self.isVisible():
            return
        # In two turns: all of it in one frame is too much. Between two steps nothing is another.
        for turn, widgets in ((1, (self.measures, self.table)), (2, (self.numbers,))):
            if session.due(turn):
                update = seeing.update_of(session)
                if not (session.playing and self._seen.get(turn) is update):
                    self._seen[turn] = update
                    for widget in widgets:
                        widget.follow()

    def _on_racers(self) -> None:
        """Show what racers are set to at once; their numbers are others when they have raced."""
        if self.isVisible():
            self.sliders.follow()
            if seeing.update_of(self._session) is not self._seen.get(1):
                self._on_race()

    def _on_race(self) -> None:
        if self.isVisible():
            self.sliders.follow()
            self.switches.follow()
            for widget in (self.measures, self.table, self.numbers):
                widget.follow()

    def _on_theme(self) -> None:
        self._on_race()
        for widget in (self.measures, self.table, self.numbers):
            widget.update()


class Measures(Painted):
    """Loss, length of the gradient and of the step.

    Parameters
    ----------
    session
        Whose racer it is.
    """

    ground, opaque = "bg1", True

    def __init__(self, session: RaceSession) -> None:
        super().__init__(
            "race-measures", tr("Loss, gradient and step"), focus=Qt.FocusPolicy.NoFocus, tracking=False,
            down=QSizePolicy.Policy.Fixed,
        )  # fmt: skip
        self._session = session
        self._edge = 16
        #: What is shown: the name of the gradient, and the numbers.
        self._said = (self._gradient, self.values)
        self.setFixedHeight(64)
        self.setToolTip(
            tr(
                "The loss of all samples, how long the gradient is as it is measured, and how long the step is"
            )
        )

    def set_compact(self, level: int) -> None:
        """Take less room in small windows."""
        self._edge = (16, 14, 12)[level]
        self.setFixedHeight((64, 60, 56)[level])

    @property
    def values(self) -> tuple[str, str, str]:
        """What is shown."""
        update = seeing.update_of(self._session)
        if update is None:
            return ("–", "–", "–")
        if update.gone:
            return (tr("gone"), "–", "–")
        step = "–" if update.last else measured(update.length(STEP))
        return measured(update.loss), measured(update.length(RAW)), step

    @property
    def _gradient(self) -> str:
        """What the measured gradient is called in the terms below."""
        update = seeing.update_of(self._session)
        return "|g|" if update is None or not update.optimizer.clipping else "|g₀|"

    def follow(self) -> None:
        """Show another moment, if its words are other ones."""
        said = (self._gradient, self.values)
        if said != self._said:
            self._said = said
            self.update()

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        gradient, values = self._said
        third = (self.width() - 2 * self._edge) / 3
        inks = (colors.loss, colors.tx, colors.tx)
        top = (self.height() - 44) / 2
        for k, (name, value, ink) in enumerate(
            zip((tr("Loss"), gradient, "|Δθ|"), values, inks, strict=True)
        ):
            x = self._edge + third * k
            draw.text(painter, x, top + 11, name, 12, colors.tx2, mono=k > 0)
            shown = draw.elide(value, 18, third - 6, 500, True)
            draw.text(painter, x, top + 36, shown, 18, ink, weight=500, mono=True)
        draw.fill(painter, 0, self.height() - 1, self.width(), 1, colors.line)


class _Switches(QWidget):
    """What the map shows at the racer."""

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self._session = session
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 8, 16, 0)
        self._row.setSpacing(6)
        self.toggles: dict[str, Toggle] = {}
        for name, words, tip in (
            (race_arrows.ARROWS, tr("Arrows"), tr("Gradient, momentum and step as arrows at the racer")),
            (race_arrows.TO_SCALE, tr("To scale"), tr("Arrows as long as their moves, instead of only pointing")),
            (race_arrows.SQUARES, tr("Squares"),
             tr("What the step is divided by as an area, and the rate of each axis, beside the racer")),
        ):  # fmt: skip
            toggle = Toggle(name=f"race-show-{name.replace('_', '-')}", label=words)
            toggle.setToolTip(tip)
            toggle.toggled.connect(lambda on, name=name: self._show(name, on))
            label = Label(words, "label", "tx2")
            label.setToolTip(tip)
            self._row.addWidget(toggle)
            self._row.addWidget(label)
            self._row.addStretch(1)
            self.toggles[name] = toggle
        self.follow()

    def set_compact(self, level: int) -> None:
        """Take less room in small windows."""
        edge = (16, 14, 12)[level]
        self._row.setContentsMargins(edge, 8, edge, 0)
        self._row.setSpacing((6, 5, 2)[level])

    def follow(self) -> None:
        """Show how they stand."""
        shown = self._session.toggles
        for name, toggle in self.toggles.items():
            if toggle.isChecked() != bool(shown.get(name)):
                toggle.blockSignals(True)
                toggle.setChecked(bool(shown.get(name)))
                toggle.blockSignals(False)
                toggle.update()
        for name in (race_arrows.TO_SCALE, race_arrows.SQUARES):
            self.toggles[name].setEnabled(bool(shown.get(race_arrows.ARROWS)))

    def _show(self, name: str, on: bool) -> None:
        self._session.context.do("race.show", name=name, value=on)


def measured(value: float) -> str:
    """Return a loss or a length as it is shown large: three figures that count."""
    size = abs(value)
    if size and (size < 0.001 or not size < 1e5):
        return draw.scientific(value)
    digits = 3 if size >= 0.1 else 4
    return draw.plain(value, digits if size < 100 else 1)


PANEL = PanelKind(
    "terms",
    "terms",
    tr("Terms"),
    tr("Every term of the next update, with its numbers"),
    10,
    TermsPanel,
)

"""The popover of the race itself: how long it is, the seed of its batches, its finish line, the order of the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from app.scenes.race_numbers import loss_text, numbers_of
from app.text import tr
from app.widgets import Choice, Label, NumberField, Toggle
from app.window.forms import Form, row
from core.landscape.race import MOST_STEPS

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession


class RaceSettings(Form):
    """See the module's text.

    Parameters
    ----------
    anchor
        The button it opens under.
    session
        Whose race it is.
    """

    def __init__(self, anchor: QWidget, session: RaceSession) -> None:
        super().__init__(anchor, session.context, name="race-form", title=tr("The race"))
        self._session = session
        self.steps = self._field(
            "race-steps", tr("Steps"), tr("How many steps each racer takes"),
            lambda value: self._try("race.steps", value=int(value)), maximum=MOST_STEPS,
        )  # fmt: skip
        self.steps.setSingleStep(10)
        tip = tr(
            "On surfaces made of samples: which samples each step sees. All racers that take as many in a step see "
            "the same ones."
        )
        self.seed = self._field(
            "race-seed", tr("Seed of the batches"), tip, lambda value: self._try("race.seed", value=int(value)),
            minimum=0,
        )  # fmt: skip
        self.usual = Toggle(name="race-finish-usual", label=tr("Usual finish line"))
        self.usual.clicked.connect(self._set_usual)
        tip = tr("99 % of the way from the start's loss down to the lowest")
        self._rows.addLayout(row(tr("Usual finish line"), self.usual, tip=tip))
        self.finish = NumberField(
            name="race-finish", label=tr("Finish at a loss of"), whole=False, step=0.1, width=104
        )
        self.finish.entered.connect(self._set_finish)
        tip = tr("A racer finishes at its first step with this loss or a smaller one")
        self._rows.addLayout(row(tr("Finish at a loss of"), self.finish, tip=tip))
        self.note = Label("", "hint", "tx3", name="race-finish-note", wrap=True)
        self._rows.addWidget(self.note)
        self.order = Choice(
            [("loss", tr("By loss")), ("race", tr("As they were added"))], name="race-order",
            label=tr("Order of the list"), width=168,
        )  # fmt: skip
        self.order.chosen.connect(lambda value: self._try("race.show", name="order", value=value))
        self._rows.addLayout(row(tr("Order of the list"), self.order))
        for signal in (session.paths_changed, session.chosen):
            signal.connect(self._follow)

    def open(self) -> None:
        self._problem.hide()
        self._show()
        super().open()

    def _field(
        self, name: str, label: str, tip: str, changed: Any, *, minimum: float = 1, maximum: float = 2**31 - 1
    ) -> NumberField:  # fmt: skip
        found = NumberField(name=name, label=label, minimum=minimum, maximum=maximum, width=104)
        found.entered.connect(changed)
        self._rows.addLayout(row(label, found, tip=tip))
        return found

    def _set_usual(self) -> None:
        usual = self._usual()
        if self.usual.isChecked():
            self._try("race.show", name="finish", value=None)
        else:
            self._try("race.show", name="finish", value=usual if usual is not None else 0.0)

    def _set_finish(self, value: float) -> None:
        self._try("race.show", name="finish", value=float(value))

    def _usual(self) -> float | None:
        answer = self._session.answer
        return None if answer is None else numbers_of(answer).finish_line()

    def _show(self) -> None:
        race, wanted = self._session.race, self._session.toggles["finish"]
        self.steps.set_amount(race.steps)
        self.seed.set_amount(race.seed)
        usual = self._usual()
        self.usual.setChecked(wanted is None)
        self.finish.set_amount(float(usual or 0.0) if wanted is None else float(wanted))
        self.order.set_value(str(self._session.toggles["order"]))
        if wanted is not None:
            words = ""
        elif usual is None:
            words = tr(
                "No minimum of this surface is known, so there is no usual finish line. Give a loss."
            )
        else:
            words = tr("A racer finishes at a loss of {loss} or less.", loss=loss_text(usual))
        self.note.setText(words)
        self.note.setVisible(bool(words))

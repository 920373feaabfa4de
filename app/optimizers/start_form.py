"""Where all racers begin, as numbers: a popover under the chip that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.bus import CommandError
from app.text import tr
from app.widgets import Button, Label, NumberField, Popover
from app.window.forms import row

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession


class StartForm(Popover):
    """See the module's text.

    Parameters
    ----------
    anchor
        The chip under which it opens.
    session
        The race.
    """

    def __init__(self, anchor: QWidget, session: RaceSession) -> None:
        super().__init__(anchor, name="race-start-form", title=tr("Start"), width=260)
        self._session = session
        rows = QVBoxLayout()
        rows.setSpacing(8)
        self.body.addLayout(rows)
        surface = session.surface
        names = surface.variables if surface is not None else ("x", "y")
        self._fields = []
        for place, name in enumerate(names):
            field = NumberField(
                name=f"race-start-{place}", label=tr("Start, {name}", name=name), whole=False, step=0.05,
                width=112,
            )  # fmt: skip
            field.entered.connect(self._put)
            self._fields.append(field)
            rows.addLayout(
                row(name, field, tip=tr("Where all racers begin; a click on the map sets it, too"))
            )
        self._usual = Button(tr("Usual start"), name="race-start-usual", kind="normal")
        self._usual.setToolTip(tr("Begin where this surface is usually begun"))
        self._usual.clicked.connect(self._put_usual)
        rows.addWidget(self._usual)
        self._problem = Label("", "hint", "err", name="race-start-problem", wrap=True)
        self._problem.hide()
        self.body.addWidget(self._problem)
        session.race_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        for field, value in zip(self._fields, self._session.race.start, strict=False):
            field.setValue(value)
        surface = self._session.surface
        self._usual.setEnabled(
            surface is not None and tuple(surface.start) != tuple(self._session.race.start)
        )

    def _put(self) -> None:
        values = [field.value() for field in self._fields]
        self._go(values[0], values[1] if len(values) > 1 else 0.0)

    def _put_usual(self) -> None:
        surface = self._session.surface
        if surface is not None:
            self._go(*map(float, surface.start))

    def _go(self, x: float, y: float) -> None:
        try:
            self._session.context.bus.do("race.start", x=x, y=y)
        except CommandError as error:
            self._problem.setText(str(error))
            self._problem.show()
        else:
            self._problem.hide()
        self._show()

"""Sliders for what matters most of a racer's optimizer: its rate, how much it keeps of the past. The race follows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from app.scenes.formula_expressions import given
from app.text import tr
from app.widgets import Label, Slider
from core import optimizers, schedules
from core.errors import ChainruleError
from core.landscape.race import kind

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from core.landscape.race import Racer
    from core.layers.settings import Setting

#: Shares that a slider goes through: near 1 every step counts.
_SHARES = (
    0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99,
    0.995, 0.998, 0.999, 0.9995, 0.9999,
)  # fmt: skip
#: Rates, as they are tried: about as far apart as factors.
_RATES = tuple(
    float(f"{digits}e{power}")
    for power in range(-5, 2)
    for digits in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
)
_EPSILONS = tuple(float(f"{digits}e{power}") for power in range(-10, 0) for digits in (1, 3))
_SYMBOLS = {
    "learning_rate": "η", "momentum": "β", "beta_1": "β₁", "beta_2": "β₂", "rho": "ρ", "epsilon": "ε",
    "weight_decay": "λ",
}  # fmt: skip


class RacerSliders(QWidget):
    """See the module's text.

    Parameters
    ----------
    session
        Whose racer it is.
    """

    def __init__(self, session: RaceSession) -> None:
        super().__init__()
        self.setObjectName("race-sliders")
        self._session = session
        self._of: tuple[str, ...] = ()
        self.sliders: dict[str, Slider] = {}
        self._values: dict[str, Label] = {}
        self._steps: dict[str, tuple[float, ...]] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 8, 16, 8)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self.follow()

    def set_compact(self, level: int) -> None:
        """Take less room in small windows."""
        edge = (16, 14, 12)[level]
        self._grid.setContentsMargins(edge, 8, edge, 8)

    def follow(self) -> None:
        """Show the racer that is looked at."""
        racer = self._session.race.racer(self._session.racer)
        if racer is None:
            self._clear()
            self._of = ()
            return
        settings = sliding(racer)
        of = (racer.id, *(one.name for one in settings))
        if of != self._of:
            self._of = of
            self._clear()
            for row, one in enumerate(settings):
                self._make(row, one, racer)
        config = optimizers.get(dict(racer.optimizer)).config
        for one in settings:
            self._show(one.name, config[one.name])

    def _clear(self) -> None:
        self.sliders, self._values, self._steps = {}, {}, {}
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _make(self, row: int, setting: Setting, racer: Racer) -> None:
        name = setting.name
        symbol = _SYMBOLS.get(name, setting.label)
        words = tr("Learning rate η") if name == "learning_rate" else symbol
        label = Label(words, "label", "tx2")
        label.setToolTip(f"{tr(setting.label)}: {tr(setting.help)}")
        default = kind(racer.kind).optimizer.get(name, setting.default)
        values = steps_of(setting)
        slider = Slider(
            0, len(values) - 1, step=1, default=_nearest(values, _amount(default)), name=f"race-slider-{name}",
            label=tr(setting.label),
        )  # fmt: skip
        slider.setToolTip(label.toolTip())
        slider.moved.connect(lambda amount: self._set(name, amount))
        slider.settled.connect(self._session.context.document.settle)
        value = Label("", "value", "tx", name=f"race-value-{name}")
        value.setMinimumWidth(52)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(slider, row, 1)
        self._grid.addWidget(value, row, 2)
        self.sliders[name], self._values[name], self._steps[name] = slider, value, values

    def _show(self, name: str, value: Any) -> None:
        slider = self.sliders[name]
        amount = _amount(value)
        if not slider.isSliderDown():
            slider.set_amount(_nearest(self._steps[name], amount))
        text = given(float(f"{amount:.4g}"))
        self._values[name].setText(text)
        slider.setAccessibleDescription(text)
        if name == "learning_rate" and isinstance(value, dict):
            slider.setEnabled(bool(amount))
            slider.setToolTip(
                tr(
                    "The rate follows {schedule}; this is its height.",
                    schedule=value.get("kind", ""),
                )
            )

    def _set(self, name: str, place: float) -> None:
        racer = self._session.race.racer(self._session.racer)
        if racer is None:
            return
        value: Any = self._steps[name][round(place)]
        before = racer.optimizer.get(name)
        if isinstance(before, dict):
            try:
                value = schedules.at_height(before, value)
            except ChainruleError as error:
                self._session.context.refused.emit(str(error))
                return
        self._session.context.do("race.set", id=racer.id, key=name, value=value)


def sliding(racer: Racer) -> tuple[Setting, ...]:
    """Return the settings of a racer's optimizer that have sliders: rate, shares, and ε where steps begin by it."""
    optimizer = optimizers.get(dict(racer.optimizer))
    usual = kind(racer.kind).optimizer
    found = []
    for one in type(optimizer).own:
        share = one.type == "float" and one.maximum == 1.0
        # Of gradient descent momentum makes another racer, which has its own kind.
        if one.name == "momentum" and not (usual.get("momentum") or optimizer.config["momentum"]):
            continue
        if (
            one.name == "learning_rate"
            or share
            or (one.name == "epsilon" and optimizer.name == "Adadelta")
        ):
            found.append(one)
    return tuple(found)


def steps_of(setting: Setting) -> tuple[float, ...]:
    """Return what a setting's slider goes through."""
    if setting.name == "learning_rate":
        return _RATES
    if setting.name == "epsilon":
        return _EPSILONS
    # Some shares must not be 0.
    return _SHARES[1:] if setting.minimum else _SHARES


def _amount(value: Any) -> float:
    """The number that stands for a setting: of a schedule its height."""
    return schedules.height(value) if isinstance(value, dict) else float(value or 0.0)


def _nearest(values: tuple[float, ...], amount: float) -> int:
    """The place of a number among those of a slider."""
    if 0.9 < values[-1] < 1:
        # Of shares what is left of them counts.
        return min(
            range(len(values)), key=lambda k: abs(_height(1 - values[k]) - _height(1 - amount))
        )
    return min(range(len(values)), key=lambda k: abs(_height(values[k]) - _height(amount)))


def _height(value: float) -> float:
    return math.log10(max(value, 1e-12))

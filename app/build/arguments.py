"""The arguments of an initializer or a regularizer: a line for each under the choice of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.build import typed
from app.text import tr
from app.widgets import Choice, Label, NumberField, TextField
from core.errors import ChainruleError
from core.layers.settings import Setting
from core.objects import Configured

_TITLES = {
    "stddev": tr("Standard deviation"),
    "minval": tr("Smallest"),
    "maxval": tr("Largest"),
    "mode": tr("Divided by"),
    "l1": tr("Factor of Σ|w|"),
    "l2": tr("Factor of Σw²"),
}


class Arguments(QWidget):
    """Lines for the arguments of one object; without any it takes no room.

    The seed is shown where there are other arguments, or where one was given: usually it follows the network's.

    Signals
    -------
    changed(dict)
        The object with another argument, as a document.
    settled()
        A number was entered.
    """

    changed = Signal(object)
    settled = Signal()

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setProperty("clear", True)
        self._setting = setting
        self._of: tuple[Any, ...] = ()
        self._config: dict[str, Any] = {}
        self._show: dict[str, Callable[[Any], None]] = {}
        self.fields: list[NumberField] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 0, 0, 0)
        self._column.setSpacing(4)

    def show_object(self, value: Any) -> None:
        """Show the arguments of an object as a document holds it; None has none."""
        from core import initializers, regularizers

        family = initializers if self._setting.type == "initializer" else regularizers
        made: Configured | None = None
        try:
            made = family.get(value) if value is not None else None
        except ChainruleError:
            # Said where it is refused.
            pass
        self._config = made.get_config() if made is not None else {}
        # Weights given cell by cell are too many for a line.
        names = [name for name, one in self._config.items() if not isinstance(one, dict | list)]
        if names == ["seed"] and self._config["seed"] is None:
            names = []
        if (type(made), *names) != self._of:
            self._of = (type(made), *names)
            self._make(made, names)
        for name, show in self._show.items():
            show(self._config[name])
        self.setVisible(bool(names))

    def _make(self, made: Configured | None, names: list[str]) -> None:
        self._show, self.fields = {}, []
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for name in names:
            assert made is not None
            line = QWidget()
            line.setProperty("clear", True)
            inside = QHBoxLayout(line)
            inside.setContentsMargins(0, 0, 0, 0)
            title = _TITLES.get(name) or tr(name.capitalize())
            inside.addWidget(Label(title, "label", "tx3"))
            inside.addStretch(1)
            inside.addWidget(self._field(made, name, title))
            self._column.addWidget(line)
            line.show()

    def _field(self, made: Configured, name: str, title: str) -> QWidget:
        own, label = f"{self._setting.name}-{name}", f"{tr(self._setting.label)}: {title}"
        options = made.options.get(name, ())
        if options:
            choice = Choice(
                [(one, one) for one in options], name=f"choice-{own}", label=label, width=148
            )
            choice.chosen.connect(lambda value: self._say(name, value))
            self._show[name] = choice.set_value
            return choice
        if isinstance(made.defaults()[name], float):
            number = NumberField(
                name=f"field-{own}", label=label, whole=False,
                step=0.001 if self._setting.type == "regularizer" else 0.01, width=88,
            )  # fmt: skip
            number.entered.connect(lambda value: self._say(name, value))
            self._show[name] = number.set_amount
            self.fields.append(number)
            return number
        field = TextField(name=f"field-{own}", label=label, mono=True)
        field.setFixedWidth(112)
        field.setPlaceholderText(tr("network's"))
        field.entered.connect(lambda text: self._say(name, typed.read(text)))
        self._show[name] = lambda value: field.set_value(typed.shown(value))
        return field

    def _say(self, name: str, value: Any) -> None:
        self.settled.emit()
        kind = self._of[0].__name__
        self.changed.emit({"class_name": kind, "config": {**self._config, name: value}})

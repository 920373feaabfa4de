"""The popover of the data, and what its chip shows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import text
from app.document import data_info
from app.text import tr
from app.widgets import (
    Choice,
    Label,
    NumberField,
)
from app.window.forms import Form, clear, row
from app.workspace import WindowContext
from core.io.runs import NO_DATA


class DataEditor(Form):
    """Which data set, and the parameters of generated ones."""

    def __init__(self, anchor: QWidget, context: WindowContext) -> None:
        super().__init__(anchor, context, name="data-editor", title=tr("Data"))
        from core import data as sets

        options = [(name, sets.info(name).title) for name in sets.names()]
        self._choice = Choice(options, name="data-choice", label=tr("Data set"), width=216)
        self._choice.chosen.connect(lambda value: self._try("data.choose", id=value))
        self._rows.addLayout(row(tr("Data set"), self._choice))
        self._summary = Label("", "hint", "tx2", wrap=True)
        self._rows.addWidget(self._summary)
        self._parameters = QVBoxLayout()
        self._parameters.setSpacing(8)
        self._rows.addLayout(self._parameters)
        self._shown = ""
        self._fields: dict[str, NumberField] = {}
        self._origin = Label("", "small", "tx3", wrap=True)
        self._origin.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._rows.addWidget(self._origin)
        self._show()

    def _show(self) -> None:
        reference = self._context.document.data
        self._choice.set_value(reference.id)
        info = data_info(reference)
        if info is None:
            self._summary.setText(tr("This installation does not have {id}.", id=reference.id))
            return
        self._summary.setText(info.summary)
        self._origin.setText(tr("{origin} · licence {licence}", origin=info.origin,
                                licence=info.licence))  # fmt: skip
        if self._shown != reference.id:
            self._shown = reference.id
            self._make_fields(info)
        defaults = _defaults(info)
        for name, box in self._fields.items():
            box.set_amount(float(reference.parameters.get(name, defaults[name])))

    def _make_fields(self, info: Any) -> None:
        clear(self._parameters)
        self._fields = {}
        for setting in info.parameters:
            whole = setting.type == "int"
            box = NumberField(
                name=f"data-{setting.name}", label=setting.label, whole=whole,
                step=setting.step, minimum=setting.minimum, maximum=setting.maximum, width=88,
            )  # fmt: skip
            box.entered.connect(lambda value, n=setting.name, w=whole: self._set(n, value, w))
            self._parameters.addLayout(row(setting.label, box, tip=setting.help))
            self._fields[setting.name] = box

    def _set(self, name: str, value: float, whole: bool) -> None:
        reference = self._context.document.data
        parameters = {**reference.parameters, name: int(value) if whole else value}
        self._try("data.choose", id=reference.id, **parameters)


def _defaults(info: Any) -> dict[str, Any]:
    """Return a data set's parameters with their default values."""
    return {setting.name: setting.default for setting in info.parameters}


def loaded_samples(context: WindowContext) -> int:
    """How many training samples there are; 0 until the engine has loaded them, because then asking is free."""
    document, work = context.document, context.engine.work
    if work is None or (work.data, dict(work.parameters)) != (
        document.data.id, dict(document.data.parameters)
    ):  # fmt: skip
        return 0
    from core import data as sets

    return len(sets.load(work.data, **work.parameters).x_train)


def data_parts(context: WindowContext, count: int = 0) -> list[tuple[str, str, str]]:
    """Return what the data chip shows; ``count`` is the number of training samples if known."""
    reference = context.document.data
    info = data_info(reference)
    if info is None:
        title = tr("No data") if reference.id == NO_DATA else reference.id
        return [(title, "button", "err")]
    parts = [(info.title, "button", "tx")]
    shape = tuple(info.input_shape)
    size = count or _samples(info, reference.parameters)
    shown = text.shape(shape[:2] if len(shape) == 3 else shape)
    if size:
        shown = f"{text.number(size)} × {shown}"
    return [*parts, (shown, "value", "tx")]


def _samples(info: Any, parameters: dict[str, Any]) -> int:
    given = parameters.get("samples", _defaults(info).get("samples"))
    return int(given or 0)

"""What looks after training, in a form: a switch for each callback, and its settings while it is on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.text import tr
from app.widgets import Choice, NumberField, Toggle
from app.window.forms import clear, row
from core.errors import ChainruleError
from core.layers.settings import Setting
from core.naming import snake_case
from core.spec import Network, Training
from core.spec.inspection import inspect

Documents = tuple[dict[str, Any], ...]
Field = Choice | NumberField | Toggle


class CallbacksEditor(QWidget):
    """Rows for the callbacks that a project may have.

    Parameters
    ----------
    change
        Called with the new documents.
    """

    def __init__(self, change: Callable[[Documents], None]) -> None:
        super().__init__()
        from core.callbacks import documents

        self._change = change
        self._given: Documents = ()
        self._metrics: list[str] = []
        self._kinds = {name: documents.kind(name) for name in documents.names()}
        self._switches: dict[str, Toggle] = {}
        self._rows: dict[str, QVBoxLayout] = {}
        self._fields: dict[str, dict[str, Field]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for name, kind in self._kinds.items():
            switch = Toggle(name=f"training-{snake_case(name)}", label=tr(kind.title))
            switch.clicked.connect(lambda _=False, n=name, s=switch: self._turn(n, s.isChecked()))
            column.addLayout(row(tr(kind.title), switch, tip=tr(kind.tip)))
            rows = QVBoxLayout()
            rows.setSpacing(8)
            # What belongs to a switch stands a little to the right of it.
            rows.setContentsMargins(12, 0, 0, 0)
            column.addLayout(rows)
            self._switches[name], self._rows[name], self._fields[name] = switch, rows, {}

    def show_training(self, training: Training, network: Network) -> None:
        """Show the callbacks of these settings; what they can watch depends on the network's outputs."""
        self._given = tuple(training.callbacks)
        metrics = _logged(training, network)
        anew = metrics != self._metrics
        self._metrics = metrics
        held = {str(one.get("kind")): one for one in self._given}
        for name, kind in self._kinds.items():
            document = held.get(name)
            self._switches[name].setChecked(document is not None)
            shown = bool(self._fields[name])
            if shown != (document is not None) or (shown and anew):
                clear(self._rows[name])
                self._fields[name] = {}
                if document is not None:
                    self._make(name, kind.settings)
            if document is None:
                continue
            for setting in kind.settings:
                value = document.get(setting.name, setting.default)
                _set(self._fields[name][setting.name], value)

    def _make(self, kind: str, settings: Sequence[Setting]) -> None:
        for setting in settings:
            name, title = f"training-{snake_case(kind)}-{setting.name}", tr(setting.label)
            field: Field
            if setting.name == "monitor":
                field = Choice(
                    [(one, one) for one in [*(f"val_{m}" for m in self._metrics), *self._metrics]],
                    name=name, label=title, width=148,
                )  # fmt: skip
                field.chosen.connect(lambda value, k=kind: self._put(k, "monitor", value))
            elif setting.type == "bool":
                field = Toggle(name=name, label=title)
                field.clicked.connect(
                    lambda _=False, k=kind, n=setting.name, f=field: self._put(k, n, f.isChecked())
                )
            else:
                whole = setting.type == "int"
                field = NumberField(
                    name=name, label=title, whole=whole, step=setting.step,
                    minimum=setting.minimum or 0.0,
                    maximum=1e6 if setting.maximum is None else setting.maximum, width=88,
                )  # fmt: skip
                field.entered.connect(
                    lambda value, k=kind, n=setting.name, w=whole: self._put(
                        k, n, int(value) if w else value
                    )
                )
            self._fields[kind][setting.name] = field
            self._rows[kind].addLayout(row(title, field, tip=tr(setting.help)))

    def _turn(self, kind: str, on: bool) -> None:
        others = tuple(one for one in self._given if one.get("kind") != kind)
        # Patience 0 stops at the first worse epoch, which nobody means who turns it on.
        first = {
            "kind": kind,
            "monitor": "val_loss",
            "patience": 5 if kind == "EarlyStopping" else 3,
        }
        self._change((*others, first) if on else others)

    def _put(self, kind: str, name: str, value: Any) -> None:
        self._change(
            tuple({**one, name: value} if one.get("kind") == kind else one for one in self._given)
        )


def _logged(training: Training, network: Network) -> list[str]:
    """Names of what is measured after each epoch; the loss alone while the network cannot work as it is."""
    from core import losses
    from core.metrics.chosen import measured

    try:
        inspection = inspect(network)
        nodes = [network.source(output)[0] for output in network.outputs]
        shapes = [tuple(inspection.shape(output)) for output in network.outputs]
        loss = losses.get(training.loss)
        found = measured(training.metrics, training.weighted_metrics, [loss] * len(nodes), shapes)
    except (ChainruleError, KeyError):
        return ["loss"]
    if len(nodes) == 1:
        return ["loss", *(one.name for one in found[0])]
    own = [f"{one.name}/{node}" for node, part in zip(nodes, found, strict=True) for one in part]
    return ["loss", *(f"loss/{node}" for node in nodes), *own]


def _set(field: Field, value: Any) -> None:
    if isinstance(field, Toggle):
        field.setChecked(bool(value))
    elif isinstance(field, NumberField):
        field.set_amount(float(value))
    else:
        field.set_value(str(value))

"""The popovers of the top bar: data, and loss with optimizer."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import text
from app.commands import LIMITS
from app.document import data_info
from app.text import tr
from app.widgets import (
    Choice,
    Label,
    Line,
    NumberField,
    Popover,
    Toggle,
)
from app.window.form_rows import clear, row
from app.window.rate_editor import RateEditor
from app.workspace import WindowContext
from core.schedules import first_rate
from core.spec.training import loss_name

LOSSES = (
    ("mean_squared_error", "Mean squared error", "MSE"),
    ("half_squared_error", "Half squared error", "½ SE"),
    ("binary_crossentropy", "Binary cross-entropy", "Binary cross-entropy"),
    ("categorical_crossentropy", "Cross-entropy, one-hot labels", "Cross-entropy"),
    ("sparse_categorical_crossentropy", "Cross-entropy", "Cross-entropy"),
    ("mean_absolute_error", "Mean absolute error", "MAE"),
    ("mean_absolute_percentage_error", "Mean absolute percentage error", "MAPE"),
    ("mean_squared_logarithmic_error", "Mean squared logarithmic error", "MSLE"),
    ("huber", "Huber", "Huber"),
    ("log_cosh", "Log-cosh", "Log-cosh"),
    ("hinge", "Hinge", "Hinge"),
    ("squared_hinge", "Squared hinge", "Squared hinge"),
    ("categorical_hinge", "Categorical hinge", "Categorical hinge"),
    ("kl_divergence", "KL divergence", "KL divergence"),
    ("poisson", "Poisson", "Poisson"),
    ("cosine_similarity", "Cosine similarity", "Cosine similarity"),
)


def loss_title(loss: str | dict[str, Any], *, short: bool = True) -> str:
    """Return what a loss is called on the chip, or in full."""
    kind = loss_name(loss)
    for name, title, brief in LOSSES:
        if name == kind:
            return tr(brief) if short else tr(title)
    return kind.replace("_", " ").capitalize()


class _Form(Popover):
    """Rows of settings over one command; a refusal is shown under the rows."""

    def __init__(self, anchor: QWidget, context: WindowContext, *, name: str, title: str) -> None:
        super().__init__(anchor, name=name, title=title, width=344)
        self._context = context
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.body.addLayout(self._rows)
        self._problem = Label("", "hint", "err", name=f"{name}-problem", wrap=True)
        self._problem.hide()
        self.body.addWidget(self._problem)
        context.document.changed.connect(self._follow)

    def _follow(self) -> None:
        """Show what was changed elsewhere, by undo for example."""
        if self.isVisible():
            self._show()

    def _try(self, command: str, **arguments: Any) -> None:
        from app.bus import CommandError

        try:
            self._context.bus.do(command, **arguments)
        except CommandError as error:
            self._problem.setText(str(error))
            self._problem.show()
        else:
            self._problem.hide()
        self._show()

    def _show(self) -> None:
        """Show the document's values."""
        raise NotImplementedError

    def _number(self, field: str, label: str, tip: str, width: int = 88) -> NumberField:
        low, high, whole = LIMITS[field]
        step = 1.0 if whole else 0.05
        box = NumberField(
            name=f"training-{field}", label=label, whole=whole, step=step, minimum=low,
            maximum=high, width=width,
        )  # fmt: skip
        box.entered.connect(lambda value: self._try("training.configure", **{field: value}))
        self._rows.addLayout(row(label, box, tip=tip))
        return box


class TrainingEditor(_Form):
    """Loss, optimizer and its arguments, batch size, epochs, seed, validation split."""

    def __init__(self, anchor: QWidget, context: WindowContext) -> None:
        super().__init__(anchor, context, name="training-editor", title=tr("Training"))
        self._loss = Choice(
            [(name, tr(title)) for name, title, _ in LOSSES],
            name="training-loss", label=tr("Loss"), width=216,
        )  # fmt: skip
        self._loss.chosen.connect(lambda value: self._try("training.configure", loss=value))
        self._rows.addLayout(row(tr("Loss"), self._loss, tip=tr("What training makes small")))
        from core import optimizers

        self._optimizer = Choice(
            [(name, name) for name in optimizers.names()],
            name="training-optimizer", label=tr("Optimizer"), width=216,
        )  # fmt: skip
        self._optimizer.chosen.connect(
            lambda value: self._try("training.configure", optimizer=value)
        )
        self._rows.addLayout(
            row(tr("Optimizer"), self._optimizer, tip=tr("How a gradient becomes an update"))
        )
        self._add_rate()
        self._own = QVBoxLayout()
        self._own.setSpacing(8)
        self._rows.addLayout(self._own)
        self._add_limits()
        self._shown_kind = ""
        self._fields: dict[str, NumberField | Toggle] = {}
        self._rows.addWidget(Line())
        self._batch = self._number("batch_size", tr("Batch size"), tr("Samples in one step"))
        self._epochs = self._number("epochs", tr("Epochs"), tr("Passes over the training data"))
        self._seed = self._number(
            "seed", tr("Seed"), tr("Start of every random number: equal seeds, equal results")
        )
        self._split = self._number(
            "validation_split", tr("Validation split"),
            tr("Share of the training samples kept apart; 0 uses the data set's own test samples"),
        )  # fmt: skip
        self._split_note = Label(
            tr("0 uses the data set's own test samples."), "hint", "tx3",
            name="training-validation-split-note", wrap=True,
        )  # fmt: skip
        self._rows.addWidget(self._split_note)
        self._show()

    def _add_rate(self) -> None:
        self._rate = RateEditor(
            lambda value: self._try("training.configure", learning_rate=value),
            self._context.document.settle,
        )
        self._rows.addWidget(self._rate)

    def _add_limits(self) -> None:
        """One of the ways to clip gradients, which every optimizer takes."""
        self._clipping = Choice(
            [
                ("", tr("None")),
                ("clipvalue", tr("Each number")),
                ("clipnorm", tr("Each weight's norm")),
                ("global_clipnorm", tr("Norm of all together")),
            ],
            name="training-clipping", label=tr("Gradient clipping"), width=148,
        )  # fmt: skip
        self._clipping.chosen.connect(lambda way: self._clip(way, 1.0))
        self._limit = NumberField(
            name="training-clipping-limit", label=tr("Largest gradient"), whole=False, step=0.1,
            minimum=0.0, maximum=1e6, width=64,
        )  # fmt: skip
        self._limit.entered.connect(lambda value: self._clip(self._clipping.value, value))
        tip = tr("Makes gradients smaller that are larger than this")
        self._rows.addLayout(row(tr("Clipping"), self._clipping, self._limit, tip=tip))

    def _clip(self, way: str, limit: float) -> None:
        ways = dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm"))
        self._try("training.configure", **{**ways, **({way: limit} if way else {})})

    def _show_limits(self, optimizer: dict[str, Any]) -> None:
        ways = ("clipvalue", "clipnorm", "global_clipnorm")
        way = next((one for one in ways if optimizer.get(one)), "")
        self._clipping.set_value(way)
        self._limit.setVisible(bool(way))
        self._limit.set_amount(float(optimizer.get(way) or 1.0))

    def _show(self) -> None:
        training = self._context.document.training
        optimizer = training.optimizer
        self._loss.set_value(loss_name(training.loss))
        kind = str(optimizer.get("kind", ""))
        self._optimizer.set_value(kind)
        position = self._context.engine.state.position
        steps = (position.batches if position is not None else 100) * training.epochs
        self._rate.show_rate(optimizer.get("learning_rate"), steps, training.epochs)
        self._show_limits(optimizer)
        if self._shown_kind != kind:
            self._shown_kind = kind
            self._make_fields(kind)
        for name, field in self._fields.items():
            value = optimizer.get(name, self._defaults[name])
            if isinstance(field, Toggle):
                field.setChecked(bool(value))
            else:
                field.set_amount(float(value or 0.0))
        self._batch.set_amount(training.batch_size)
        self._epochs.set_amount(training.epochs)
        self._seed.set_amount(training.seed)
        self._split.set_amount(training.validation_split)
        self._split_note.setVisible(not training.validation_split)

    def _make_fields(self, kind: str) -> None:
        """Rows for the optimizer's own arguments; nothing at all for one that is not known."""
        from core import optimizers

        clear(self._own)
        self._fields, self._defaults = {}, {}
        if kind not in optimizers.names():
            return
        found = optimizers.kind(kind)
        shared = [one for one in found.settings if one.name == "weight_decay"]
        own = [one for one in found.own[1:] if one not in shared]
        for setting in (*own, *shared):
            self._defaults[setting.name] = setting.default
            name, title = f"training-{setting.name}", tr(setting.label)
            if setting.type == "bool":
                toggle = Toggle(name=name, label=title)
                toggle.clicked.connect(
                    lambda _=False, n=setting.name, f=toggle: self._try(
                        "training.configure", **{n: f.isChecked()}
                    )
                )
                field: NumberField | Toggle = toggle
            else:
                high = setting.maximum if setting.maximum is not None else 1000.0
                number = NumberField(
                    name=name, label=title, whole=False, step=setting.step,
                    minimum=setting.minimum or 0.0,
                    maximum=0.9999 if setting.name in found.below_one else high, width=88,
                )  # fmt: skip
                number.entered.connect(
                    lambda value, s=setting: self._try(
                        "training.configure",
                        **{s.name: None if s.optional and not value else value},
                    )
                )
                field = number
            self._fields[setting.name] = field
            self._own.addLayout(row(title, field, tip=tr(setting.help)))


class DataEditor(_Form):
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


def data_parts(context: WindowContext, count: int = 0) -> list[tuple[str, str, str]]:
    """Return what the data chip shows; ``count`` is the number of training samples if known."""
    reference = context.document.data
    info = data_info(reference)
    if info is None:
        return [(reference.id, "button", "err")]
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


def training_parts(context: WindowContext) -> list[tuple[str, str, str]]:
    """Return what the chip of loss and optimizer shows."""
    training = context.document.training
    rate = training.optimizer.get("learning_rate")
    words = str(rate.get("kind", "")) if isinstance(rate, dict) else f"lr {first_rate(rate):g}"
    return [
        (loss_title(training.loss), "button", "tx"),
        ("·", "button", "tx3"),
        (str(training.optimizer.get("kind", "")), "button", "tx"),
        (words.replace("-", "\N{MINUS SIGN}"), "value", "tx"),
    ]

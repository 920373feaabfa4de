"""The popover of loss and optimizer, and what its chip shows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.text import tr
from app.widgets import (
    Button,
    Choice,
    Hints,
    Label,
    Line,
    NumberField,
    TextField,
    Toggle,
)
from app.window.callbacks_editor import CallbacksEditor
from app.window.data_editor import loaded_samples
from app.window.forms import Form, clear, row
from app.window.metrics_editor import MetricsEditor
from app.window.rate_editor import RateEditor
from app.workspace import WindowContext
from core.layers import registry
from core.schedules import first_rate
from core.spec import Network
from core.spec.training import descent, loss_name


def loss_title(loss: str | dict[str, Any]) -> str:
    """Return what a loss is called on the chip."""
    from core import losses

    kind = loss_name(loss)
    if kind not in losses.names():
        return kind.replace("_", " ").capitalize()
    found = losses.get(kind)
    return tr(found.brief or found.title)


_LOSS_TIPS = {
    "from_logits": tr(
        "The last layer gives numbers before its sigmoid or softmax; the loss adds it"
    ),
    "label_smoothing": tr("Share of every target that is spread over all classes"),
    "delta": tr("Errors up to this count squared, larger ones by their size"),
}


_DESCENTS = {
    "stochastic": tr("Stochastic descent: one sample a step."),
    "mini-batch": tr("Mini-batch descent: some samples a step."),
    "batch": tr("Batch descent: all samples in every step."),
}

#: Remembered: whether the optimizer's details are shown.
_DETAILS = "training-editor/details"


class TrainingEditor(Form):
    """Loss, optimizer and its arguments, batch size, epochs, seed, validation split."""

    def __init__(self, anchor: QWidget, context: WindowContext) -> None:
        super().__init__(anchor, context, name="training-editor", title=tr("Training"))
        from core import losses, optimizers

        self._loss = Choice(
            [(name, tr(losses.get(name).title)) for name in losses.names()],
            name="training-loss", label=tr("Loss"), width=216,
        )  # fmt: skip
        self._loss.chosen.connect(lambda value: self._try("training.configure", loss=value))
        self._rows.addLayout(row(tr("Loss"), self._loss, tip=tr("What training makes small")))
        self._loss_rows = QVBoxLayout()
        self._loss_rows.setSpacing(8)
        self._rows.addLayout(self._loss_rows)
        self._shown_loss = ""
        self._loss_fields: dict[str, NumberField | Toggle] = {}
        self._hints = Hints(name="training-hint")
        self._hints.followed.connect(
            lambda layer, title: self._try("advice.follow", layer=layer, title=title)
        )
        self._hints.dismissed.connect(
            lambda layer, title: self._try("advice.dismiss", layer=layer, title=title)
        )
        self._rows.addWidget(self._hints)

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
        self._add_details()
        self._shown_kind = ""
        self._fields: dict[str, NumberField | Toggle] = {}
        self._rows.addWidget(Line())
        self._batch = self._number("batch_size", tr("Batch size"), tr("Samples in one step"))
        self._descent = Label("", "hint", "tx3", name="training-descent", wrap=True)
        self._rows.addWidget(self._descent)
        self._cut = TextField(
            name="training-truncated-bptt", label=tr("Time steps that gradients go back"), mono=True
        )
        self._cut.setPlaceholderText(tr("all"))
        self._cut.setFixedWidth(88)
        self._cut.entered.connect(
            lambda text: self._try("training.configure", truncated_bptt_steps=_steps(text))
        )
        self._cut_row = QWidget()
        self._cut_row.setLayout(row(
            tr("Gradients go back"), self._cut, Label(tr("time steps"), "hint", "tx3"),
            tip=tr("Truncated backpropagation through time: after so many time steps gradients stop, while states go "
                   "on; left empty, they go back through all of them"),
        ))  # fmt: skip
        cut = self._cut_row.layout()
        assert cut is not None
        cut.setContentsMargins(0, 0, 0, 0)
        self._rows.addWidget(self._cut_row)
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
        self._rows.addWidget(Line())
        self._metrics = MetricsEditor(lambda value: self._try("training.configure", metrics=value))
        self._rows.addWidget(self._metrics)
        self._rows.addWidget(Line())
        self._callbacks = CallbacksEditor(
            lambda value: self._try("training.configure", callbacks=value)
        )
        self._rows.addWidget(self._callbacks)
        self._show()

    def _add_rate(self) -> None:
        self._rate = RateEditor(
            lambda value: self._try("training.configure", learning_rate=value),
            self._context.document.settle,
        )
        self._rows.addWidget(self._rate)

    def _add_details(self) -> None:
        """What is seldom changed is behind a button: the optimizer's own arguments, weight decay, clipping."""
        self._details = QWidget()
        self._more = Button("", name="training-optimizer-details", kind="ghost")
        self._more.clicked.connect(lambda: self._show_details(not self._details.isVisible()))
        self._rows.addWidget(self._more, alignment=Qt.AlignmentFlag.AlignLeft)
        inside = QVBoxLayout(self._details)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        self._own = QVBoxLayout()
        self._own.setSpacing(8)
        inside.addLayout(self._own)
        self._add_limits(inside)
        self._rows.addWidget(self._details)
        self._show_details(bool(self._context.settings.get(_DETAILS, False)))

    def _show_details(self, shown: bool) -> None:
        self._details.setVisible(shown)
        words = tr("Fewer settings") if shown else tr("More settings of the optimizer")
        self._more.setText(words)
        self._more.setAccessibleName(words)
        self._context.settings.set(_DETAILS, shown)

    def _add_limits(self, rows: QVBoxLayout) -> None:
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
        rows.addLayout(row(tr("Clipping"), self._clipping, self._limit, tip=tip))

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
        self._show_loss(training.loss)
        self._hints.show_advice([a for a in self._context.document.advice if a.of_loss])
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
        samples = loaded_samples(self._context)
        taught = samples - int(samples * training.validation_split)
        self._descent.setText(_DESCENTS[descent(training.batch_size, taught or 1 << 30)])
        self._cut.set_value(str(training.truncated_bptt_steps or ""))
        self._cut_row.setVisible(_is_recurrent(self._context.document.network))
        self._epochs.set_amount(training.epochs)
        self._seed.set_amount(training.seed)
        self._split.set_amount(training.validation_split)
        self._split_note.setVisible(not training.validation_split)
        self._metrics.show_training(training, self._context.document.network)
        self._callbacks.show_training(training, self._context.document.network)

    def _show_loss(self, document: str | dict[str, Any]) -> None:
        """Rows for the loss's own arguments."""
        from core import losses

        kind = loss_name(document)
        if kind not in losses.names():
            clear(self._loss_rows)
            self._shown_loss, self._loss_fields = kind, {}
            return
        loss = losses.get(document)
        if kind != self._shown_loss:
            self._shown_loss = kind
            clear(self._loss_rows)
            self._loss_fields = {}
            for name, default in loss.arguments:
                if isinstance(default, (bool, float)):
                    self._add_loss_field(name, default)
        for name, field in self._loss_fields.items():
            if isinstance(field, Toggle):
                field.setChecked(bool(loss.config[name]))
            else:
                field.set_amount(float(loss.config[name]))

    def _add_loss_field(self, name: str, default: bool | float) -> None:
        title = tr(name.replace("_", " ").capitalize())
        if isinstance(default, bool):
            toggle = Toggle(name=f"training-loss-{name}", label=title)
            toggle.clicked.connect(lambda: self._change_loss(name, toggle.isChecked()))
            self._loss_fields[name] = toggle
        else:
            number = NumberField(
                name=f"training-loss-{name}", label=title, whole=False, step=0.05, minimum=0.0,
                maximum=1000.0, width=88,
            )  # fmt: skip
            number.entered.connect(lambda value: self._change_loss(name, value))
            self._loss_fields[name] = number
        self._loss_rows.addLayout(row(title, self._loss_fields[name], tip=_LOSS_TIPS.get(name, "")))

    def _change_loss(self, name: str, value: Any) -> None:
        from core import losses

        loss = losses.get(self._context.document.training.loss)
        class_name, config = type(loss).__name__, {**loss.changed(), name: value}
        self._try("training.configure", loss={"class_name": class_name, "config": config})

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


def _steps(text: str) -> Any:
    """Return a number of time steps as it is written; None for all, and what is no number as it is."""
    plain = text.strip().lower()
    if plain in ("", tr("all")):
        return None
    return int(plain) if plain.isdecimal() else text


def _is_recurrent(network: Network) -> bool:
    """Tell whether there are gradients that go back through time."""
    told_by = {"return_sequences", "merge_mode"}
    kinds = {layer.kind for layer in network.layers if registry.known(layer.kind)}
    return any(told_by & {s.name for s in registry.kind(kind).settings} for kind in kinds)


def training_parts(context: WindowContext) -> list[tuple[str, str, str]]:
    """Return what the chip of loss and optimizer shows."""
    training = context.document.training
    rate = training.optimizer.get("learning_rate")
    words = str(rate.get("kind", "")) if isinstance(rate, dict) else f"lr {first_rate(rate):g}"
    loss = (loss_title(training.loss), "button", "tx") if training.loss else None
    return [
        loss or (tr("No loss"), "button", "err"),
        ("·", "button", "tx3"),
        (str(training.optimizer.get("kind", "")), "button", "tx"),
        (words.replace("-", "\N{MINUS SIGN}"), "value", "tx"),
    ]

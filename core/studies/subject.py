"""What a study trains again and again: a network, how it is trained, and the samples, as plain values and tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core import checked, losses, optimizers
from core.errors import ChainruleError, SettingError
from core.spec.network import Network
from core.spec.training import (
    Training,
    check_split,
    check_training,
    check_truncation,
    check_whole,
)

if TYPE_CHECKING:
    from core.model import Model
    from core.runs.samples import Samples

_DOCUMENT = "subject.json"
_ARRAYS = "subject.safetensors"


class LossRef(msgspec.Struct, frozen=True):
    """The loss of an output, and how much it counts."""

    loss: str | dict[str, Any]
    weight: float = 1.0


@dataclass(frozen=True, eq=False, repr=False)
class Subject:
    """What is trained, with everything a process needs that knows nothing else.

    Attributes
    ----------
    network, training
        The documents. Every run of a study begins with weights drawn from the seed of `training`.
    samples, held_out
        What to train on, and what to measure on after each epoch (None for nothing).
    losses
        The loss of each output where `training` has no place for it: several outputs, or a weight.
    weights
        Weights to begin with instead, by name.
    outputs
        Names of the outputs by node where there are several: metrics are logged as Keras calls them, "size_loss".
    """

    network: Network
    training: Training
    samples: Samples
    held_out: Samples | None = None
    losses: tuple[LossRef, ...] = ()
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        held = 0 if self.held_out is None else len(self.held_out)
        return f"<Subject of {len(self.network.layers)} layers, {len(self.samples):,} samples, {held:,} held out>"

    @staticmethod
    def of_document(network: Network, training: Training, dataset: Any) -> Subject:
        """The subject of a project.

        Parameters
        ----------
        network, training
            Its documents.
        dataset
            From `core.data.load`, or the id of one.
        """
        from core import data
        from core.runs.samples import split
        from core.runs.targets import outputs_of
        from core.spec.inspection import inspect

        check_training(training)
        if isinstance(dataset, str):
            dataset = data.load(dataset)
        found = inspect(network, batch_size=training.batch_size)
        for problem in found.problems:
            raise ChainruleError(problem.sentence)
        if not network.outputs:
            message = "The network has no layers yet: there is nothing to train."
            raise ChainruleError(message)
        shape = tuple(found.shape(network.outputs[0]))
        loss = losses.get(training.loss)
        samples, held_out = split(dataset, training, loss, shape, outputs_of(network)[0])
        return Subject(network, training, samples, held_out)

    @staticmethod
    def of_model(
        model: Model,
        x: Any,
        y: Any,
        *,
        batch_size: int = 32,
        sample_weight: Any = None,
        class_weight: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        callbacks: Any = None,
        truncated_bptt_steps: int | None = None,
        keep_weights: bool = False,
    ) -> Subject:
        """The subject of a compiled model and arrays, which are given as to `Model.fit`.

        With `keep_weights` every run begins with the weights the model has, instead of fresh ones. Callbacks are
        documents, ``[{"kind": "EarlyStopping", "patience": 3}]``: objects cannot go to another process.
        """
        samples = model._samples(x, y, sample_weight)
        if class_weight is not None:
            samples = model._count_classes(samples, y, class_weight)
        held_out: Samples | None = None
        share = check_split(validation_split)
        if validation_data is not None:
            held_out = model._held_out(validation_data)
        elif share:
            kept = int(len(samples) * (1 - share))
            if not 0 < kept < len(samples):
                message = (
                    f"A validation split of {share:g} leaves nothing to train on or to measure."
                )
                raise ChainruleError(message)
            rows = np.arange(len(samples))
            samples, held_out = take(samples, rows[:kept]), take(samples, rows[kept:])
        steps = check_truncation(truncated_bptt_steps)
        training = model._training(check_whole("batch_size", batch_size, 1), steps)
        if callbacks is not None:
            training = msgspec.structs.replace(training, callbacks=check_callbacks(callbacks))
        found = tuple(LossRef(loss.to_document(), float(loss.weight)) for loss in model.losses)
        told = len(found) > 1 or found[0].weight != 1
        kept_weights = checked.yes_or_no("keep_weights", keep_weights)
        weights = model.weights_by_name() if kept_weights else {}
        network = model._trained()
        names: dict[str, str] = {}
        if len(network.outputs) > 1:
            nodes = [network.source(output)[0] for output in network.outputs]
            called = model._output_names()
            single = len(set(called)) == len(called)
            names = dict(zip(nodes, called if single else nodes, strict=True))
        told_losses = found if told else ()
        return Subject(network, training, samples, held_out, told_losses, weights, names)

    def changed(self, network: Network, training: Training) -> Subject:
        """The same samples for other documents."""
        return replace(self, network=network, training=training)

    def loss(self, training: Training) -> Any:
        """The loss, or a list of them, as a run takes it."""
        if not self.losses:
            return losses.get(training.loss)
        made = [losses.get(one.loss).weighted(one.weight) for one in self.losses]
        return made if len(made) > 1 else made[0]

    def model(self, network: Network, training: Training) -> Model:
        """An untrained model of these documents, compiled as the subject is."""
        from core.io.models import build

        made = build(network, training.seed)
        made.compile(
            optimizer=dict(training.optimizer),
            loss=self.loss(training),
            metrics=list(training.metrics),
            weighted_metrics=list(training.weighted_metrics),
        )
        return made

    def logged(self, metrics: dict[str, float]) -> dict[str, float]:
        """Metrics of a run under Keras's names."""
        if not self.outputs:
            return dict(metrics)
        found = {}
        for name, value in metrics.items():
            held = "val_" if name.startswith("val_") else ""
            label, _, node = name.removeprefix("val_").rpartition("/")
            own = self.outputs.get(node)
            found[f"{held}{own}_{label}" if own is not None else name] = value
        return found

    def measured(self) -> tuple[str, ...]:
        """Names of what its runs log: of the samples trained on, then of those held out."""
        from core.tape.compiler import compile_network

        tape = compile_network(
            self.network, "train", loss=self.loss(self.training), metrics=self.training.metrics,
            weighted_metrics=self.training.weighted_metrics,
            optimizer=optimizers.get(dict(self.training.optimizer)), weighted=self.samples.weights is not None,
        )  # fmt: skip
        # What is no single number (a confusion matrix) is asked for, and not logged.
        single = [name for name, total in tape.totals.items() if total.logged]
        found = tuple(self.logged(dict.fromkeys(single, 0.0)))
        return found + (() if self.held_out is None else tuple(f"val_{name}" for name in found))

    def better_of(self, name: str) -> str:
        """Whether "min" or "max" is better of what its runs log under a name; "" if neither, or if it is not known."""
        from core.metrics.chosen import measured
        from core.spec.inspection import inspect

        name = name.removeprefix("val_")
        called = list(self.outputs.values())
        if name == "loss" or name in [f"{own}_loss" for own in called]:
            return "min"
        loss = self.loss(self.training)
        found = inspect(self.network, batch_size=self.training.batch_size)
        chosen = measured(
            self.training.metrics,
            self.training.weighted_metrics,
            loss if isinstance(loss, list) else [loss],
            [tuple(found.shape(output)) for output in self.network.outputs],
        )
        for place, own in enumerate(chosen):
            for one in own:
                if name == (f"{called[place]}_{one.name}" if called else one.name):
                    return one.metric.better
        return ""

    # ---- files ----------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write the subject for other processes.

        Raises
        ------
        core.io.errors.ProjectError
            The disk is full, or the folder cannot be written to.
        """
        from safetensors.numpy import save

        from core.io.files import write_beside

        arrays: dict[str, np.ndarray] = {}
        parts: dict[str, list[float]] = {}
        for part, samples in (("train", self.samples), ("held", self.held_out)):
            if samples is None:
                continue
            for kind, tables in (
                ("inputs", samples.inputs),
                ("targets", samples.targets),
                ("weights", samples.weights),
            ):
                if tables is None:
                    continue
                parts[f"{part}/{kind}"] = [table.scale for table in tables]
                for k, table in enumerate(tables):
                    arrays[f"{part}/{kind}/{k}"] = np.ascontiguousarray(table.array)
        for name, value in self.weights.items():
            arrays[f"start/{name}"] = np.ascontiguousarray(value)
        document = msgspec.json.encode(
            _Saved(
                self.network, self.training, self.losses, parts, tuple(self.weights), self.outputs
            )
        )
        encoded = save(arrays)
        write_beside(folder / _ARRAYS, lambda file: _write(file, encoded))
        write_beside(folder / _DOCUMENT, lambda file: _write(file, document))

    @staticmethod
    def load(folder: Path) -> Subject:
        """The subject that `save` wrote."""
        from safetensors.numpy import load_file

        from core.runs.samples import Samples
        from core.tape.table_data import DataTable

        saved = msgspec.json.decode((folder / _DOCUMENT).read_bytes(), type=_Saved)
        arrays = load_file(folder / _ARRAYS)

        def tables(name: str) -> list[DataTable]:
            scales = saved.parts[name]
            return [DataTable(arrays[f"{name}/{k}"], scale) for k, scale in enumerate(scales)]

        def samples(part: str) -> Samples | None:
            if f"{part}/inputs" not in saved.parts:
                return None
            weights = tables(f"{part}/weights") if f"{part}/weights" in saved.parts else None
            return Samples(tables(f"{part}/inputs"), tables(f"{part}/targets"), weights)

        train = samples("train")
        assert train is not None
        weights = {name: arrays[f"start/{name}"] for name in saved.weights}
        return Subject(
            saved.network, saved.training, train, samples("held"), saved.losses, weights, saved.outputs
        )  # fmt: skip


class _Saved(msgspec.Struct, frozen=True):
    network: Network
    training: Training
    losses: tuple[LossRef, ...]
    #: Scales of the tables of each part: "train/inputs", ...
    parts: dict[str, list[float]]
    weights: tuple[str, ...]
    outputs: dict[str, str] = {}


def _write(file: Any, content: bytes) -> None:
    file.write(content)


def check_callbacks(callbacks: Any) -> tuple[dict[str, Any], ...]:
    """Callbacks that can go to another process.

    Raises
    ------
    core.errors.SettingError
        They are objects, or not known.
    """
    from core.callbacks import documents

    given = [callbacks] if isinstance(callbacks, dict) else callbacks
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, dict) for one in given):
        message = (
            "The runs of a study are in processes of their own, so its callbacks are written down: "
            '[{"kind": "EarlyStopping", "patience": 3}]. There are '
            + ", ".join(documents.names())
            + "."
        )
        raise SettingError(message, "callbacks")
    documents.check(given)
    return tuple(dict(one) for one in given)


def take(samples: Samples, rows: np.ndarray) -> Samples:
    """Some of the samples, in this order."""
    from core.runs.samples import Samples
    from core.tape.table_data import DataTable

    def part(tables: list[DataTable]) -> list[DataTable]:
        return [DataTable(table.array[rows], table.scale) for table in tables]

    weights = None if samples.weights is None else part(samples.weights)
    return Samples(part(samples.inputs), part(samples.targets), weights)


def subject_of(subject: Any, x: Any, y: Any, training: Any, arguments: dict[str, Any]) -> Subject:
    """The subject that a function of this package was given.

    Parameters
    ----------
    subject
        A compiled model (then `x` and `y` are arrays), a network document (then `x` is a data set or its id, and
        `training` says how), or a `Subject`.

    Raises
    ------
    core.errors.SettingError
        It is something else, or something is missing.
    """
    from core.model import Model

    if isinstance(subject, Subject):
        return subject
    if isinstance(subject, Model):
        if x is None or y is None:
            message = "A model is studied on samples: give x and y as to fit."
            raise SettingError(message, "x")
        if training is not None:
            message = "A model says itself how it is trained (compile): leave training= out, it is for networks."
            raise SettingError(message, "training")
        return Subject.of_model(subject, x, y, **arguments)
    if isinstance(subject, Network):
        if x is None or training is None:
            message = "A network is studied on a data set: give its id or core.datasets.load(...), and training=."
            raise SettingError(message, "x")
        if not isinstance(training, Training):
            message = f"training is a core.spec.training.Training; it is {training!r}."
            raise SettingError(message, "training")
        return Subject.of_document(subject, training, x)
    raise SettingError(
        "A study needs a compiled model with x and y, or a network with a data set and training=; "
        f"{type(subject).__name__} is neither.",
        "model",
    )

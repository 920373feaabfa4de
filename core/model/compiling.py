"""How a model is trained: optimizer, losses and metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from core import arguments
from core import losses as losses_module
from core import metrics as metrics_module
from core import optimizers as optimizers_module
from core.errors import ChainruleError, SettingError, give_advice
from core.model.weights import Weights
from core.spec.advice import advise
from core.spec.training import Training, check_training, check_whole

#: The sentence about training what was never compiled.
NO_LOSS = "The model has no loss yet: call compile(optimizer=..., loss=...) first."


class Compiling(Weights):
    """A model that is told how to train."""

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        **wrong: Any,
    ) -> None:
        """Choose how to train. Arguments are in Keras's order.

        Parameters
        ----------
        optimizer, loss
            Names or objects; "crossentropy" is the one that fits the first targets. Several outputs take one loss for
            all, a list, or a dictionary by the outputs' names.
        metrics, weighted_metrics
            Lists of names or objects of `core.metrics`. Several outputs take a list for each, or a dictionary by the
            outputs' names. Of `weighted_metrics` samples count their weights.
        loss_weights
            How much the losses of several outputs count: a list, or a dictionary by the outputs' names.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
            Keras's, which say how it is computed: only values that change nothing are taken.
        """
        arguments.refuse_others(Compiling.compile, wrong)
        arguments.require_harmless(
            run_eagerly=run_eagerly, steps_per_execution=steps_per_execution,
            jit_compile=jit_compile, auto_scale_loss=auto_scale_loss,
        )  # fmt: skip
        chosen = optimizers_module.get(optimizer)
        require_loss(loss)
        count = len(self.network.outputs)
        if isinstance(loss, dict) and "class_name" not in loss:
            loss = self._by_output(loss, "loss")
        if isinstance(loss_weights, dict):
            loss_weights = self._by_output(loss_weights, "loss_weights")
        given = list(loss) if isinstance(loss, (list, tuple)) else [loss] * count
        undecided = any(losses_module.is_open(item) for item in given)
        losses = [
            losses_module.get("binary_crossentropy" if losses_module.is_open(item) else item)
            for item in given
        ]
        if len(losses) != count:
            raise ChainruleError(
                f"The model has {count} output{'s' if count != 1 else ''}, but {len(losses)} losses are given. "
                "Give one loss for all, or one for each."
            )
        if loss_weights is not None:
            losses = _weighted(losses, loss_weights)
        plain, heavy = (
            self._metrics_by_output(one, what)
            for one, what in ((metrics, "metrics"), (weighted_metrics, "weighted_metrics"))
        )
        named = [] if undecided else metrics_module.measured(plain, heavy, losses, self._outputs())
        self._values = self._weights()
        self._optimizer.on_rate = None
        self._optimizer, self._metric_list = chosen, named
        self._metrics, self._weighted_metrics = map(metrics_module.documents, (plain, heavy))
        self._optimizer.on_rate = self._change_rate
        self._loss = losses if count > 1 else losses[0]
        self._run = self._memory = self._undecided = None
        self._compiled, self._spoken_of = self.network, ()
        if undecided:
            self._loss, told = None, (chosen, given, loss_weights, metrics, weighted_metrics)
            self._undecided = told
            return
        for hint in self.advice:
            give_advice(hint)

    @property
    def advice(self) -> tuple[str, ...]:
        """What the model does that learners seldom mean, a sentence each; `compile` warns of it."""
        read = [loss.to_document() for loss in self.losses]
        found = advise(self.network, self._inspection.rows, read or None)
        return tuple(one.sentence for one in found)

    @property
    def optimizer(self) -> optimizers_module.Optimizer:
        """The optimizer. A learning rate given to it holds from the next step on."""
        if self._run is not None:
            from core.kernels import state as machine

            self._optimizer.iterations = int(self._run.program.state[machine.ITERATION])
            self._optimizer.steps_per_epoch = self._run.batches
        return self._optimizer

    def _change_rate(self, rate: float) -> None:
        if self._run is not None:
            self._run.set("learning_rate", rate)

    @property
    def losses(self) -> list[losses_module.Loss]:
        """The loss of each output; empty before `compile`."""
        if self._loss is None:
            return []
        return list(self._loss) if isinstance(self._loss, list) else [self._loss]

    def document(self) -> Training:
        """How the model is trained, as a document; its loss is empty if it was never compiled."""
        if self._loss is None:
            return Training(
                optimizer=self._optimizer.to_config(), loss="", metrics=(), seed=self.seed
            )
        return self._training(self._run.training.batch_size if self._run is not None else 32)

    def _training(self, batch_size: int, truncated_bptt_steps: int | None = None) -> Training:
        training = Training(
            optimizer=self._optimizer.to_config(), loss=self.losses[0].to_document(),
            metrics=self._metrics, weighted_metrics=self._weighted_metrics,
            batch_size=check_whole("batch_size", batch_size, 1), seed=self.seed,
            truncated_bptt_steps=truncated_bptt_steps,
        )  # fmt: skip
        check_training(training)
        return training

    def _metrics_by_output(self, given: Any, what: str) -> list[Any]:
        """Metrics of the one output, or a list for each of several."""
        checked_metrics(given, what)
        names = self._output_names()
        if len(names) == 1:
            return flat(given)
        if not given:
            return []
        if isinstance(given, dict):
            for name in given:
                if name not in names:
                    raise SettingError(
                        f"{what} names {name!r}, which is no output. Outputs are: {', '.join(names)}.",
                        what,
                    )
            return [flat(given.get(name)) for name in names]
        if isinstance(given, str) or len(given) != len(names):
            raise SettingError(
                f"The model has {len(names)} outputs, so {what} must be a list with the metrics of each, or a "
                f"dictionary: "
                f"{{{names[0]!r}: [...], {names[1]!r}: [...]}}; {given!r} is given.",
                what,
            )
        return [flat(one) for one in given]

    @property
    def metrics(self) -> list[metrics_module.Metric]:
        """The metrics `compile` was given, output by output; their `result()` is what was measured last."""
        return [one.metric for own in self._metric_list for one in own]

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` measures, in its order: the loss, that of each output, what `compile` was given."""
        if self._loss is None:
            return []
        names, many = self._output_names(), len(self.network.outputs) > 1
        if len(set(names)) < len(names):
            names = [self.network.source(output)[0] for output in self.network.outputs]
        found = ["loss", *(f"{name}_loss" for name in names if many)]
        for name, own in zip(names, self._metric_list, strict=True):
            found += [f"{name}_{one.name}" if many else one.name for one in own]
        return found

    def _by_output(self, given: dict[str, Any], what: str) -> list[Any]:
        """The values of a dictionary in the order of the outputs."""
        names = self._output_names()
        if set(given) != set(names):
            raise SettingError(
                f"{what} must name every output: {', '.join(names)}. It names {', '.join(map(str, given))}.",
                what,
            )
        return [given[name] for name in names]

    def _outputs(self) -> list[tuple[int, ...]]:
        return [tuple(self._inspection.shape(output)) for output in self.network.outputs]

    def _output_names(self) -> list[str]:
        return [self._inspection.row(self.network.source(o)[0]).name for o in self.network.outputs]


def require_loss(loss: Any) -> None:
    """Say so if `compile` is given no loss."""
    if loss is None:
        message = 'compile needs a loss, for example loss="mean_squared_error".'
        raise ChainruleError(message)


def checked_metrics(given: Any, what: str = "metrics") -> None:
    """Say so if what `compile` is given are no metrics."""
    if given is not None and not isinstance(given, (str, list, tuple, dict)):
        message = f'{what} are a list of names such as ["accuracy"]; {given!r} is given.'
        raise SettingError(message, what)
    metrics_module.check(flat(given))


def flat(given: Any) -> list[Any]:
    """All metrics in lists and dictionaries of them, one after the other."""
    if given is None:
        return []
    if isinstance(given, dict) and "class_name" not in given:
        return [one for part in given.values() for one in flat(part)]
    if isinstance(given, (list, tuple)):
        return [one for part in given for one in flat(part)]
    return [given]


def _weighted(losses: list[losses_module.Loss], weights: Any) -> list[losses_module.Loss]:
    """Copies of the losses that count this much."""
    given = list(weights) if isinstance(weights, (list, tuple, np.ndarray)) else [weights]
    if len(given) != len(losses) or not all(_counts(w) for w in given):
        raise ChainruleError(
            f"loss_weights must be {len(losses)} numbers that are not negative, one for each output; they are "
            f"{weights!r}."
        )
    return [one.weighted(float(w)) for one, w in zip(losses, given, strict=True)]


def _counts(weight: Any) -> bool:
    number = isinstance(weight, (int, float, np.integer, np.floating))
    return number and not isinstance(weight, bool) and 0 <= float(weight) < float("inf")

"""Measuring a network that is being trained: metrics and outputs with the weights as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from core.kernels import state as S
from core.ops.averages import COUNT
from core.runs.samples import Samples
from core.spec.network import Network
from core.spec.training import Training
from core.tape.compiler import compile_network
from core.tape.program import Program
from core.tape.totals import all_values, epoch_values

if TYPE_CHECKING:
    from core.tape.compiler import Tape

#: Samples evaluated or predicted in one go.
BATCH = 128


def evaluation_batch(trained: Program, batch_size: int) -> int:
    """In batches of what size to measure: any if that changes nothing, else of the size asked for, as in Keras.

    It changes the loss where that of a batch is a sum, or divided by how many time steps of the batch count. States
    that last have a row for each sample of a batch, so batches stay as large as in training.
    """
    return trained.capacity if trained.states() else batch_of(trained.tape, batch_size)


def batch_of(tape: Tape, batch_size: int) -> int:
    """The same of a tape without states that last, whatever it was written for."""
    for ins in tape.instructions:
        if ins.op == "loss_share" and ins.attributes["way"] != COUNT:
            return batch_size
        if ins.op == "batch_mean" and not ins.attributes["mean"]:
            return batch_size
    return BATCH


class Measure:
    """Programs without backward and update instructions, compiled when they are first asked for.

    Parameters
    ----------
    trained
        The program whose weights are measured.
    network, training, loss
        What it was compiled from.
    """

    def __init__(self, trained: Program, network: Network, training: Training, loss: Any) -> None:
        self._trained, self._network = trained, network
        self._training, self._loss = training, loss
        #: States that last have a row for each sample of a batch.
        self._batch = trained.capacity if trained.states() else BATCH
        self._evaluators: dict[tuple[bool, int], Program] = {}
        self._predictor: Program | None = None
        #: Of the last evaluation.
        self._measured: Program | None = None

    def evaluation(
        self, data: Samples, chunk: int, batch_size: int | None = None, exact: bool = False
    ) -> Iterator[dict[str, float]]:
        """Metrics of these samples: of those so far after every `chunk` batches, and of all at the end.

        With `exact` batches have the size asked for where any other would do, too: somebody wants to hear of them.
        """
        if not len(data):
            return
        size = batch_size or self._training.batch_size
        if not exact or self._trained.states():
            size = evaluation_batch(self._trained, size)
        program = self._evaluator(data.weights is not None, size)
        self._measured = program
        program.attach(data.inputs, data.targets, weights=data.weights)
        program.copy_weights_from(self._trained)
        program.state[S.STEP] = program.state[S.SHUFFLE] = 0
        batches = int(program.state[S.BATCHES])
        for batch in range(batches):
            # One by one: a loss that is not finite is a result here, and must not stop the machine.
            program.run()
            program.state[S.STEP] += 1
            if (batch + 1) % chunk and batch + 1 < batches:
                continue
            yield epoch_values(program)

    def results(self) -> dict[str, Any]:
        """What the last evaluation measured, of metrics of several numbers all of them."""
        return {} if self._measured is None else all_values(self._measured)

    def _evaluator(self, weighted: bool, size: int) -> Program:
        key = (weighted, size)
        if key not in self._evaluators:
            tape = compile_network(self._network, "evaluate", loss=self._loss,
                                   metrics=self._training.metrics,
                                   weighted_metrics=self._training.weighted_metrics, batch_size=size,
                                   weighted=weighted)  # fmt: skip
            self._evaluators[key] = Program(tape, size)
        return self._evaluators[key]

    @property
    def predictor(self) -> Program:
        """The forward program with the weights as they are now."""
        if self._predictor is None:
            self._predictor = Program(
                compile_network(self._network, "predict", batch_size=self._batch), self._batch
            )
        self._predictor.copy_weights_from(self._trained)
        return self._predictor

    def predict(self, x: Any) -> np.ndarray:
        """Outputs for inputs (samples, ...), already scaled."""
        program = self.predictor
        out = next(iter(program.tape.outputs.values()))
        given = np.asarray(x, np.float32)
        results = []
        for start in range(0, len(given), self._batch):
            program.feed([given[start : start + self._batch]])
            program.run()
            results.append(program.tensor(out.name).copy())
        return np.concatenate(results) if results else np.zeros((0, *out.shape), np.float32)

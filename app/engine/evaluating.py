"""Loss, accuracy and confusion over all held-out samples, in pieces. Worker thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from app.engine.looking import decide, labels_of
from app.snapshots import EvaluationView, read_only
from core.kernels import state as S
from core.runs.measuring import evaluation_batch
from core.tape.compiler import compile_network
from core.tape.program import Program
from core.tape.totals import epoch_values

if TYPE_CHECKING:
    from core.data import DataInfo
    from core.runs import Run


class Evaluator:
    """Evaluates one run; its program is compiled once.

    Attributes
    ----------
    wrong
        Indices of the held-out samples that were wrong at the last evaluation, or None.
    """

    def __init__(self, run: Run, info: DataInfo) -> None:
        self._info = info
        self.wrong: np.ndarray | None = None
        self._samples = run.validation or run.samples
        self._labels = labels_of(self._samples.targets[0].array)
        #: Samples in one piece: a few milliseconds of the digits CNN.
        self._piece = piece = evaluation_batch(run.program, run.training.batch_size)
        tape = compile_network(
            run.network,
            "evaluate",
            loss=run.loss,
            metrics=run.training.metrics,
            weighted_metrics=run.training.weighted_metrics,
            batch_size=piece,
        )
        self._program = Program(tape, min(piece, max(1, len(self._samples))))
        self._program.attach(self._samples.inputs, self._samples.targets)
        self._output = next(iter(tape.outputs.values())).name
        self._serial = self._asked = 0

    def pieces(self, run: Run) -> Iterator[EvaluationView | None]:
        """Yield None after each piece and the result at the end.

        The weights are copied at the first piece: training may go on in between. Whoever asks later has the result;
        what was begun before ends without one.
        """
        self._asked += 1
        asked = self._asked
        program, step, epoch = self._program, run.step_count, run.position.epoch
        program.copy_weights_from(run.program)
        program.state[S.STEP] = program.state[S.SHUFFLE] = 0
        count = len(self._samples)
        predicted = np.zeros(count, np.int64)
        for piece in range(int(program.state[S.BATCHES])):
            program.run()
            program.state[S.STEP] += 1
            rows = program.rows
            predicted[piece * self._piece : piece * self._piece + rows] = decide(
                program.tensor(self._output)
            )[0]
            yield None
            if asked != self._asked:
                return
        yield self._result(step, epoch, count, predicted)

    def _result(self, step: int, epoch: int, count: int, predicted: np.ndarray) -> EvaluationView:
        metrics = epoch_values(self._program)
        accuracy = next((v for k, v in metrics.items() if k.startswith("accuracy")), None)
        confusion = None
        classes = self._info.classes
        if classes and self._labels is not None:
            n = max(len(classes), int(self._labels.max()) + 1, int(predicted.max()) + 1)
            counts = np.bincount(self._labels * n + predicted, minlength=n * n)
            confusion = read_only(counts.reshape(n, n), np.int64)
            self.wrong = np.flatnonzero(self._labels != predicted)
        self._serial += 1
        return EvaluationView(
            step=step,
            epoch=epoch,
            samples=count,
            loss=next(v for k, v in metrics.items() if k.startswith("loss")),
            accuracy=accuracy,
            metrics=metrics,
            confusion=confusion,
            classes=tuple(classes),
            serial=self._serial,
        )

"""Loss, metrics and outputs of a model as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from core import arguments
from core.callbacks import CallbackList
from core.errors import ChainruleError
from core.layers.base import Layer
from core.metrics import ConfusionMatrix
from core.model.reading import cut
from core.model.running import Running
from core.model.turn import one_by_one
from core.spec.training import check_whole


class Measuring(Running):
    """A model that can be measured."""

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss, or a list of loss and metrics, on these samples taken as one batch."""
        size = len(self._given_inputs(x)[0])
        return self.evaluate(x, y, max(size, 1), 0, sample_weight, return_dict=return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for inputs taken as one batch."""
        return self.predict(x, max(len(self._given_inputs(x)[0]), 1))

    @one_by_one
    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = 32,
        verbose: Any = 0,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **wrong: Any,
    ) -> Any:
        """The loss, or a list of loss and metrics, on these samples, or on the first `steps` batches of them.

        `batch_size` matters where the loss of a batch is a sum, or where masked steps do not count: as in Keras the
        result is the mean of the batches' losses, each counting as many samples as it has.
        """
        arguments.refuse_others(Measuring.evaluate, wrong)
        batch_size = arguments.batch_of(batch_size)
        verbose = arguments.loudness(verbose)
        samples = self._samples(x, y, sample_weight)
        if steps is not None:
            steps = check_whole("steps", steps, 1)
            samples = cut(samples, 0, min(steps * batch_size, len(samples)))
        self._pull()
        run = self._run if self._run is not None else self._ready(samples, batch_size)
        watching = CallbackList(
            callbacks, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1,
            steps=-(-len(samples) // batch_size),
        )  # fmt: skip
        found = self._logged(self._measured(run, samples, batch_size, watching))
        return told(found, return_dict)

    @one_by_one
    def _measured(
        self, run: Any, samples: Any, batch_size: int, watching: CallbackList
    ) -> dict[str, float]:
        """What a run measures on samples, under the tape's names; callbacks are told."""
        self.stop_evaluating = False
        watching.on_test_begin()
        found: dict[str, float] = {}
        if watching.hears("test"):
            size = run.program.capacity if run.program.states() else batch_size
            batches = -(-len(samples) // size)
            pieces = run.iter_evaluation(samples, 1, batch_size, exact=True)
            for batch in range(batches):
                watching.on_test_batch_begin(batch)
                found = next(pieces)
                watching.on_test_batch_end(batch, self._logged(found))
                if self.stop_evaluating:
                    break
            pieces.close()
        else:
            found = run.evaluate(samples, batch_size)
        self._tell_metrics(run.results())
        watching.on_test_end(self._logged(found))
        return found

    def confusion_matrix(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = 32,
        sample_weight: Any = None,
        threshold: float = 0.5,
    ) -> np.ndarray:
        """How many samples of each class (row) the model takes for each class (column).

        Targets are labels or one-hot rows; of a single output the classes are 0 and 1, told apart at `threshold`. Keras
        has no such method.
        """
        if len(self.network.outputs) > 1:
            raise ChainruleError(
                "The model has several outputs. Give one's predictions to metrics.ConfusionMatrix: "
                "m.update_state(y, model.predict(x)[0]); m.result()."
            )
        metric = ConfusionMatrix(threshold)
        shown = self.predict(x, batch_size)
        metric.update_state(self._given_targets(y)[0], shown, sample_weight)
        found = np.asarray(metric.result())
        return found if sample_weight is not None else found.astype(np.int64)

    @one_by_one
    def predict(
        self,
        x: Any,
        batch_size: int | None = 32,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Outputs for inputs (samples, ...), or for the first `steps` batches; a `batch_size` of None is 32."""
        from core.runs.samples import require_whole_batches
        from core.tape.capacity import rows_that_fit
        from core.tape.compiler import compile_network
        from core.tape.program import Program

        batch_size, verbose = arguments.batch_of(batch_size), arguments.loudness(verbose)
        xs = [item.astype(np.float32, copy=False) for item in self._inputs(x)]
        if steps is not None:
            count = check_whole("steps", steps, 1) * batch_size
            xs = [item[:count] for item in xs]
        watching = CallbackList(
            callbacks, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1,
            steps=-(-len(xs[0]) // batch_size),
        )  # fmt: skip
        if self._predictor is None:
            tape = compile_network(self.network, "predict", batch_size=1)
            self._predictor = Program(tape, rows_that_fit(tape, 128))
        if self._predictor.states():
            size = max(1, min(batch_size, len(xs[0])))
            if self._predictor.capacity != size:
                tape = compile_network(self.network, "predict", batch_size=size)
                self._predictor = Program(tape, size)
            require_whole_batches(self._predictor, len(xs[0]))
        program = self._predictor
        program.set_weights(self._weights())
        # As in Keras, states are those of the layer: prediction goes on where training is, and training after it.
        shared = self._run is not None and self._run.program.capacity == program.capacity
        if shared:
            program.set_states(self._run.program.states())
        outs: list[list[np.ndarray]] = [[] for _ in program.tape.outputs]
        hears, size = watching.hears("predict"), program.capacity
        if hears and not program.states():
            size = batch_size
            if program.capacity < size:
                tape = compile_network(self.network, "predict", batch_size=size)
                program = Program(tape, size)
                program.set_weights(self._weights())
        self.stop_predicting = False
        watching.on_predict_begin()
        for batch, start in enumerate(range(0, len(xs[0]), size)):
            if hears:
                watching.on_predict_batch_begin(batch)
            program.feed([item[start : start + size] for item in xs])
            program.run()
            for k, t in enumerate(program.tape.outputs.values()):
                outs[k].append(program.tensor(t.name).copy())
            if hears:
                last = [found[-1] for found in outs]
                watching.on_predict_batch_end(
                    batch, {"outputs": last[0] if len(last) == 1 else last}
                )
                if self.stop_predicting:
                    break
        watching.on_predict_end()
        if shared and program.states():
            self._run.replace_states(program.states())
        empty = [np.zeros((0, *t.shape), np.float32) for t in program.tape.outputs.values()]
        results = [np.concatenate(found) if found else empty[k] for k, found in enumerate(outs)]
        return results[0] if len(results) == 1 else results

    @one_by_one
    def reset_states(self, layer: Layer | None = None) -> None:
        """Let the states of stateful layers (or of one of them) begin at 0 again."""
        own = None if layer is None else self._ids[id(layer)]
        if self._run is not None:
            self._run.reset_states(own)
        if self._predictor is not None:
            self._predictor.clear_states(own)


def told(found: dict[str, float], return_dict: bool) -> Any:
    """Loss and metrics as Keras returns them: by name, or as a list, or one number if there is only the loss."""
    if return_dict:
        return found
    values = list(found.values())
    return values[0] if len(values) == 1 else values

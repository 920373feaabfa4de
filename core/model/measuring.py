"""Loss, metrics and outputs of a model as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from core import arguments
from core.layers.base import Layer
from core.model.running import Running
from core.spec.training import check_whole


class Measuring(Running):
    """A model that can be measured."""

    def test_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss, or a list of loss and metrics, on these samples taken as one batch."""
        size = len(self._given_inputs(x)[0])
        return self.evaluate(x, y, max(size, 1), 0, sample_weight, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for inputs taken as one batch."""
        return self.predict(x, max(len(self._given_inputs(x)[0]), 1))

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        verbose: Any = 0,
        sample_weight: Any = None,
        return_dict: bool = False,
        **wrong: Any,
    ) -> Any:
        """The loss, or a list of loss and metrics, on these samples.

        `batch_size` matters where the loss of a batch is a sum, or where masked steps do not count: as in Keras the
        result is the mean of the batches' losses, each counting as many samples as it has.
        """
        arguments.refuse_others(Measuring.evaluate, wrong)
        batch_size = check_whole("batch_size", batch_size, 1)
        arguments.loudness(verbose)
        samples = self._samples(x, y, sample_weight)
        self._pull()
        run = self._run if self._run is not None else self._ready(samples, batch_size)
        return told(self._logged(run.evaluate(samples, batch_size)), return_dict)

    def predict(self, x: Any, batch_size: int | None = 32, verbose: Any = 0) -> Any:
        """Outputs for inputs (samples, ...); as in Keras a `batch_size` of None is 32."""
        from core.runs.samples import require_whole_batches
        from core.tape.compiler import compile_network
        from core.tape.program import Program

        batch_size = 32 if batch_size is None else check_whole("batch_size", batch_size, 1)
        arguments.loudness(verbose)
        xs = [item.astype(np.float32, copy=False) for item in self._inputs(x)]
        if self._predictor is None:
            self._predictor = Program(compile_network(self.network, "predict"), 128)
        if self._predictor.states():
            size = max(1, min(batch_size, len(xs[0])))
            if self._predictor.capacity != size:
                self._predictor = Program(compile_network(self.network, "predict"), size)
            require_whole_batches(self._predictor, len(xs[0]))
        program = self._predictor
        program.set_weights(self._weights())
        # As in Keras, states are those of the layer: prediction goes on where training is, and training after it.
        shared = self._run is not None and self._run.program.capacity == program.capacity
        if shared:
            program.set_states(self._run.program.states())
        outs: list[list[np.ndarray]] = [[] for _ in program.tape.outputs]
        size = program.capacity
        for start in range(0, len(xs[0]), size):
            program.feed([item[start : start + size] for item in xs])
            program.run()
            for k, t in enumerate(program.tape.outputs.values()):
                outs[k].append(program.tensor(t.name).copy())
        if shared and program.states():
            self._run.replace_states(program.states())
        empty = [np.zeros((0, *t.shape), np.float32) for t in program.tape.outputs.values()]
        results = [np.concatenate(found) if found else empty[k] for k, found in enumerate(outs)]
        return results[0] if len(results) == 1 else results

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

"""The programs behind explanations: scores of many inputs, and gradients of a score with respect to input or layer.

They are compile options of the same network (`core.tape.compiler`): predicting reads the moving statistics of batch
normalisation and leaves dropout out, and so does everything that explains a prediction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import ChainruleError
from core.explain.score import Score
from core.spec.inspection import inspect
from core.tape.capacity import rows_that_fit
from core.tape.compiler import Tape, before_link, compile_network
from core.tape.program import Program

if TYPE_CHECKING:
    from core.spec.network import Network

Array: TypeAlias = npt.NDArray[Any]

#: Rows that are explained at once at most: more are no faster, and hold up who wants to stop.
MOST_ROWS = 64


@dataclass(frozen=True)
class Gradient:
    """A score and its derivative.

    Attributes
    ----------
    scores
        (rows,)
    values
        What is differentiated with respect to: (rows, ...), the input or a layer's output.
    gradient
        Like `values`.
    """

    scores: Array
    values: Array
    gradient: Array


class Explainer:
    """A network with weights, ready to be explained. Owned by one thread.

    Parameters
    ----------
    network
        One image (or one table row, or one sequence) goes in; several outputs are possible, the first is explained.
    weights
        By name, as `core.model.Model.weights_by_name` gives them; see `set_weights`.
    dtype
        float32, or float64 to check against.

    Attributes
    ----------
    network
    input_shape, output_shape
        Of one sample.
    shapes
        Output shape of each layer by its id.

    Raises
    ------
    core.errors.ChainruleError
        The network has a problem, or several inputs.
    """

    def __init__(
        self,
        network: Network,
        weights: dict[str, np.ndarray] | None = None,
        dtype: Any = np.float32,
    ) -> None:
        found = inspect(network, batch_size=1)
        for problem in found.problems:
            raise ChainruleError(problem.sentence)
        inputs = [row for row in found.rows if row.kind == "InputLayer"]
        if len(inputs) != 1:
            message = f"Explanations are of networks with one input; this one has {len(inputs)}."
            raise ChainruleError(message)
        self.network, self.dtype = network, np.dtype(dtype)
        self.input_shape: tuple[int, ...] = tuple(inputs[0].output_shape or ())
        self.output_shape: tuple[int, ...] = tuple(found.shape(network.outputs[0]))
        self.shapes = {row.layer: tuple(row.output_shape or ()) for row in found.rows}
        self._weights: dict[str, np.ndarray] = dict(weights or {})
        self._version = 0
        self._versions: dict[Any, int] = {}
        self._programs: dict[Any, Program] = {}

    @property
    def classes(self) -> int:
        """How many numbers the network gives for a sample.

        Raises
        ------
        core.errors.ChainruleError
            Its output is no list of numbers.
        """
        if len(self.output_shape) == 1:
            return self.output_shape[0]
        sizes = "×".join(map(str, self.output_shape))
        message = f"Explanations are of networks that give one list of numbers; this one gives {sizes} a sample."
        raise ChainruleError(message)

    def set_weights(self, weights: dict[str, np.ndarray]) -> None:
        """Explain the network with these weights from now on; those that are not named stay."""
        self._weights = {**self._weights, **weights}
        self._version += 1

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The weights that are explained, by name."""
        return dict(self._weights)

    # ---- forward ------------------------------------------------------------------------------------------------

    def outputs(self, x: np.ndarray, on: str = "score") -> np.ndarray:
        """The numbers of all classes for samples.

        Parameters
        ----------
        x
            (rows, ...)
        on
            ``"score"`` or ``"probability"``.

        Returns
        -------
        (rows, classes)
        """
        pieces = [piece.copy() for piece in self.iter_outputs(x, on)]
        return np.concatenate(pieces) if pieces else np.zeros((0, self.classes), self.dtype)

    def iter_outputs(self, x: np.ndarray, on: str = "score") -> Iterator[np.ndarray]:
        """As `outputs`, a batch at a time; what is given is overwritten by the next."""
        program = self._program("predict")
        name = _score_tensor(program.tape, on).name
        for start in range(0, len(x), program.capacity):
            program.feed([x[start : start + program.capacity]])
            program.run()
            yield program.tensor(name)

    @property
    def rows_at_once(self) -> int:
        """How many samples `outputs` takes at a time."""
        return self._program("predict").capacity

    def numbers(self, x: np.ndarray, score: Score) -> np.ndarray:
        """The number that is explained, of each sample: (rows,)."""
        return picked(self.outputs(x, score.on), score)

    @property
    def predictor(self) -> Program:
        """The program that predicts, with the values of what it predicted last."""
        return self._program("predict")

    def layer_outputs(self, x: np.ndarray, only: Iterable[str] = ()) -> dict[str, np.ndarray]:
        """The output of every layer by its id: (rows, ...); of some of them only, if they are named."""
        program = self._program("predict")
        found: dict[str, list[np.ndarray]] = {}
        names = {t: f"{t}/output" for t in only or self.shapes}
        for start in range(0, len(x), program.capacity):
            program.feed([x[start : start + program.capacity]])
            program.run()
            for layer, name in names.items():
                if name in program.tape.tensors:
                    found.setdefault(layer, []).append(program.tensor(name).copy())
        return {layer: np.concatenate(pieces) for layer, pieces in found.items()}

    # ---- backward -----------------------------------------------------------------------------------------------

    def gradient(
        self, x: np.ndarray, score: Score, *, wrt: str = "input", relu_backward: str = "standard"
    ) -> Gradient:
        """A score of samples, and its gradient with respect to the input or the output of a layer.

        Parameters
        ----------
        x
            (rows, ...)
        score
            Of every sample.
        wrt
            ``"input"``, or the id of a layer.
        relu_backward
            ``"standard"`` or ``"guided"`` (Springenberg et al. 2014).
        """
        pieces = list(self.iter_gradient(x, score, wrt=wrt, relu_backward=relu_backward))
        return Gradient(
            *(np.concatenate([getattr(p, name) for p in pieces])
              for name in ("scores", "values", "gradient"))
        )  # fmt: skip

    def iter_gradient(
        self, x: np.ndarray, score: Score, *, wrt: str = "input", relu_backward: str = "standard"
    ) -> Iterator[Gradient]:
        """As `gradient`, a batch at a time."""
        program = self._program("explain", wrt, relu_backward, _head(score))
        program.set_scalar("score_class", float(score.class_index))
        if score.against is not None:
            program.set_scalar("score_against", float(score.against))
        tape = program.tape
        name = next(iter(tape.inputs.values())).name if wrt == "input" else f"{wrt}/output"
        for start in range(0, len(x), program.capacity):
            program.feed([x[start : start + program.capacity]])
            program.run()
            yield Gradient(
                program.tensor("score").copy(),
                program.tensor(name).copy(),
                program.tensor(f"grad/{name}").copy(),
            )

    def gradients_at_once(self, score: Score) -> int:
        """How many samples `gradient` takes at a time: on large pictures few, so that parts come soon."""
        return self._program("explain", "input", "standard", _head(score)).capacity

    # ---- programs -----------------------------------------------------------------------------------------------

    def _program(self, mode: str, *options: str) -> Program:
        key = (mode, *options)
        program = self._programs.get(key)
        if program is None:
            named = dict(zip(("wrt", "relu_backward", "head"), options, strict=False))
            tape = compile_network(self.network, mode, batch_size=1, **named)  # type: ignore[arg-type]
            program = Program(tape, rows_that_fit(tape, MOST_ROWS, self.dtype), self.dtype)
            self._programs[key] = program
        if self._versions.get(key) != self._version:
            # All weights the tape knows: a piece of a network has only some of them.
            known = {slot.tensor.name for slot in program.tape.weights}
            program.set_weights({k: v for k, v in self._weights.items() if k in known})
            self._versions[key] = self._version
        return program


def picked(outputs: np.ndarray, score: Score) -> np.ndarray:
    """The number that is explained: (rows,) of (rows, classes)."""
    chosen = outputs[:, score.class_index]
    return chosen if score.against is None else chosen - outputs[:, score.against]


def _head(score: Score) -> str:
    return score.on if score.against is None else f"{score.on}_contrast"


def _score_tensor(tape: Tape, on: str) -> Any:
    """Where the numbers stand that a score is taken from."""
    out = tape.outputs[tape.network.outputs[0]]
    if on == "probability":
        return out
    return before_link(next((i for i in reversed(tape.instructions) if i.output is out), None), out)

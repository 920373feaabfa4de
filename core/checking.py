"""Is the gradient right? Every weight is moved a little, and the loss must do what backpropagation says.

>>> import numpy as np
>>> import core
>>> from core import layers
>>> model = core.Sequential([core.Input((2,)), layers.Dense(3, activation="tanh"), layers.Dense(1)], seed=0)
>>> model.compile(optimizer="sgd", loss="mse")
>>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
>>> core.gradient_check(model, x, [[0.0], [1.0], [1.0], [0.0]]).ok
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ChainruleError
from core.ops.base import operation
from core.spec.training import check_whole
from core.tape.compiler import Tape, compile_network
from core.tape.program import Program

from core.kernels import state as S  # isort: skip - after core.tape, which decides where Numba keeps compiled code

if TYPE_CHECKING:
    from core.model import Model

#: How well gradients agree: relative to the largest one of the same weight. In float32 a number has seven digits, of
#: which the sums of a network lose some; three that are right prove the formula and not the arithmetic.
BOUNDS = {"float64": 1e-5, "float32": 1e-3}
#: Halves of the widths of the differences, relative to the number that is moved (or to 1 if it is smaller).
WIDTHS = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
#: Differences of two widths that agree this well have met no kink between them.
SMOOTH = 1e-6
#: A gradient below this share of the largest one of all weights counts as rounding.
NOTHING = 1e-7


@dataclass(frozen=True)
class CheckedWeight:
    """What was found for one weight, or for an input.

    Attributes
    ----------
    name
        As on the tape: ``"dense/kernel"``; an input is called ``"input_1/x"``.
    shape
        Of a weight; of an input with its samples.
    checked
        How many of its numbers were moved.
    kinks
        How many of them lie where the loss has a corner (a ReLU at 0, a tie of a maximum) and so no slope. They were
        checked at a point beside, to which all weights and inputs are moved by about a thousandth.
    error
        The largest difference between gradient and slope, relative to the largest of them in this weight.
    cell, gradient, slope
        Where that was: backpropagation's number, and what moving the number gives.
    """

    name: str
    shape: tuple[int, ...]
    checked: int
    kinks: int
    error: float
    cell: tuple[int, ...]
    gradient: float
    slope: float


@dataclass(frozen=True)
class GradientCheck:
    """The result of `gradient_check`; printing it shows a table and a sentence.

    Attributes
    ----------
    weights
        One for each weight and each input.
    excluded
        Names of weights that cannot be checked, each with the reason in a sentence.
    bound
        The largest relative error that is right.
    dtype
        In which the gradients were computed.
    samples
        How many samples the loss was taken of.
    note
        What has to be known if a gradient is not the slope, or "".
    """

    weights: tuple[CheckedWeight, ...]
    excluded: dict[str, str]
    bound: float
    dtype: str
    samples: int
    note: str = ""

    @property
    def error(self) -> float:
        """The largest relative error."""
        return max((w.error for w in self.weights), default=0.0)

    @property
    def ok(self) -> bool:
        """True if every gradient is right within the bound."""
        return self.error <= self.bound

    @property
    def sentence(self) -> str:
        """The result in words."""
        if not self.weights:
            nothing = "There is nothing to check: no weight has a gradient that is a slope."
            return nothing + self._left_out()
        count = sum(w.checked for w in self.weights)
        kinks = sum(w.kinks for w in self.weights)
        worst = max(self.weights, key=lambda w: w.error)
        place = f"{worst.name}[{', '.join(map(str, worst.cell))}]"
        if self.ok:
            text = (
                f"The gradients are right: all {count:,} that were checked agree with what moving the numbers gives. "
                f"The largest relative error is {worst.error:.1e}, at {place}; up to {self.bound:g} is right in "
                f"{self.dtype}."
            )
        else:
            text = (
                f"The gradient of {place} is wrong: backpropagation says {worst.gradient:.6g}, but moving the number "
                f"gives {worst.slope:.6g}. The relative error is {worst.error:.1e}; up to {self.bound:g} is right in "
                f"{self.dtype}. {self.note}"
            ).rstrip()
        if kinks:
            where = "lies" if kinks == 1 else "lie"
            text += (
                f" {kinks:,} of them {where} on a corner of the loss (a ReLU at 0, a tie of a maximum), where there is "
                "no slope; they were checked a thousandth beside it."
            )
        return text + self._left_out()

    def _left_out(self) -> str:
        text = ""
        for reason in dict.fromkeys(self.excluded.values()):
            names = [name for name, why in self.excluded.items() if why == reason]
            text += f" Not checked: {', '.join(names)}. {reason}"
        return text

    def __str__(self) -> str:
        rows = [("Weight", "Shape", "Checked", "Kinks", "Largest relative error")]
        for w in self.weights:
            shape = "×".join(map(str, w.shape)) or "one number"
            rows.append((w.name, shape, f"{w.checked:,}", f"{w.kinks:,}", f"{w.error:.1e}"))
        widths = [max(len(row[k]) for row in rows) for k in range(5)]
        lines = [
            "  ".join([f"{row[k]:<{widths[k]}}" for k in (0, 1)] + [f"{row[k]:>{widths[k]}}" for k in (2, 3, 4)])
            for row in rows
        ]  # fmt: skip
        lines.insert(1, "-" * len(lines[0]))
        return "\n".join([*lines, self.sentence])

    __repr__ = __str__


def _require_model(model: Any) -> None:
    """Say so if this is no model of `core`."""
    from core.model import Model

    if isinstance(model, Model):
        return
    made_by = type(model).__module__.partition(".")[0]
    if made_by in ("keras", "torch", "tensorflow", "tf_keras"):
        raise ChainruleError(
            f"gradient_check looks into a model of core; this one is of {made_by}. Build the same layers with "
            "core.Sequential or core.Model, and copy the weights with set_weights."
        )
    message = (
        f"gradient_check takes a compiled model of core first; it is given {type(model).__name__}."
    )
    raise ChainruleError(message)


def gradient_check(
    model: Model,
    x: Any,
    y: Any,
    *,
    samples: int = 8,
    numbers: int = 20,
    dtype: str = "float64",
    seed: int = 0,
) -> GradientCheck:
    """Compare a model's gradients with central differences of its loss.

    The slope of the loss in a weight w is ``(L(w + h) - L(w - h)) / 2h`` for a small h; here the differences of two
    widths, whose errors of second order cancel (Richardson): ``(4 D(h) - D(2h)) / 3``. Everything is computed as in
    training (batch normalization with the statistics of the batch, dropout with the numbers of one step), from the
    weights the model has now, which stay as they are.

    Parameters
    ----------
    model
        Compiled, so that it has a loss.
    x, y
        Inputs and targets as for `fit`.
    samples
        How many samples, from the first.
    numbers
        How many numbers of each weight and each input are moved, drawn with `seed`; all if it has fewer.
    dtype
        ``"float64"``: the gradients, too, in float64, where they must be right within 1e-5. ``"float32"``: the
        gradients as training computes them, where 1e-3 is an honest bound. The differences are always in float64.
    seed
        Start of the draw.

    Returns
    -------
    GradientCheck
        Its `ok`, `error` and `sentence` say the result; `print` it for a table.

    Raises
    ------
    core.errors.ChainruleError
        The model has no loss, or the data do not fit it.
    """
    _require_model(model)
    if dtype not in BOUNDS:
        raise ChainruleError(f'dtype must be "float64" or "float32"; it is {dtype!r}.')
    samples = check_whole("samples", samples, 1)
    numbers = check_whole("numbers", numbers, 1)
    tables = model._samples(x, y)
    rows = min(samples, len(tables))

    def program(wrt: str, element: Any) -> Program:
        tape = compile_network(
            model.network, "check", loss=model.losses, metrics=(), wrt=wrt, batch_size=rows
        )
        made = Program(tape, rows, element, seed=model.seed)
        made.set_weights(model.weights_by_name())
        made.attach(tables.inputs, tables.targets)
        made.state[S.SHUFFLE] = 0
        return made

    return check_programs(program, numbers=numbers, dtype=dtype, seed=seed)


def check_programs(
    make: Callable[[str, Any], Program], *, numbers: int, dtype: str, seed: int
) -> GradientCheck:
    """As `gradient_check`, of programs of mode "check".

    Parameters
    ----------
    make
        (what is differentiated with respect to: "params" or "input", element type) to a program with weights and data.
    """
    rng = np.random.default_rng(seed)
    losses = [_Loss(make(wrt, np.float64), wrt) for wrt in ("params", "input")]
    exact = losses
    if dtype == "float32":
        exact = [_Loss(make(loss.wrt, np.float32), loss.wrt) for loss in losses]
    excluded: dict[str, str] = {}
    jobs: list[tuple[int, str, np.ndarray]] = []
    for side, loss in enumerate(losses):
        reasons = _not_slopes(loss.program.tape)
        for name in loss.names():
            if name in reasons:
                excluded[name] = reasons[name]
            else:
                jobs.append((side, name, exact[side].gradient(name)))
    largest = max((float(np.abs(g).max(initial=0)) for _, _, g in jobs), default=0.0)
    found = [
        _Weight(losses[side], name, gradient, BOUNDS[dtype], largest * NOTHING, numbers, rng)
        for side, name, gradient in jobs
    ]
    if any(weight.corners for weight in found):
        moved = {name: 1e-3 * rng.normal(size=v.shape) for name, v in _movable(losses).items()}
        for loss in {*losses, *exact}:
            loss.move(moved)
        for weight, (side, name, _) in zip(found, jobs, strict=True):
            weight.check_beside(exact[side].gradient(name))
    checked = tuple(weight.result() for weight in found)
    program = losses[0].program
    note = _CUT_OFF if _is_cut_off(program) else ""
    return GradientCheck(checked, excluded, BOUNDS[dtype], dtype, program.rows, note)


#: Operations of probabilities, which Keras keeps away from 0 and 1.
_CUT_OFF_AT = {"binary_rows", "cross_entropy_rows", "sparse_cross_entropy_rows"}
_CUT_OFF = (
    "But the network is sure and wrong about a sample: where the probability of the right class is below 1e-7 the loss "
    "is cut off, as in Keras, and does not move, while backpropagation goes on with p − y, so that it can still learn. "
    "Check the model before it is so sure, or after more training."
)


def _is_cut_off(program: Program) -> bool:
    """True if the cross-entropy of a sample is as large as a probability of 1e-7 makes it."""
    rows = (
        program.tensor(ins.output.name)
        for ins in program.tape.instructions
        if ins.op in _CUT_OFF_AT
    )
    return any(bool((values >= -0.999 * np.log(1e-7)).any()) for values in rows)


def _movable(losses: list[_Loss]) -> dict[str, np.ndarray]:
    """Values of weights and inputs that are any numbers (tokens are not)."""
    return {name: loss.program.tensor(name) for loss in losses for name in loss.names()}


class _Loss:
    """The loss of one batch as a function of the weights, or of the inputs."""

    def __init__(self, program: Program, wrt: str) -> None:
        self.wrt, self.program = wrt, program
        phases = [ins.phase for ins in program.tape.instructions]
        self.first = next(k for k, phase in enumerate(phases) if phase != "data")
        self.last = next((k for k, p in enumerate(phases) if p == "backward"), len(phases))
        program.run()

    def names(self) -> list[str]:
        """Of everything that has a gradient."""
        tape = self.program.tape
        if self.wrt == "input":
            names = [t.name for t in tape.inputs.values()]
        else:
            names = [slot.tensor.name for slot in tape.weights if slot.learns]
        return [name for name in names if f"grad/{name}" in tape.tensors]

    def gradient(self, name: str) -> np.ndarray:
        """Backpropagation's, as it was with the weights the model has."""
        return self.program.tensor(f"grad/{name}").astype(np.float64)

    def move(self, by: dict[str, np.ndarray]) -> None:
        """Go to a point beside: weights and inputs are moved by so much."""
        for name, change in by.items():
            values = self.program.tensor(name)
            values += change * np.maximum(np.abs(values), 1.0)
        self.program.run(self.first)

    def at(self, values: np.ndarray, cell: tuple[int, ...], value: float) -> float:
        """The loss if a cell had this value; the cell keeps it."""
        values[cell] = value
        self.program.run(self.first, self.last)
        return float(self.program.tensor("loss"))


class _Weight:
    """Numbers of one weight, or input, that are moved."""

    def __init__(
        self, loss: _Loss, name: str, gradient: np.ndarray, bound: float, nothing: float, numbers: int, rng: Any
    ) -> None:  # fmt: skip
        self.loss, self.name, self.bound = loss, name, bound
        self.values = loss.program.tensor(name)
        chosen = sorted(rng.permutation(self.values.size)[:numbers])
        self.cells = [tuple(map(int, np.unravel_index(k, self.values.shape))) for k in chosen]
        self.scale = max(float(np.abs(gradient).max(initial=0)), nothing)
        self.found: list[tuple[float, tuple[int, ...], float, float]] = []
        self.corners: list[tuple[int, ...]] = []
        self._compare(gradient, self.cells, self.corners)

    def _compare(
        self, gradient: np.ndarray, cells: list[tuple[int, ...]], corners: list[tuple[int, ...]] | None
    ) -> None:  # fmt: skip
        """Note how far gradient and slope differ; cells without a slope go to `corners`, if they may."""
        slopes = [(cell, *_slope(self.loss, self.values, cell, self.scale)) for cell in cells]
        known = [abs(slope) for _, slope, corner in slopes if isfinite(slope) and not corner]
        self.scale = max([self.scale, *known])
        for cell, slope, corner in slopes:
            mine = float(gradient[cell])
            error = abs(mine - slope) / self.scale if mine != slope else 0.0
            if corners is not None and error > self.bound and corner > 10 * self.bound * self.scale:
                corners.append(cell)
            else:
                self.found.append((error if isfinite(error) else inf, cell, mine, slope))

    def check_beside(self, gradient: np.ndarray) -> None:
        """Check what has no slope where the model stands, now that everything is moved away from there."""
        self.scale = max(self.scale, float(np.abs(gradient).max(initial=0)))
        self._compare(gradient, self.corners, None)

    def result(self) -> CheckedWeight:
        """The worst of it."""
        error, cell, mine, slope = max(self.found, default=(0.0, (), 0.0, 0.0))
        return CheckedWeight(
            self.name, self.values.shape, len(self.cells), len(self.corners), error, cell, mine, slope
        )  # fmt: skip


def _slope(
    loss: _Loss, values: np.ndarray, cell: tuple[int, ...], scale: float
) -> tuple[float, float]:
    """(slope of the loss in one number, how far the slopes to its left and right differ if that is a corner)."""
    old = float(values[cell])
    unit = max(abs(old), 1.0)
    here = loss.at(values, cell, old)
    best = (inf, nan, 0.0)
    for width in WIDTHS:
        h = width * unit
        low, high, lower, higher = (loss.at(values, cell, old + k * h) for k in (-1, 1, -2, 2))
        near, far = (high - low) / (2 * h), (higher - lower) / (4 * h)
        corner, wide = abs(high - 2 * here + low) / h, abs(higher - 2 * here + lower) / (2 * h)
        # One curve through both widths, without a corner in the middle: wide differences have the least rounding.
        bent = abs(near - far) + abs(corner - wide / 2)
        best = min(best, (bent, (4 * near - far) / 3, max(corner, wide)))
        if bent <= SMOOTH * scale:
            best = (bent, best[1], 0.0)
            break
    loss.at(values, cell, old)
    return best[1], best[2]


def _not_slopes(tape: Tape) -> dict[str, str]:
    """Weights and inputs behind an operation that learns by a rule which is not its derivative, with the reason."""
    reasons: dict[int, str] = {}
    for ins in tape.instructions:
        if ins.phase != "backward":
            continue
        known = [reasons[id(t.buffer)] for t in ins.inputs.values() if id(t.buffer) in reasons]
        reason = operation(ins.op).not_the_slope or (known[0] if known else "")
        if reason:
            reasons.update({id(t.buffer): reason for t in ins.outputs.values()})
    return {
        name.removeprefix("grad/"): reasons[id(t.buffer)]
        for name, t in tape.tensors.items()
        if name.startswith("grad/") and id(t.buffer) in reasons
    }

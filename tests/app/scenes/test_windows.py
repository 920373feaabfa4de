"""Close-ups of windows show the engine's numbers: every setting of convolution, pooling and enlarging."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.engine.program_view import program_view
from app.scenes import closeups
from app.scenes.closeups import Subject
from app.scenes.closeups.gathering import evaluate, sample_sums, terms_of
from app.scenes.closeups.planes import exponent_of, power, written
from app.scenes.closeups.windows import WindowCloseup
from core import Input, Model, Sequential, layers
from core.expressions import references
from core.tape.program import Program

ROWS = 3
IMAGE, SEQUENCE = (7, 6, 4), (9, 4)


def _conv(kind: str, shape: tuple[int, ...] = IMAGE, **settings: Any) -> tuple[Any, ...]:
    return (kind, shape, settings)


CASES = {
    "valid": _conv("Conv2D", filters=3, kernel_size=3),
    "same": _conv("Conv2D", filters=3, kernel_size=3, padding="same"),
    "uneven": _conv("Conv2D", filters=2, kernel_size=[4, 3], strides=[2, 3], padding="same"),
    "strides": _conv("Conv2D", filters=2, kernel_size=[2, 3], strides=[2, 1]),
    "dilation": _conv("Conv2D", filters=2, kernel_size=[2, 3], dilation_rate=[3, 2]),
    "same and dilation": _conv("Conv2D", filters=2, kernel_size=3, dilation_rate=[2, 1], padding="same"),
    "groups": _conv("Conv2D", filters=6, kernel_size=3, groups=2, padding="same"),
    "pointwise": _conv("Conv2D", filters=3, kernel_size=1, use_bias=False),
    "one channel": _conv("Conv2D", (8, 8, 1), filters=2, kernel_size=3, activation="relu"),
    "depthwise": _conv("DepthwiseConv2D", kernel_size=3),
    "depthwise many": _conv("DepthwiseConv2D", kernel_size=3, depth_multiplier=2, strides=2, padding="same"),
    "depthwise dilated": _conv("DepthwiseConv2D", kernel_size=[2, 3], dilation_rate=[2, 2]),
    "separable": _conv("SeparableConv2D", filters=3, kernel_size=3, padding="same", depth_multiplier=2),
    "transposed": _conv("Conv2DTranspose", filters=2, kernel_size=3, strides=2, padding="same"),
    "transposed valid": _conv("Conv2DTranspose", filters=2, kernel_size=[2, 3], strides=[3, 2]),
    "sequence": _conv("Conv1D", SEQUENCE, filters=3, kernel_size=3),
    "causal": _conv("Conv1D", SEQUENCE, filters=3, kernel_size=2, dilation_rate=2, padding="causal"),
    "sequence, strides": _conv("Conv1D", SEQUENCE, filters=4, kernel_size=3, strides=2, padding="same", groups=2),
    "maximum": _conv("MaxPooling2D", pool_size=2),
    "maximum, overlapping": _conv("MaxPooling2D", pool_size=3, strides=2, padding="same"),
    "maximum, gaps": _conv("MaxPooling2D", pool_size=2, strides=3),
    "maximum of steps": _conv("MaxPooling1D", SEQUENCE, pool_size=3, strides=2, padding="same"),
    "average": _conv("AveragePooling2D", pool_size=[2, 3]),
    "average, overlapping": _conv("AveragePooling2D", pool_size=3, strides=1, padding="same"),
    "average of steps": _conv("AveragePooling1D", SEQUENCE, pool_size=2),
    "global maximum": _conv("GlobalMaxPooling2D"),
    "global average": _conv("GlobalAveragePooling2D"),
    "global maximum of steps": _conv("GlobalMaxPooling1D", SEQUENCE),
    "global average of steps": _conv("GlobalAveragePooling1D", SEQUENCE),
    "nearest": _conv("UpSampling2D", size=[2, 3]),
    "bilinear": _conv("UpSampling2D", size=[3, 2], interpolation="bilinear"),
    "longer": _conv("UpSampling1D", SEQUENCE, size=3),
    "frame": _conv("ZeroPadding2D", padding=[[1, 2], [0, 3]]),
    "cropped": _conv("Cropping2D", cropping=[[1, 2], [0, 1]]),
}  # fmt: skip


def _masked() -> Model:
    steps = Input((6,))
    x = layers.Embedding(7, 3, mask_zero=True)(steps)
    return Model(steps, layers.Dense(1)(layers.GlobalAveragePooling1D()(x)))


@lru_cache(maxsize=2)
def program_of(case: str) -> Program:
    """A step of a small network with this layer between two that learn, as it is before its updates."""
    draw = np.random.default_rng(7)
    if case == "masked":
        model, x = _masked(), draw.integers(0, 4, (ROWS, 6)).astype(np.float32)
    else:
        kind, shape, settings = CASES[case]
        # In front stands a layer that learns, so that there is a gradient of the input as well.
        first = layers.Conv2D(shape[-1], 1) if len(shape) == 3 else layers.Conv1D(shape[-1], 1)
        layer = getattr(layers, kind)(**settings)
        model = Sequential([Input(shape), first, layer, layers.Flatten(), layers.Dense(1)], seed=3)
        # Equal numbers, so that windows have more than one largest.
        x = np.round(draw.normal(size=(ROWS, *shape)), 1).astype(np.float32)
    model.compile(optimizer="SGD", loss="mse")
    program = model.program(batch_size=ROWS)
    program.feed([x], [draw.normal(size=(ROWS, 1)).astype(np.float32)])
    program.run(0, next(k for k, i in enumerate(program.instructions) if i.phase == "update"))
    return program


def subjects(program: Program, most: int = 12) -> list[Subject]:
    """Every instruction that has a close-up of a window, at some cells of what it writes."""
    view = program_view(SimpleNamespace(program=program))
    draw, found = np.random.default_rng(1), []
    for line in view.instructions:
        shape = view.tensors[line.writes[0]].shape if line.writes else ()
        if not shape:
            continue
        one = Subject(view, line, line.writes[0], (0,) * len(shape), 1, ROWS)
        if not any(isinstance(c, WindowCloseup) for c in closeups.fitting(one)):
            continue
        cells = {(0,) * len(shape), tuple(n - 1 for n in shape)}
        cells |= {tuple(int(draw.integers(n)) for n in shape) for _ in range(most)}
        found += [Subject(view, line, line.writes[0], cell, 1, ROWS) for cell in sorted(cells)]
    return found


def arrays_of(program: Program, subject: Subject) -> dict[str, np.ndarray]:
    """The engine's numbers an instruction reads and writes."""
    names = (*subject.instruction.operands.values(), *subject.instruction.writes)
    return {name: program.tensor(name).copy() for name in names}


@pytest.mark.parametrize("case", [*CASES, "masked"])
def test_what_is_written_out_is_what_the_engine_explains_and_adds_up_to_its_number(case):
    program = program_of(case)
    seen = set()
    for subject in subjects(program):
        seen.add(subject.instruction.op)
        index = subject.instruction.index
        terms, arrays = terms_of(subject), arrays_of(program, subject)
        expected = {
            (r.tensor, r.index) for r in references(program.expression(index, subject.full))
        }
        if subject.instruction.op == "global_max_grad":
            # The formula compares with the largest, which is drawn as the one it is.
            expected = {e for e in expected if e[0] != subject.instruction.operands["y"]}
        drawn = set()
        for name, cells in ((terms.left, terms.left_cells), (terms.right, terms.right_cells)):
            if cells is None or not terms.planes:
                continue
            chosen = cells[terms.there] if cells.ndim == 4 else cells
            drawn |= {(name, tuple(cell)) for cell in chosen.tolist()}
        what = f"{subject.instruction.op} {subject.tensor}{subject.cell}"
        assert drawn >= expected, what
        # What is drawn besides: the largest itself, which a formula may compare with.
        assert {c for c in drawn - expected if c[0] not in _compared(subject)} == set(), what
        values = evaluate(terms, arrays, subject.row)
        number = float(program.tensor(subject.tensor)[subject.full])
        assert values.total == pytest.approx(number, rel=2e-5, abs=2e-6), what
        sums = sample_sums(terms, arrays)
        if terms.kind.startswith("sample"):
            assert sums is not None
            assert len(sums) == ROWS
            assert sums.sum() == pytest.approx(number, rel=2e-5, abs=2e-6), what
            for row in range(ROWS):
                own = evaluate(terms_of(subject, row), arrays, subject.row)
                assert own.total == pytest.approx(sums[row], rel=1e-5, abs=1e-6)
    assert seen, "nothing was looked at"


def _compared(subject: Subject) -> set[str]:
    """Operands a formula need not mention although they are drawn: nothing comes back where no window looks."""
    line = subject.instruction
    return {line.operands["dy"]} if line.op in ("max_pool2d_grad", "mean_of_steps_grad") else set()


def test_small_numbers_are_written_larger_and_it_says_so():
    assert exponent_of(np.array([0.5, -3.0])) == 0
    assert exponent_of(np.array([0.0, np.nan])) == 0
    for top in (0.0123, 4e-4, 7.7e-9):
        exponent = exponent_of(np.array([top, -top / 9]))
        assert 1 <= top * 10**exponent < 10
        assert power(exponent).startswith("·10⁻")
    assert power(0) == ""


def test_a_number_is_written_as_far_as_its_cell_goes_and_never_as_another():
    for value in (0.0, 1.0, -0.25, 12.5, -1234.5, 3e-5, -4.4e-7, 1e9, -0.0449, 99999.0):
        for width in (31, 36, 40, 56):
            text = written(value, width)
            assert len(text) <= (width - 3) / 6.6
            if text:
                shown = float(text.replace("\N{MINUS SIGN}", "-"))
                assert abs(shown - value) <= max(0.5, abs(value) * 0.5) * (abs(value) >= 0.05) or (
                    shown == pytest.approx(value, rel=0.5)
                ), (value, width, text)
                assert (shown == 0) == (value == 0)

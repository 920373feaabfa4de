"""The column matrix of a convolution is the matrix whose product with the filters the kernel computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import losses
from core.errors import ChainruleError
from core.tape.columns import CONVOLUTIONS, groups_of
from core.tape.program import Program
from tests.core.networks import chain
from tests.core.subjects import bound, first_computed

CASES: list[tuple[str, dict[str, Any]]] = [
    ("Conv2D", {"filters": 3, "kernel_size": 3}),
    ("Conv2D", {"filters": 3, "kernel_size": [2, 3], "strides": [2, 1], "padding": "same"}),
    ("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": [2, 3], "padding": "same"}),
    ("Conv2D", {"filters": 6, "kernel_size": [3, 2], "groups": 2, "strides": 2}),
    ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 3, "padding": "same"}),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 3}),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}),
    ("Conv1D", {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "padding": "causal"}),
]


def run(kind: str, config: dict[str, Any]) -> Program:
    shape = (7, 4) if kind == "Conv1D" else (6, 5, 4)
    before = ("Dense", {"units": 4, "activation": "tanh"})
    network = chain(shape, before, (kind, config), ("Flatten", {}), ("Dense", {"units": 2}))
    program = bound(network, losses.get("mse"), rows=3)
    program.run(first_computed(program))
    return program


@pytest.mark.parametrize(("kind", "config"), CASES)
def test_columns_times_filters_is_the_product(kind: str, config: dict[str, Any]) -> None:
    program = run(kind, config)
    found = [k for k, ins in enumerate(program.tape.instructions) if ins.op in CONVOLUTIONS]
    assert found
    for index in found:
        ins = program.tape.instructions[index]
        x, w = (program.tensor(ins.inputs[key].name) for key in ("x", "w"))
        y = program.tensor(ins.output.name)
        for row in (0, 2):
            covered = set()
            for group in range(groups_of(ins)):
                made = program.columns(index, row, group)
                assert made.product == pytest.approx(y[row][..., list(made.filters)], rel=1e-12)
                assert made.matrix.shape == (len(made.places), len(made.taps))
                assert made.kernel.shape == (len(made.taps), len(made.filters))
                covered.update(made.filters)
                # Every axis is named: the explanation of a cell mentions the same pixels, tap by tap.
                rng = np.random.default_rng(0)
                p, f = rng.integers(len(made.places)), rng.integers(len(made.filters))
                cell = (row, *made.places[p], made.filters[f])
                terms = program.explain(index, cell).expression.terms
                for k, term in enumerate(terms):
                    pixel, weight = (factor.index for factor in term.factors)
                    assert made.matrix[p, k] == x[pixel]
                    assert made.kernel[k, f] == w[weight]
                    assert made.taps[k] == (*weight[:2], pixel[3])
            assert covered == set(range(y.shape[-1]))


def test_what_is_no_convolution_has_no_columns() -> None:
    program = run(*CASES[0])
    index = next(k for k, ins in enumerate(program.tape.instructions) if ins.op == "conv2d")
    other = next(k for k, ins in enumerate(program.tape.instructions) if ins.op == "matmul")
    for wrong in ((other, 0), (index, 3), (index, -1), (index, 0, 1), (10**6, 0)):
        with pytest.raises(ChainruleError, match=r"no convolution|there is no number"):
            program.columns(*wrong)

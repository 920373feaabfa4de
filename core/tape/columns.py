"""The column matrix of a convolution: what its product is a product of.

The engine never writes it: its rows overlap in memory, and the kernel of products walks over the image as it is
(`core.kernels.products`). Here it is laid out for looking: one row for each place of the filter, one column for each
tap, so that ``matrix @ kernel`` is the feature maps of one sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ChainruleError
from core.ops.convolution import taps

if TYPE_CHECKING:
    from core.ops.base import Instruction
    from core.tape.program import Program

#: Operations that slide filters over an image.
CONVOLUTIONS = ("conv2d", "depthwise2d")


@dataclass(frozen=True)
class Columns:
    """A convolution of one sample as a product of two matrices (im2col; Chellapilla et al. 2006).

    Attributes
    ----------
    matrix
        (places, taps): row p holds what the filters see at place p. A copy.
    kernel
        (taps, filters): column f is filter f, written as one column. A copy.
    places
        (u, v) of each row of `matrix`: row and column of the output.
    taps
        (i, j, c) of each column of `matrix` and row of `kernel`: row and column in the filter, channel of the input.
    filters
        Number of each column of `kernel` among the output's channels.
    axes
        What the rows and columns of `matrix` are, in words.
    shape
        (height, width, filters) of the product.
    """

    matrix: np.ndarray
    kernel: np.ndarray
    places: tuple[tuple[int, int], ...]
    taps: tuple[tuple[int, int, int], ...]
    filters: tuple[int, ...]
    axes: tuple[str, str]
    shape: tuple[int, int, int]

    @property
    def product(self) -> np.ndarray:
        """``matrix @ kernel`` as an image: (height, width, filters)."""
        product: np.ndarray = self.matrix @ self.kernel
        return product.reshape(self.shape)


def groups_of(ins: Instruction) -> int:
    """Into how many products a convolution falls: channels of one group are not mixed with those of others."""
    if ins.op == "depthwise2d":
        return ins.inputs["x"].last
    return taps(ins.attributes)[2]


def columns(program: Program, index: int, row: int, group: int = 0) -> Columns:
    """The column matrix of instruction `index` for one sample of the batch, as its operands are now.

    Parameters
    ----------
    program
        That holds the numbers.
    index
        Of an instruction whose operation is one of `CONVOLUTIONS`.
    row
        The sample in the batch.
    group
        Of a convolution in groups; of a depthwise convolution, the channel.

    Raises
    ------
    core.errors.ChainruleError
        The instruction is no convolution, or there is no such sample or group.
    """
    instructions = program.tape.instructions
    if not 0 <= index < len(instructions):
        raise ChainruleError(
            f"The tape has {len(instructions)} instructions; there is no number {index}."
        )
    ins = instructions[index]
    if ins.op not in CONVOLUTIONS:
        title = program.instructions[index].title
        raise ChainruleError(
            f"Instruction {index + 1} ({title}) is no convolution, so it has no column matrix."
        )
    many = groups_of(ins)
    if not 0 <= row < program.rows:
        raise ChainruleError(f"The batch has {program.rows} samples; there is no number {row}.")
    if not 0 <= group < many:
        raise ChainruleError(f"The convolution has {many} groups; there is no number {group}.")
    x, w = program.tensor(ins.inputs["x"].name)[row], program.tensor(ins.inputs["w"].name)
    (sh, sw), (dh, dw), _ = taps(ins.attributes)
    kh, kw = w.shape[:2]
    height, width = ins.output.shape[:2]
    own = x.shape[2] // many
    first = group * own
    # The view the engine's product walks over: one tap further is `dilation` pixels, one place further `stride` pixels.
    a, b, c = x.strides
    view = np.lib.stride_tricks.as_strided(
        x[:, :, first:], (height, width, kh, kw, own), (a * sh, b * sw, a * dh, b * dw, c)
    )
    if ins.op == "depthwise2d":
        filters = tuple(range(group * w.shape[3], (group + 1) * w.shape[3]))
        kernel = w[:, :, group : group + 1, :]
    else:
        each = w.shape[3] // many
        filters = tuple(range(group * each, (group + 1) * each))
        kernel = w[..., group * each : (group + 1) * each]
    return Columns(
        matrix=view.reshape(height * width, kh * kw * own).copy(),
        kernel=kernel.reshape(kh * kw * own, len(filters)).copy(),
        places=tuple((u, v) for u in range(height) for v in range(width)),
        taps=tuple(
            (i, j, first + k) for i in range(kh) for j in range(kw) for k in range(own)
        ),
        filters=filters,
        axes=("place (u, v) of the filter", "tap (i, j) of the filter and channel"),
        shape=(height, width, len(filters)),
    )  # fmt: skip

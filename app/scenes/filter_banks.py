"""The weights of a layer as pictures: which number of a kernel stands where."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from app.snapshots import NetworkView, NodeView

#: Layers behind which an image is still the image: the weights that read them can be shown in its shape.
_CARRIED = ("Flatten", "Dropout", "Reshape", "GaussianNoise", "SpatialDropout2D")
#: Weights with more numbers than that are not drawn.
MOST_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Bank:
    """A kernel cut into the pictures of its units.

    Attributes
    ----------
    tensor
        Name of the kernel.
    node
        The layer's node.
    shape
        Of the kernel.
    units
        How many pictures there are: filters, or units.
    size
        (height, width, planes) of one: a plane for each channel that is read.
    image
        Whether a unit is a picture; otherwise its weights are a line.
    colour
        Whether the planes are red, green and blue.
    """

    tensor: str
    node: NodeView
    shape: tuple[int, ...]
    units: int
    size: tuple[int, int, int]
    image: bool
    colour: bool

    def planes(self, kernel: np.ndarray, first: int = 0, count: int | None = None) -> np.ndarray:
        """The pictures of some units: (count, height, width, planes), a view of the kernel where it can be.

        Parameters
        ----------
        kernel
            Shaped `shape`: the weights, or their gradients.
        """
        last = self.units if count is None else min(self.units, first + count)
        kind = self.node.kind
        if (
            kernel.ndim == 4 and self.tensor.endswith("depthwise_kernel")
        ) or kind == "DepthwiseConv2D":
            height, width = kernel.shape[:2]
            turned = kernel.reshape(height, width, -1).transpose(2, 0, 1)[..., None]
        elif kernel.ndim == 4 and "Transpose" in kind:
            turned = kernel.transpose(2, 0, 1, 3)
        elif kernel.ndim == 4:
            turned = kernel.transpose(3, 0, 1, 2)
        elif kernel.ndim == 3:
            turned = kernel.transpose(2, 0, 1)[..., None]
        else:
            turned = kernel.T.reshape(-1, *self.size)
        return turned[first:last].reshape(-1, *self.size)

    @property
    def across(self) -> int:
        """Planes beside each other in the picture of a unit."""
        height, width, count = self.size
        return max(1, min(count, ceil(sqrt(count * height / width))))

    def cells(self, colour: bool) -> tuple[int, int]:
        """(rows, columns) of the picture of a unit: planes stand one cell apart; colours lie in one another."""
        height, width, count = self.size
        if colour and self.colour:
            return height, width
        down = ceil(count / self.across)
        return down * (height + 1) - 1, self.across * (width + 1) - 1

    def cell(self, row: int, column: int, colour: bool) -> tuple[int, int, int] | None:
        """Which weight stands in a cell of the picture: its row, column and plane (-1: all of a colour's)."""
        height, width, count = self.size
        if colour and self.colour:
            return row, column, -1
        down, r = divmod(row, height + 1)
        right, c = divmod(column, width + 1)
        plane = down * self.across + right
        return (r, c, plane) if r < height and c < width and plane < count else None

    def mosaic(self, planes: np.ndarray, empty: float = np.nan) -> np.ndarray:
        """Planes side by side: (count, rows, columns); what stands between them is `empty`."""
        count, height, width, channels = planes.shape
        across, down = self.across, ceil(channels / self.across)
        room = np.full((count, down, height + 1, across, width + 1), empty, np.float32)
        for plane in range(channels):
            row, column = divmod(plane, across)
            room[:, row, :height, column, :width] = planes[..., plane]
        whole: np.ndarray = room.reshape(count, down * (height + 1), across * (width + 1))
        return whole[:, :-1, :-1]


def kernels(node: NodeView) -> tuple[str, ...]:
    """Names of the weights of a layer that can be pictures."""
    ends = ("kernel", "embeddings")
    return tuple(name for name in node.weights if name.rsplit("/", 1)[-1].endswith(ends))


def seen_by(spec: NetworkView, node: NodeView) -> NodeView | None:
    """The node whose output a layer reads, behind those that only hand it on."""
    nodes = {one.id: one for one in spec.nodes}
    found = nodes.get(node.inputs[0]) if node.inputs else None
    while found is not None and found.kind in _CARRIED and found.inputs:
        found = nodes.get(found.inputs[0])
    return found


def bank_of(spec: NetworkView, node: NodeView, tensor: str, shape: tuple[int, ...]) -> Bank | None:
    """Cut a kernel into pictures; None where it has no more than one axis."""
    before = seen_by(spec, node)
    seen = before.shape if before is not None else ()
    kind = node.kind
    if len(shape) == 4:
        if kind == "DepthwiseConv2D" or tensor.endswith("depthwise_kernel"):
            units, size = shape[2] * shape[3], (shape[0], shape[1], 1)
        elif "Transpose" in kind:
            units, size = shape[2], (shape[0], shape[1], shape[3])
        else:
            units, size = shape[3], (shape[0], shape[1], shape[2])
        if shape[:2] == (1, 1) and size[2] > 1:
            # A unit that looks at one place: its weights are a line.
            return Bank(tensor, node, shape, units, (1, size[2], 1), False, False)
        first = before is not None and before.kind == "Input"
        return Bank(tensor, node, shape, units, size, True, first and size[2] == 3)
    if len(shape) == 3:
        return Bank(tensor, node, shape, shape[2], (shape[0], shape[1], 1), True, False)
    if len(shape) != 2:
        return None
    if kind == "Dense" and len(seen) == 3 and prod(seen) == shape[0]:
        high, wide, deep = seen
        first = before is not None and before.kind == "Input"
        return Bank(tensor, node, shape, shape[1], (high, wide, deep), True, first and deep == 3)
    return Bank(tensor, node, shape, shape[1], (1, shape[0], 1), False, False)

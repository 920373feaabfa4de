"""What a walk shows of a layer: the numbers under the window, what they give, and how large the result is. No Qt.

A layer that sums over a window (convolution, pooling) and a dense layer, whose window is all it reads, look alike:
planes of numbers, one for each channel that is read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import images
from app.scenes.closeups import Subject
from app.scenes.closeups.gathering import Terms, cells_at, evaluate
from app.scenes.closeups.gathering_rules import convolution, depthwise, global_max, pooling
from app.scenes.closeups.windows import bias_of
from app.scenes.closeups.windows_layout import writer
from app.scenes.spec_view import numbered_titles
from app.snapshots import range_of
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.scenes.closeups.gathering import Values
    from app.snapshots import InstructionView, NetworkView, NodeView, ProgramView

_RULES: Any = {
    "conv2d": convolution, "depthwise2d": depthwise, "max_pool2d": pooling, "average_pool2d": pooling,
    "global_max": global_max,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Seen:
    """One number of a layer, and what it is made of.

    Attributes
    ----------
    title
        Of the layer: "Conv2D 1".
    subject, terms, values
        The line of the tape and the cell; the cells it is made of, a plane for each channel read; their numbers.
    plane
        Which plane is written out.
    read
        (height, width, channels): what the window slides over, with zeros around it where they are put there. For a
        dense layer its inputs as an image.
    inner
        Row, column, height and width of the image itself in `read`.
    first
        The number of the first channel of `read` that the window reads.
    is_input
        What is read is the network's input.
    source
        Title of the layer that made what is read; "" for the input.
    bias, z, result
        Numbers of the cell; z is before the activation. None where there is no such thing.
    activation
        Its name, "" where there is none.
    map
        (height, width): the channel's map as the layer gives it; of a dense layer its units as an image.
    before
        The same before the activation; None if that is the same.
    parts
        (height, width, channels): what each channel adds to the map.
    count
        Channels of the result.
    ranges
        Smallest and largest number of all that is ``"read"``, of every ``"kernel"``, and of each ``"part"``: what
        colours stand for.
    ramp
        The greys of an input of one channel: ink, or a photograph's.
    """

    title: str
    subject: Subject
    terms: Terms
    values: Values
    plane: int
    read: np.ndarray
    inner: tuple[int, int, int, int]
    first: int
    is_input: bool
    source: str
    bias: float | None
    z: float
    result: float
    activation: str
    map: np.ndarray
    before: np.ndarray | None
    parts: np.ndarray | None
    count: int
    ranges: Mapping[str, tuple[float, float]]
    ramp: str = images.INK

    @property
    def op(self) -> str:
        """The operation that looks through the window."""
        return self.subject.instruction.op

    @property
    def dense(self) -> bool:
        """Whether all inputs are read at once."""
        return self.op == "matmul"

    @property
    def listed(self) -> bool:
        """Whether the result is a list of units and no map."""
        return len(self.subject.cell) == 1

    @property
    def channel(self) -> int:
        """The channel of the result that is looked at."""
        return self.subject.cell[-1]

    @property
    def reading(self) -> int:
        """The channel of `read` that is written out."""
        return int(self.terms.names[self.plane])

    @property
    def sums(self) -> bool:
        """Whether products are added up; else the window's largest number, or their mean, goes on."""
        return self.terms.how == "sum"

    @property
    def row(self) -> int:
        """The place's row on `map`; of a dense layer the unit's."""
        return self.subject.cell[0] // self.map.shape[1] if self.listed else self._spot[0]

    @property
    def column(self) -> int:
        """The place's column on `map`."""
        return self.subject.cell[0] % self.map.shape[1] if self.listed else self._spot[1]

    @property
    def _spot(self) -> tuple[int, int]:
        cell = self.subject.cell
        return (cell[0], cell[1]) if len(cell) == 3 else (0, 0)

    @property
    def number(self) -> int:
        """How many places of the map come before this one."""
        return self.row * self.map.shape[1] + self.column

    def window(self) -> tuple[int, int, int, int]:
        """Row, column, height and width of what is read, on `read`; it may reach over the edge."""
        if self.dense:
            return (0, 0, *self.read.shape[:2])
        cells = self.terms.left_cells[self.plane][..., int(self.terms.left in self.terms.batch) :]
        low, high = cells[0, 0], cells[-1, -1]
        return (int(low[0]), int(low[1]), int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)

    def place_of(self, row: int, column: int) -> tuple[int, int]:
        """The place of the map whose window has a pixel of `read` in its middle; at the border the nearest."""
        top, left, high, wide = self.window()
        down, across = self._strides
        r = self.row + round((row - top - (high - 1) / 2) / down)
        c = self.column + round((column - left - (wide - 1) / 2) / across)
        rows, columns = self.map.shape
        return max(0, min(rows - 1, r)), max(0, min(columns - 1, c))

    @property
    def _strides(self) -> tuple[int, int]:
        down, across = self.subject.instruction.attributes.get("strides", (1, 1))
        return down, across


def see(
    spec: NetworkView,
    program: ProgramView,
    instruction: int,
    arrays: Mapping[str, np.ndarray],
    *,
    channel: int,
    place: tuple[int, int] = (0, 0),
    plane: int = 0,
    parts: np.ndarray | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Seen:
    """Gather one number of a layer.

    Parameters
    ----------
    spec
        The network.
    program, instruction, arrays
        The tape, the line of it, and the numbers the layer reads and makes, with one row.
    channel, place
        Of the result; what is beyond it is brought to its border.
    plane
        The channel that is written out, counted among those that are read.
    parts
        What each channel adds to the map of `channel`.
    ranges
        Smallest and largest number of the arrays, and of ``"parts"``, where they are known.
    """
    known = dict(ranges or {})
    line = program.instructions[instruction]
    tensor = line.writes[0]
    shape = program.tensors[tensor].shape
    channel = max(0, min(channel, shape[-1] - 1))
    spot = tuple(max(0, min(at, n - 1)) for at, n in zip(place, shape[:-1], strict=False))
    subject = Subject(program, line, tensor, (*spot, channel))
    read, inner = _read(spec, program, line, arrays)
    terms = _dense(subject, read) if line.op == "matmul" else _RULES[line.op](
        subject, line.operands, line.attributes, np.zeros(1, np.int64)
    )  # fmt: skip
    batch = (n for n in (terms.left, terms.right) if n and program.tensors[n].batch)
    terms = replace(terms, batch=frozenset(batch))
    values = evaluate(terms, arrays)
    bias, z_tensor, last, activation = _behind(program, line, tensor)
    z = np.asarray(arrays.get(z_tensor, arrays[tensor])[0])
    made = np.asarray(arrays.get(last, z[None])[0])
    cell = subject.cell
    number = float(arrays[bias][channel]) if bias else None
    before = None if last == z_tensor else z
    spans = {
        name: known.get(tensor_name) or range_of(values)
        for name, tensor_name, values in (
            ("read", line.operands["x"], read),
            ("kernel", line.operands.get("w", ""), arrays.get(line.operands.get("w", ""))), ("part", "parts", parts),
        )
        if values is not None
    }  # fmt: skip
    titles = numbered_titles(spec)
    of_input = _reads_input(spec, line.layer)
    second = _source(program, line) != _first_read(program, line.layer)
    node = _before(spec, line.layer)
    source = (
        tr("Depthwise")
        if second
        else ""
        if of_input or node is None
        else titles.get(node.layer, "")
    )
    return Seen(
        titles.get(line.layer, line.layer), subject, terms, values,
        max(0, min(plane, terms.planes - 1)), read, inner, int(terms.names[0]) if terms.names else 0,
        of_input and not second, source, number, _number(z, cell), _number(made, cell), activation,
        _as_map(made, channel), None if before is None else _as_map(before, channel), parts, shape[-1], spans,
    )  # fmt: skip


def _number(values: np.ndarray, cell: tuple[int, ...]) -> float:
    """The number of a cell; a sequence has no axis for the one row its image has."""
    return float(values[cell[len(cell) - values.ndim :]])


def _as_map(values: np.ndarray, channel: int) -> np.ndarray:
    """One channel; of plain units all of them, as an image."""
    if values.ndim == 3:
        return values[..., channel]
    if values.ndim == 1:
        return laid_out(values)
    return np.asarray(values[..., channel]).reshape(1, -1)


def laid_out(values: np.ndarray) -> np.ndarray:
    """Numbers in a row as an image that is wider than high; NaN where there is none."""
    count = len(values)
    rows = max(1, int(sqrt(count / 2)))
    while rows > 1 and count % rows:
        rows -= 1
    if rows == 1 and count > 16:
        rows = int(sqrt(count / 2))
    columns = ceil(count / rows)
    whole = np.full(rows * columns, np.nan, np.float32)
    whole[:count] = values
    return whole.reshape(rows, columns)


def _source(program: ProgramView, line: InstructionView) -> str:
    """What a line reads, before zeros are put around or between."""
    name = line.operands["x"]
    made = writer(program, name)
    if made is not None and made.op in ("pad2d", "spread2d") and made.layer == line.layer:
        return made.operands["x"]
    return name


def _read(
    spec: NetworkView, program: ProgramView, line: InstructionView, arrays: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """What a line reads as (height, width, channels), and where in it the image itself is."""
    name = line.operands["x"]
    values = np.asarray(arrays[name][0])
    if values.ndim == 3:
        inner = (0, 0, values.shape[0], values.shape[1])
        made = writer(program, name)
        if made is not None and made.op in ("pad2d", "spread2d") and made.layer == line.layer:
            size = program.tensors[made.operands["x"]].shape
            sh, sw = made.attributes.get("strides", (1, 1))
            top, left = made.attributes["before"]
            inner = (top, left, (size[0] - 1) * sh + 1, (size[1] - 1) * sw + 1)
        return values, inner
    shape = _image_shape(spec, line.layer)
    if prod(shape or (0,)) == values.size:
        image = values.reshape(shape)
    else:
        image = laid_out(values)[..., None]
    return image, (0, 0, image.shape[0], image.shape[1])


def _before(spec: NetworkView, layer: str) -> NodeView | None:
    """The node whose numbers a layer reads, past those that only pass them on."""
    nodes = {node.id: node for node in spec.nodes}
    node = next((node for node in spec.nodes if node.layer == layer), None)
    while node is not None and len(node.inputs) == 1:
        node = nodes.get(node.inputs[0])
        if node is None or node.kind not in ("Flatten", "Dropout", "Reshape"):
            break
    return node


def _image_shape(spec: NetworkView, layer: str) -> tuple[int, ...]:
    """The shape of the maps that were laid in a line before a dense layer; empty where there were none."""
    node = _before(spec, layer)
    return node.shape if node is not None and len(node.shape) == 3 else ()


def _reads_input(spec: NetworkView, layer: str) -> bool:
    node = _before(spec, layer)
    return node is not None and node.kind == "Input"


def _first_read(program: ProgramView, layer: str) -> str:
    """What the first line of a layer reads."""
    return next(line.operands["x"] for line in program.instructions
                if line.layer == layer and "x" in line.operands)  # fmt: skip


def _dense(subject: Subject, read: np.ndarray) -> Terms:
    """All inputs of a unit, laid out as the image they were: a plane for each channel."""
    names, unit = subject.instruction.operands, subject.cell[-1]
    high, wide, channels = read.shape
    c, i, j = np.indices((channels, high, wide))
    flat = (i * wide + j) * channels + c
    count = subject.info(names["x"]).shape[-1]
    there, flat = flat < count, np.minimum(flat, count - 1)
    return Terms(
        names["x"], cells_at(0, flat), there, names["w"], cells_at(flat, unit), kind="channel",
        names=tuple(range(channels)),
    )  # fmt: skip


def _behind(program: ProgramView, line: InstructionView, tensor: str) -> tuple[str, str, str, str]:
    """The bias that is added, what comes of it, what the layer gives in the end, and its activation's name."""
    bias, z = bias_of(Subject(program, line, tensor, (0,)))
    names = {tensor, tensor.removesuffix("/row")}
    shape = program.tensors[tensor].shape
    last, activation = z or tensor, ""
    for later in program.instructions[line.index + 1 :]:
        if later.layer != line.layer:
            break
        if later.op == "bias_add" and later.operands["x"] in names:
            bias, z = later.operands["b"], later.writes[0]
            last = z
        elif "x" in later.operands and later.operands["x"] == last:
            if prod(program.tensors[later.writes[0]].shape) != prod(shape):
                break
            last, activation = later.writes[0], later.op
    return bias, z or tensor, last, activation

"""What the convolution walk asks: all numbers a layer reads and makes of an input. Worker thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from app.engine.program_view import view_of_program
from app.engine.questions import question
from app.engine.questions.inside import explainer, given
from app.snapshots import InstructionView, ProgramView, range_of, read_only
from app.text import tr
from core.errors import ChainruleError
from core.explain.explainer import Explainer
from core.layers import registry
from core.spec.network import Layer, Network

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.runs import Position

#: Operations of a forward pass whose numbers are sums over a window, or over all inputs.
WINDOWS = frozenset(
    {"conv2d", "depthwise2d", "max_pool2d", "average_pool2d", "global_max", "matmul"}
)
#: Networks of one layer that are kept: one for each shape of layer that was looked at.
_KEPT = 8


@dataclass(frozen=True, eq=False)
class LayerWalk:
    """A layer at work on the input.

    Attributes
    ----------
    position
        Where the run stands.
    layer, channel
        Its id, and the channel `parts` are of.
    program, instruction
        The tape of a prediction, and the line of it at which a window is slid.
    stages
        The lines of the layer at which a window is slid: two for a separable convolution.
    arrays
        What the layer's instructions read and make, by name; tensors of the batch with one row.
    parts
        (height, width, channels read): what each channel adds to the map before the bias; None where channels are
        not added up.
    """

    position: Position
    layer: str
    channel: int
    program: ProgramView
    instruction: int
    stages: tuple[int, ...]
    arrays: Mapping[str, np.ndarray]
    parts: np.ndarray | None = None
    #: Smallest and largest number by tensor, and under ``"parts"``: large maps are not searched for them when painted.
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


_views: WeakKeyDictionary[Any, ProgramView] = WeakKeyDictionary()
_filters: OrderedDict[tuple[Any, ...], Explainer] = OrderedDict()


@question("inside_walk")
def walk(session: Session, *, x: Any, layer: str, channel: int = 0, stage: str = "") -> LayerWalk:
    """The instruction of a layer that looks through a window, and all numbers that the layer reads and makes.

    Parameters
    ----------
    x
        The input.
    layer
        Id of the layer.
    channel
        The map whose parts are wanted: what each channel that is read adds to it.
    stage
        ``"first"`` for the first of several windows; by default the last, which makes the maps that are seen.
    """
    of = explainer(session)
    known = [one.id for one in of.network.layers]
    if layer not in known:
        message = tr(
            "There is no layer {name}; there are {known}.", name=repr(layer), known=", ".join(known)
        )
        raise ChainruleError(message)
    of.layer_outputs(given(of, x))
    program = of.predictor
    if program.tape not in _views:
        _views[program.tape] = view_of_program(program)
    view = _views[program.tape]
    lines = [line for line in view.instructions if line.layer == layer]
    # Recurrent layers multiply matrices too, gate by gate and step by step: that is no sum over what is read.
    dense = of.network.layer(layer).kind == "Dense"
    windows = WINDOWS if dense else WINDOWS - {"matmul"}
    stages = [line for line in lines if line.op in windows and _seen(view, line)]
    if not stages:
        raise ChainruleError(_without_window(layer, of, lines))
    channels = of.shapes[layer][-1]
    if not 0 <= channel < channels:
        raise ChainruleError(
            tr("{layer} has {count} channels: the first is 1, the last {count}; there is no channel {number}.",
               layer=layer, count=channels, number=channel + 1)
        )  # fmt: skip
    chosen = stages[0] if stage == "first" else stages[-1]
    names = {name for line in lines for name in (*line.operands.values(), *line.writes)}
    arrays = {name: read_only(program.tensor(name)) for name in names}
    parts = _parts(view, chosen, arrays, channel)
    ranges = {name: range_of(values) for name, values in arrays.items()}
    if parts is not None:
        ranges["parts"] = range_of(parts)
    return LayerWalk(
        session.position, layer, channel, view, chosen.index, tuple(line.index for line in stages),
        MappingProxyType(arrays), parts, MappingProxyType(ranges),
    )  # fmt: skip


def _seen(view: ProgramView, line: InstructionView) -> bool:
    """Whether the numbers can be written out: of images, and of plain dense layers."""
    read = view.tensors[line.operands["x"]]
    return len(read.shape) == (1 if line.op == "matmul" else 3) and read.batch


def _without_window(layer: str, of: Explainer, lines: list[InstructionView]) -> str:
    """Why there is nothing to walk over."""
    kind = of.network.layer(layer).kind
    if kind == "Flatten":
        return tr("Flatten lays the numbers of all maps in one line. Nothing is computed.")
    if not lines:
        return tr("{kind} passes on what it reads when the network predicts.", kind=kind)
    if {"return_sequences", "merge_mode"} & {s.name for s in registry.kind(kind).settings}:
        return tr(
            "{kind} sums up inputs and its state, each times its weights, one time step after the other. "
            "Step shows how its numbers come about.",
            kind=kind,
        )
    if any(line.op in WINDOWS for line in lines):
        return tr(
            "{kind} sums up what it reads at every time step. Step shows how its numbers come about.",
            kind=kind,
        )
    return tr(
        "{kind} looks through no window, and sums up no inputs. Step shows how its numbers come about.",
        kind=kind,
    )


def _parts(
    view: ProgramView, line: InstructionView, arrays: Mapping[str, np.ndarray], channel: int
) -> np.ndarray | None:
    """What each channel adds to a map of a convolution: the engine's depthwise convolution with the map's filter."""
    if line.op != "conv2d":
        return None
    x, kernel = arrays[line.operands["x"]][0], arrays[line.operands["w"]]
    kh, kw, channels, filters = kernel.shape
    if not 0 <= channel < filters:
        return None
    first = channel // (filters // line.attributes.get("groups", 1)) * channels
    x, kernel = x[..., first : first + channels], kernel[..., channel][..., None]
    geometry: dict[str, Any] = {
        "kernel_size": [kh, kw],
        "strides": list(line.attributes["strides"]),
        "dilation_rate": list(line.attributes.get("dilation", (1, 1))),
    }
    key = (x.shape, *(tuple(value) for value in geometry.values()))
    of = _filters.pop(key, None)
    if of is None:
        layers = (
            Layer("read", "InputLayer", "read", {"shape": list(x.shape)}),
            Layer("parts", "DepthwiseConv2D", "parts", {**geometry, "use_bias": False}),
        )
        of = Explainer(Network.chain("parts", layers))
    _filters[key] = of
    while len(_filters) > _KEPT:
        _filters.popitem(last=False)
    of.set_weights({"parts/kernel": kernel})
    return read_only(of.layer_outputs(x[None])["parts"][0])

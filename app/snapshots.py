"""What the engine thread hands to the drawings: immutable copies of the numbers they subscribed to.

Every array in here is read-only, C-contiguous float32 unless its docstring says otherwise, and owned by the snapshot
alone; nothing is ever written to again, so any thread may paint from it. `None` means "nobody asked" or "not yet
computed", and every scene draws a sensible picture without it.

Nothing in this module imports Qt or Numba.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from core.runs import Position

Source = Literal["batch", "sample", "plane"]
Reduction = Literal["all", "histogram", "top256"]


def read_only(array: Any, dtype: Any = np.float32) -> np.ndarray:
    """Copy `array` into a C-contiguous read-only array of `dtype`."""
    copy = np.array(array, dtype=dtype, order="C", copy=True)
    copy.setflags(write=False)
    return copy


def range_of(values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest number of those that are finite; (0, 0) where there are none."""
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if not np.isfinite((low, high)).all():
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return low, high


@dataclass(frozen=True)
class Probe:
    """One number, row or tensor a visible scene wants in each snapshot.

    Attributes
    ----------
    tensor
        Name in the program, e.g. ``"conv2d/output"`` or ``"grad/dense_1/kernel"``.
    rows
        Rows of a batch tensor: all of them, one, a slice, or start, stop and step of one. Not used by weights.
    reduction
        ``"all"`` copies; ``"histogram"`` gives ``(2, 32)``: bin centres, counts; ``"top256"`` gives ``(n, 3)``
        with ``n <= 256``: input index, output index, value of the entries largest in size (for 2-D kernels).
    source
        ``"batch"``: the training program as it stands. ``"sample"``: the selected sample
        (`SampleView`), run alone through the same weights, forward and, for ``grad/...``, backward; the value has no
        batch axis. ``"plane"``: the tensor over a square grid of inputs, for networks with two input features;
        the value is ``(units, side, side)``, first row of the grid = largest y.
    """

    tensor: str
    rows: int | slice | tuple[int | None, int | None, int | None] | None = None
    reduction: Reduction = "all"
    source: Source = "batch"

    @property
    def key(self) -> str:
        """Name under which the value stands in `Snapshot.values`: the tensor's, with prefixes for what differs."""
        name = self.tensor if self.reduction == "all" else f"{self.reduction}:{self.tensor}"
        return name if self.source == "batch" else f"{self.source}:{name}"


@dataclass(frozen=True)
class TensorView:
    """What is known of a tensor without its numbers; `shape` excludes the batch axis when `batch` is set."""

    name: str
    shape: tuple[int, ...]
    batch: bool = False
    role: str = ""
    layer: str = ""
    symbol: str = ""


@dataclass(frozen=True)
class InstructionView:
    """One line of the tape: `operands` maps roles to tensor names, `writes` are the tensors it fills.

    `results` maps the operation's names for what it writes to tensor names, in the same order; `attributes` are its
    constants by name: strides, windows, rates.
    """

    index: int
    phase: str
    op: str
    layer: str
    title: str
    formula: str
    operands: Mapping[str, str]
    writes: tuple[str, ...]
    results: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    attributes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class ProgramView:
    """The tape as data. The same object stays in every snapshot until the network is compiled anew."""

    serial: int
    instructions: tuple[InstructionView, ...]
    tensors: Mapping[str, TensorView]


@dataclass(frozen=True)
class Curve:
    """One metric over the steps.

    Attributes
    ----------
    name
        As it is logged: ``"precision"``, ``"mean_absolute_error/price"``.
    share
        It lies between 0 and 1.
    steps, train
        ``(n,)`` int64 and the value of each step's batch.
    val_steps, valid
        ``(m,)`` int64 and the held-out value there; NaN where it was not measured.
    """

    name: str
    share: bool
    steps: np.ndarray
    train: np.ndarray
    val_steps: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True)
class HistoryView:
    """Metrics so far.

    Attributes
    ----------
    steps
        ``(n,)`` int64, the step (1 = after the first update) each training value belongs to.
    loss, accuracy
        ``(n,)`` of each step's batch. `accuracy` is empty for regression.
    val_steps
        ``(m,)`` int64, step at the end of each epoch.
    val_loss, val_accuracy
        ``(m,)`` at the end of each epoch.
    epoch_steps
        Steps in one epoch, for the axis.
    total_steps
        Steps the run is set to take, 0 when unknown.
    serial
        Grows with every change; painters cache by it.
    metrics
        All that is measured besides the loss and `accuracy`.
    rate
        The learning rate over the updates; None where it is not known.
    accurate
        Accuracy is measured, though there may be no step yet.
    epoch_ends
        ``(k, 2)`` int64, both growing: a step and the epochs complete by then. Epochs have had as many steps as these
        say, which another batch size changes; after the last one they have `epoch_steps`.
    """

    steps: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    val_steps: np.ndarray
    val_loss: np.ndarray
    val_accuracy: np.ndarray
    epoch_steps: int = 1
    total_steps: int = 0
    serial: int = 0
    metrics: tuple[Curve, ...] = ()
    rate: Curve | None = None
    accurate: bool = False
    epoch_ends: np.ndarray = field(default_factory=lambda: read_only([(0, 0)], np.int64))

    def epochs_at(self, step: float) -> float:
        """Return how many epochs are complete at a step, with the part of the one under way."""
        steps, epochs = self.epoch_ends.T
        last = float(steps[-1])
        if step > last:
            return float(epochs[-1]) + (step - last) / max(1, self.epoch_steps)
        return float(np.interp(step, steps, epochs))

    def step_of_epoch(self, epoch: float) -> float:
        """Return the step at which so many epochs are complete."""
        steps, epochs = self.epoch_ends.T
        if epoch > epochs[-1]:
            return float(steps[-1] + (epoch - epochs[-1]) * max(1, self.epoch_steps))
        # Where an epoch was left for another batch size, the next one begins later than it ends.
        k = int(np.searchsorted(epochs, epoch))
        if epochs[k] == epoch or k == 0:
            return float(steps[k])
        begin = int(np.searchsorted(epochs, epoch, "right")) - 1
        part = (epoch - epochs[begin]) / (epochs[k] - epochs[begin])
        return float(steps[begin] + part * (steps[k] - steps[begin]))

    @staticmethod
    def empty(epoch_steps: int = 1, total_steps: int = 0) -> HistoryView:
        """History of a run that has not taken a step."""
        none, zero = read_only([]), read_only([], np.int64)
        return HistoryView(zero, none, none, zero, none, none, epoch_steps, total_steps)

    def until(self, step: int, total_steps: int, serial: int) -> HistoryView:
        """Return the history without what was measured after a step."""
        train = int(np.searchsorted(self.steps, step, "right"))
        val = int(np.searchsorted(self.val_steps, step, "right"))
        return HistoryView(
            self.steps[:train],
            self.loss[:train],
            self.accuracy[:train],
            self.val_steps[:val],
            self.val_loss[:val],
            self.val_accuracy[:val],
            self.epoch_steps,
            total_steps,
            serial,
            tuple(_until(curve, step) for curve in self.metrics),
            None if self.rate is None else _until(self.rate, step),
            self.accurate,
            self.epoch_ends[: max(1, int(np.searchsorted(self.epoch_ends[:, 0], step, "right")))],
        )


def _until(curve: Curve, step: int) -> Curve:
    train = int(np.searchsorted(curve.steps, step, "right"))
    val = int(np.searchsorted(curve.val_steps, step, "right"))
    return Curve(
        curve.name,
        curve.share,
        curve.steps[:train],
        curve.train[:train],
        curve.val_steps[:val],
        curve.valid[:val],
    )


@dataclass(frozen=True)
class RunComparison:
    """Another run beside the open one.

    Attributes
    ----------
    id, name
        Of the other run.
    history
        What it has measured.
    first, last
        The steps that both have.
    sentences
        What was found: how they begin, from where they differ.
    rows
        (metric, of the open run, of the other one) after the last `epoch` that both have finished.
    epoch
        That one; 0 if there is none.
    """

    id: str
    name: str
    history: HistoryView
    first: int
    last: int
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, float, float], ...]
    epoch: int


@dataclass(frozen=True)
class PredictionPage:
    """A page of held-out samples and what the network says of them.

    Attributes
    ----------
    indices
        ``(n,)`` int64, positions in the held-out set.
    images
        ``(n, height, width, channels)`` uint8, 0..255.
    labels, predicted
        ``(n,)`` int64.
    confidence
        ``(n,)`` probability of the predicted class, 0..1.
    classes
        Names of the classes, by label.
    """

    indices: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    classes: tuple[str, ...] = ()
    serial: int = 0


@dataclass(frozen=True)
class EvaluationView:
    """Metrics over whole sets, at the end of an epoch or when asked; `step` says when.

    `confusion` is ``(classes, classes)`` int64, rows = label, columns = predicted; None for regression.
    `metrics` are all of them by name; `epoch` is how many were complete.
    """

    step: int
    samples: int
    loss: float
    accuracy: float | None
    confusion: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    serial: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    epoch: int = 0


@dataclass(frozen=True)
class FiguresView:
    """The figures of the step shown.

    Attributes
    ----------
    epoch, complete
        Which epoch those of training are the means of, over its samples as Keras has them; over all of it or as far as
        it has come. 0 before the first step.
    train
        By name: ``"loss"``, ``"accuracy"``, ...
    valid, valid_epoch, valid_step
        What was measured of held-out samples last, at this step or before, by the same names; after which epoch (0:
        in the middle of one) and at which step.
    restored
        The epoch whose weights a callback has put back here, 0 where none has: `valid` is what those reached.
    """

    epoch: int = 0
    complete: bool = False
    train: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    valid: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    valid_epoch: int = 0
    valid_step: int = 0
    restored: int = 0


@dataclass(frozen=True)
class HealthView:
    """Health of each layer, in network order: what `core.runs.health` measures, with its formulas.

    Attributes
    ----------
    layers
        Layer ids.
    gradient_norm
        ``(n,)`` l2 norm of the gradient of the layer's weights at the last step.
    update_ratio
        ``(n,)`` norm of the last update / norm of the weights; NaN where not computed.
    saturation
        ``(n,)`` share of the values of hidden tanh or sigmoid layers near an end of their range; NaN elsewhere.
    strip_steps
        ``(bins,)`` int64, step at the end of each time bin.
    strip
        ``(n, bins)`` mean gradient norm in that bin.
    dead
        ``(n,)`` share of the units of ReLU layers that were 0 for the whole batch; NaN elsewhere.
    learns
        ``(n,)`` bool, False for layers that are frozen or have no weights.
    """

    layers: tuple[str, ...]
    gradient_norm: np.ndarray
    update_ratio: np.ndarray
    saturation: np.ndarray
    strip_steps: np.ndarray
    strip: np.ndarray
    serial: int = 0
    dead: np.ndarray | None = None
    learns: np.ndarray | None = None


@dataclass(frozen=True)
class SampleView:
    """The selected sample. Its activations are the values whose keys begin with ``sample:``.

    Attributes
    ----------
    index
        Position in its set.
    split
        ``"train"`` or ``"validation"``.
    x
        Its input, shaped like the Input layer's output, scaled as the network sees it.
    label
        Class, or None for regression.
    output
        What the network says, flattened: probabilities for a softmax output; None before anything ran.
    loss
        Its own loss.
    """

    index: int
    split: str
    x: np.ndarray
    label: int | None = None
    output: np.ndarray | None = None
    loss: float | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlaneView:
    """Two-dimensional data and where the plane grid stands.

    Attributes
    ----------
    low, high
        ``(x, y)`` corners; the grid's first row is y = high.
    points
        ``(n, 2)``; `labels` ``(n,)`` int64; the first `train` of them are the training set.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    points: np.ndarray
    labels: np.ndarray
    train: int
    classes: tuple[str, ...] = ()
    serial: int = 0


@dataclass(frozen=True)
class WhatIfEdit:
    """A number that was put in by hand.

    Attributes
    ----------
    tensor, cell
        Where; the cell counts the sample first where the tensor has one row for each.
    before, value
        What stands there otherwise, and what was put in.
    keeps
        It is a weight: it can be put into the run.
    """

    tensor: str
    cell: tuple[int, ...]
    before: float
    value: float
    keeps: bool


@dataclass(frozen=True, eq=False)
class WhatIfView:
    """A what-if copy of a step, which is shown in place of the run.

    Attributes
    ----------
    step
        Updates done before the step it is a copy of.
    edits
        Numbers put in by hand, in order.
    before
        By `Probe.key`: the values of the snapshot that are others than without these numbers, as they would be.
    changed
        The instructions done so far that wrote other numbers.
    sample
        What the batch is made of instead of the step's samples; empty if it is that of the step.
    loss
        Of the step without the numbers and with them; None while it is not computed.
    """

    step: int
    edits: tuple[WhatIfEdit, ...] = ()
    before: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    changed: frozenset[int] = frozenset()
    sample: str = ""
    loss: tuple[float, float] | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything visible at one moment of a run.

    Attributes
    ----------
    serial
        Grows by at least one with every snapshot; painters cache by it.
    position
        Step, epoch, batch and program counter.
    values
        Arrays by `Probe.key`. Weights have their own shape; batch tensors keep their first axis unless a probe took
        one row; ``sample:`` values have no batch axis; ``plane:`` values are ``(units, side, side)``. Of a batch's
        tensors what holds the same bits as in the snapshot before is the same object.
    history, predictions, evaluation, figures, health, sample, plane
        See their classes. History may reach further than the step shown, figures and evaluation do not. Parts
        that did not change are the same objects as in the snapshot before.
    program
        The tape, or None before the network compiled.
    instruction
        Index of the instruction done last while stepping, or None.
    written_at
        Tensor name to (step, instruction) of its last write; names that are absent were not computed yet.
    scalars
        Live named scalars, e.g. ``"learning_rate"``, and ``"loss"`` of the last batch.
    whatif
        All of this is of a what-if copy of a step and not of the run; None where it is of the run.
    version
        Of which program and weights of the run: equal as long as the network is the same in all its numbers.
    """

    serial: int
    position: Position
    values: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    history: HistoryView = field(default_factory=HistoryView.empty)
    program: ProgramView | None = None
    instruction: int | None = None
    predictions: PredictionPage | None = None
    evaluation: EvaluationView | None = None
    figures: FiguresView = field(default_factory=FiguresView)
    health: HealthView | None = None
    sample: SampleView | None = None
    plane: PlaneView | None = None
    written_at: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))
    scalars: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    whatif: WhatIfView | None = None
    version: tuple[int, ...] = ()

    def get(
        self, tensor: str, *, source: Source = "batch", reduction: Reduction = "all"
    ) -> np.ndarray | None:
        """Value of a probe on `tensor`, or None when it is not in this snapshot."""
        if source == "batch" and reduction == "all":
            return self.values.get(tensor)
        return self.values.get(Probe(tensor, None, reduction, source).key)


#: Roles of tensors that outlive a step: parameters, statistics, the optimizer's memory, settings, kept states.
LASTING = frozenset(("weight", "statistic", "slot", "scalar", "state"))


@dataclass(frozen=True)
class NodeView:
    """What a scene needs to know of one node of the network.

    Attributes
    ----------
    id, layer
        Node and layer id: weights are named after the layer, what a call of it computes after the node.
    kind
        Registry name: ``"Dense"``, ``"Conv2D"``, ...
    title, subtitle
        ``"Conv2D 8"`` and ``"28×28×8"`` or the activation's name.
    shape
        Output shape without the batch axis; empty when the network is wrong there.
    activation
        ``"relu"``, ``"tanh"``, ``"softmax"``, ``"linear"``; empty for layers without one.
    weights
        Names of its weight tensors, kernel first.
    inputs
        Ids of the nodes it reads.
    labels
        Names of its units where they have any (input features, classes).
    """

    id: str
    layer: str
    kind: str
    title: str
    subtitle: str
    shape: tuple[int, ...]
    activation: str = ""
    weights: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """Width of the last axis."""
        return self.shape[-1] if self.shape else 0

    @property
    def output(self) -> str:
        """Name of the tensor that holds its final output."""
        return f"{self.id}/output"


@dataclass(frozen=True)
class NetworkView:
    """The network as scenes see it: nodes in the order data flows. Hashable; layouts are cached by it.

    `data` is ``"image"``, ``"points"`` or ``"table"``; `parameters` counts the trainable numbers.
    """

    name: str
    nodes: tuple[NodeView, ...]
    data: str = "table"
    classes: tuple[str, ...] = ()
    parameters: int = 0

    def node(self, identifier: str) -> NodeView:
        """Return the node of that id or layer id.

        Raises
        ------
        KeyError
            When there is none.
        """
        for node in self.nodes:
            if identifier in (node.id, node.layer):
                return node
        raise KeyError(identifier)

"""From a network document to a tape: `compile_network` writes the instructions, `Program` gives them places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core import optimizers as optimizers_module
from core.errors import ChainruleError, MemoryEstimateError
from core.layers import registry
from core.layers.wording import Placed, about
from core.metrics.chosen import measured
from core.ops.base import Instruction, operation
from core.spec.inspection import MEMORY_LIMIT, Inspection, inspect
from core.spec.reference import source_of
from core.tape.emitter import Emitter
from core.tape.objective import Objective, target_shape
from core.tape.penalties import write_penalties
from core.tape.tensors import Buffer, Shape, Tensor, superscript
from core.tape.totals import Total
from core.tape.updates import write_updates

if TYPE_CHECKING:
    from core.layers.base import Layer, Weight
    from core.losses import Loss
    from core.optimizers import Optimizer
    from core.schedules import Schedule
    from core.spec.network import Network

#: Operations that make probabilities of scores.
LINKS = ("softmax", "sigmoid")
MODES = ("train", "evaluate", "predict", "explain", "check")


@dataclass(eq=False)
class WeightSlot:
    """A weight of the network, where the tape keeps it, and what the optimizer remembers of it.

    `learns` is False for statistics and for weights of frozen layers: they have no gradient and no update.
    """

    tensor: Tensor
    weight: Weight
    layer: str
    learns: bool
    slots: dict[str, Tensor] = field(default_factory=dict)
    #: Numbers the slots start from, if not 0.
    starts: dict[str, float] = field(default_factory=dict)


@dataclass(eq=False)
class Tape:
    """Instructions and tensors, before they have places in an arena.

    Attributes
    ----------
    inputs, targets, outputs
        Tensors by node id, in the order of the document; a node that is an output once more is ``id#2``.
    sample_weights
        Weights of samples by node id of the output; empty if all count the same.
    watch
        Scalars recorded after each step; the first is the loss.
    totals
        What loss and metrics of an epoch are read from.
    """

    network: Network
    mode: str
    instructions: list[Instruction]
    tensors: dict[str, Tensor]
    weights: list[WeightSlot]
    inputs: dict[str, Tensor]
    targets: dict[str, Tensor]
    outputs: dict[str, Tensor]
    watch: dict[str, Tensor]
    totals: dict[str, Total]
    scalars: dict[str, tuple[Tensor, float]]
    layers: dict[str, Layer]
    layer_weights: dict[str, list[str]]
    inspection: Inspection
    chosen: Tensor | None = None
    sample_weights: dict[str, Tensor] = field(default_factory=dict)


def compile_network(
    network: Network,
    mode: str = "train",
    *,
    loss: Loss | list[Loss] | None = None,
    optimizer: Optimizer | None = None,
    metrics: Any = ("accuracy",),
    weighted_metrics: Any = (),
    loss_weights: list[float] | None = None,
    wrt: str | None = None,
    head: str = "loss",
    relu_backward: str = "standard",
    truncated_bptt_steps: int | None = None,
    batch_size: int = 32,
    weighted: bool = False,
) -> Tape:
    """Write the tape of a network.

    Parameters
    ----------
    network
        The document; it must have no problems.
    mode
        "train" (data, forward, loss, backward, update), "evaluate" (data, forward, loss), "predict" (forward),
        "explain" (forward and backward to `wrt`, from a score or a loss), "check" (as train, without the update).
    loss
        One for each output. Not needed to predict or to explain a score.
    optimizer
        For "train".
    metrics, weighted_metrics
        Names in `core.metrics`, documents or objects, for every output; or a list of such for each output. Of the
        second samples count their weights.
    loss_weights
        Of several outputs; by default those of the losses.
    wrt
        "params", "input", or the id of a layer whose output is differentiated with respect to.
    head
        "loss", "score" or "probability": what is differentiated. A score is the value before the last softmax (or
        sigmoid) of the class in the scalar "score_class", a probability the value behind it; with "_contrast" behind
        its name it is the difference to the class in the scalar "score_against".
    relu_backward
        "standard" or "guided".
    truncated_bptt_steps
        Cut the gradients of recurrent states after every so many time steps; None goes back through all of them.
    batch_size
        For the estimate of memory.
    weighted
        True if samples (or their time steps) have weights: the data provides them for every output.

    Raises
    ------
    core.errors.ChainruleError
        The network has a problem; the sentence is the problem's.
    core.errors.MemoryEstimateError
        It would take more memory than the limit.
    """
    inspection = inspect(network, batch_size)
    for problem in inspection.problems:
        error = MemoryEstimateError if problem.title == "Too large" else ChainruleError
        raise error(problem.sentence)
    if inspection.memory_bytes > MEMORY_LIMIT:
        raise MemoryEstimateError("The network is too large for this computer's memory.")
    emitter = Emitter(
        training=mode in ("train", "check"),
        relu_backward=relu_backward,
        truncated_bptt_steps=truncated_bptt_steps,
    )
    return _Compiler(network, mode, inspection, emitter, wrt).compile(
        loss, optimizer, (metrics, weighted_metrics), loss_weights, head, weighted=weighted
    )


class _Compiler:
    def __init__(
        self,
        network: Network,
        mode: str,
        inspection: Inspection,
        emitter: Emitter,
        wrt: str | None,
    ) -> None:
        self.network, self.mode, self.inspection = network, mode, inspection
        self.wrt = wrt or ("params" if mode in ("train", "check") else "input")
        self.e = emitter
        self.has_data = mode in ("train", "evaluate", "check")
        #: What each output is called, and what it reads; they differ where a tensor is an output once more.
        self.ends = _ends(network)
        self.inputs: dict[str, Tensor] = {}
        self.outputs: dict[str, Tensor] = {}
        self.targets: dict[str, Tensor] = {}
        self.sample_weights: dict[str, Tensor] = {}
        self.watch: dict[str, Tensor] = {}
        self.totals: dict[str, Total] = {}
        self.scalars: dict[str, tuple[Tensor, float]] = {}
        self.slots: list[WeightSlot] = []
        self.layers: dict[str, Layer] = {}
        self.layer_weights: dict[str, list[str]] = {}
        self.chosen: Tensor | None = None

    def compile(
        self,
        loss: Loss | list[Loss] | None,
        optimizer: Optimizer | None,
        metrics: tuple[Any, Any],
        loss_weights: list[float] | None,
        head: str,
        *,
        weighted: bool,
    ) -> Tape:
        """Write everything."""
        self.optimizer = optimizer or optimizers_module.get("SGD")
        self._declare_weights()
        losses = self._losses(loss)
        if self.has_data:
            self._data_instructions(losses, weighted=weighted)
        self._forward_instructions()
        heads: list[Instruction] = []
        if self.mode == "explain" and head != "loss":
            heads = [self._score(head)]
        elif losses:
            heads = self._loss_instructions(
                losses, loss_weights or [one.weight for one in losses], metrics
            )
        if self.mode in ("train", "check", "explain"):
            self.e.backward(heads)
        self._finish_inputs()
        if self.mode == "train":
            self._update_instructions()
        elif self.mode in ("evaluate", "predict"):
            # States that last move on here too; a check or an explanation leaves them alone.
            self.e.flush_late()
        return self._tape()

    # ---- parts ------------------------------------------------------------------------------------------------

    def _declare_weights(self) -> None:
        """All weights, in the order of the document, so that parameters are one block in Keras's order."""
        for row in self.inspection.rows:
            if row.layer in self.layers:
                continue
            document = self.network.layer(row.layer)
            layer = registry.make(document.kind, document.config)
            layer.id = layer.name = row.layer
            self.layers[row.layer] = layer
            self.layer_weights[row.layer] = []
            number = _number(self.network, row.layer)
            for weight in layer.weights(list(row.input_shapes)):
                segment = "parameters" if weight.trainable else "statistics"
                learns = layer.learns(weight)
                t = Tensor(
                    f"{row.layer}/{weight.role}", weight.shape, Buffer(weight.size, False, segment), layer=row.layer,
                    symbol=f"{weight.symbol or weight.role}{superscript(number)}",
                    role="weight" if weight.trainable else "statistic",
                    requires_grad=learns and self.wrt == "params",
                )  # fmt: skip
                self.e.weights[t.name] = t
                self.layer_weights[row.layer].append(t.name)
                self.slots.append(WeightSlot(t, weight, row.layer, learns))

    def _losses(self, loss: Loss | list[Loss] | None) -> list[Loss]:
        if loss is None:
            return []
        given = loss if isinstance(loss, list) else [loss] * len(self.network.outputs)
        if len(given) != len(self.network.outputs):
            message = f"The network has {len(self.network.outputs)} outputs, but {len(given)} losses are given."
            raise ChainruleError(message)
        return given

    def _data_instructions(self, losses: list[Loss], *, weighted: bool) -> None:
        e = self.e
        e.phase = "data"
        self.chosen = e.op("choose_batch", role="batch/samples")
        self.chosen.role = "data"
        for row in self.inspection.rows:
            if row.kind == "InputLayer":
                assert row.output_shape is not None
                e.node = e.layer = row.layer
                x = e.op(
                    "gather",
                    self.chosen,
                    role="x",
                    output=row.output_shape,
                    table=None,
                    what="inputs",
                )
                x.name, x.symbol, x.role = (
                    f"{row.node}/x",
                    self._input_symbol(len(self.inputs)),
                    "data",
                )
                self.inputs[row.node] = x
        e.node = e.layer = ""
        for (node, source), loss in zip(self.ends.items(), losses, strict=False):
            width = target_shape(self.inspection.shape(source), loss)
            t = e.op("gather", self.chosen, role="t", output=width, table=None, what="targets")
            many = len(self.network.outputs) > 1
            t.name, t.role = f"targets/{node}" if many else "targets", "data"
            t.symbol = "y" + (superscript(len(self.targets) + 1) if many else "")
            self.targets[node] = t
        for node, source in self.ends.items() if weighted else ():
            w = e.op("gather", self.chosen, role="w", output=self.inspection.shape(source)[:-1],
                     table=None, what="weights")  # fmt: skip
            many = len(self.network.outputs) > 1
            w.name, w.role = f"sample_weights/{node}" if many else "sample_weights", "data"
            w.symbol = "ω" + (superscript(len(self.sample_weights) + 1) if many else "")
            self.sample_weights[node] = w
        if self.mode == "train" and self.optimizer.schedule is not None:
            e.node = e.layer = ""
            self._schedule(self.optimizer.schedule)
        e.phase = "forward"

    def _input_symbol(self, index: int) -> str:
        many = sum(row.kind == "InputLayer" for row in self.inspection.rows) > 1
        return "x" + (superscript(index + 1) if many else "")

    def _forward_instructions(self) -> None:
        e = self.e
        e.phase = "forward"
        values: dict[str, list[Tensor]] = {}

        def given(text: str) -> Tensor:
            name, number = source_of(text, values)
            return values[name][number]

        for row in self.inspection.rows:
            node = self.network.node(row.node)
            if row.kind == "InputLayer" and row.node not in self.inputs:
                assert row.output_shape is not None
                self.inputs[row.node] = Tensor(
                    f"{row.node}/x", row.output_shape, Buffer(_size(row.output_shape), True, "values"),
                    layer=row.layer, symbol=self._input_symbol(len(self.inputs)), role="data",
                )  # fmt: skip
            source = self.inputs.get(row.node)
            if source is not None:
                source.requires_grad = self.wrt == "input"
            declared: dict[str, Weight] = {}
            e.enter(row.node, row.layer, _number(self.network, row.layer), declared, source)
            called = Placed(row.kind, row.name, self.layers[row.layer].config)
            with about(lambda called=called: [called]):  # type: ignore[misc]
                values[row.node] = e.emit_layer(
                    self.layers[row.layer], [given(text) for text in node.inputs]
                )
            if self.wrt == row.layer:
                for out in values[row.node]:
                    out.requires_grad = True
        for k, (name, text) in enumerate(self.ends.items()):
            out = given(text)
            self.outputs[name] = out
            if out.role == "value" and name == text:
                out.symbol = "ŷ" + (superscript(k + 1) if len(self.network.outputs) > 1 else "")

    def _score(self, head: str) -> Instruction:
        e = self.e
        e.phase, e.node, e.layer = "loss", "", ""
        out = self.outputs[self.network.outputs[0]]
        z = out if head.startswith("probability") else before_link(e.producer(out), out)
        chosen = self._scalar("score_class", 0.0, "class")
        if head.endswith("_contrast"):
            against = self._scalar("score_against", 0.0, "other")
            e.op("contrast_score", z, chosen, against, role="score")
        else:
            e.op("pick_score", z, chosen, role="score")
        return e.instructions[-1]

    def _loss_instructions(
        self, losses: list[Loss], weights: list[float], metrics: tuple[Any, Any]
    ) -> list[Instruction]:
        e = self.e
        e.phase, e.node, e.layer = "loss", "", ""
        many = len(losses) > 1
        objective = Objective(e, self.targets, self.sample_weights, many=many)
        shapes = [out.shape for out in self.outputs.values()]
        chosen = measured(*metrics, losses, shapes)
        for (node, out), loss, weight, own in zip(
            self.outputs.items(), losses, weights, chosen, strict=True
        ):
            objective.output(node, out, loss, weight, own)
        total = objective.total()
        self.totals = objective.totals
        calls = [(row.node, row.layer) for row in self.inspection.rows]
        pair = self.totals["loss"].sums
        total, more = write_penalties(e, self.slots, self.layers, calls, total, (pair[0], pair[1]))
        self.watch = {"loss": total, **objective.watch}
        return objective.heads + more

    def _scalar(self, name: str, value: float, symbol: str) -> Tensor:
        t = Tensor(name, (), Buffer(1, False, "scalars"), symbol=symbol, role="scalar")
        self.scalars[name] = (t, value)
        return t

    def _finish_inputs(self) -> None:
        """Ask for the gradients that no instruction asks for: of weights, of the input, of a chosen layer."""
        e = self.e
        wanted = [slot.tensor for slot in self.slots if slot.tensor.requires_grad]
        wanted += [t for t in self.inputs.values() if t.requires_grad]
        if self.wrt not in ("params", "input"):
            wanted.append(e.aliases[f"{self.wrt}/output"])
        for t in wanted:
            e.layer = t.layer
            e.total_gradient(t)

    def _schedule(self, schedule: Schedule) -> None:
        """The rate of this step, as the last of what is fetched; a rate set by hand takes the schedule's place.

        It is an instruction of the tape and a function of its counters alone: whole steps at full speed, single ones,
        replays and saved runs get the same bits, and what a learner sets is a scalar like any other, which the
        journal and the checkpoints know already.
        """
        rate = self._scalar("learning_rate", schedule(0), "η")
        # Written anew in every step, unlike other scalars.
        rate.role = "value"
        hand = self._scalar("learning_rate/by_hand", -1.0, "η_hand")
        self.e.instructions.append(
            Instruction(
                schedule.operation, {"hand": hand}, {"y": rate}, {"schedule": schedule}, "", "data"
            )
        )

    def _update_instructions(self) -> None:
        self.e.phase = "update"
        self.e.flush_late()
        chosen = self.optimizer
        if "learning_rate" not in self.scalars:
            self._scalar("learning_rate", chosen.learning_rate, "η")
        write_updates(self.e, chosen, self.slots, self.scalars["learning_rate"][0])

    def _gradient_of_output(self, name: str, t: Tensor) -> Tensor | None:
        """The total gradient of a layer's output, also where the output is another shape of what the layer wrote."""
        aliases, source = self.e.aliases, t
        while f"grad/{source.name}" not in aliases:
            before = source.parent
            # What a layer before has written may have other readers: its gradient is another.
            if before is None or before.layer != t.layer or not t.covers(before):
                return None
            source = before
        found = aliases[f"grad/{source.name}"]
        if source is t:
            return found
        return Tensor(f"grad/{name}", t.shape, found.buffer, found.offset, t.layer, found.symbol, "gradient",
                      parent=found)  # fmt: skip

    def _tape(self) -> Tape:
        e = self.e
        tensors: dict[str, Tensor] = {}
        for slot in self.slots:
            tensors[slot.tensor.name] = slot.tensor
        for node, t in self.inputs.items():
            tensors[t.name] = t
            tensors[f"{node}/output"] = t
        for t in (*self.targets.values(), *self.sample_weights.values()):
            tensors[t.name] = t
        for ins in e.instructions:
            for t in (*ins.inputs.values(), *ins.outputs.values()):
                tensors.setdefault(t.name, t)
        for name, (t, _) in self.scalars.items():
            tensors[name] = t
        for t in self.outputs.values():
            # The whole of a sequence, and a reshaped tensor, are written by no instruction of their own.
            tensors.setdefault(t.name, t)
        for name, t in e.aliases.items():
            tensors.setdefault(name, t)
            gradient = self._gradient_of_output(name, t) if "/output" in name else None
            if gradient is not None:
                tensors.setdefault(f"grad/{name}", gradient)
        return Tape(
            self.network, self.mode, e.instructions, tensors, self.slots, self.inputs, self.targets, self.outputs,
            self.watch, self.totals, self.scalars, self.layers, self.layer_weights, self.inspection, self.chosen,
            self.sample_weights,
        )  # fmt: skip


def before_link(made_by: Instruction | None, out: Tensor) -> Tensor:
    """What a score is taken from: what goes into the softmax or sigmoid that makes an output, or the output itself."""
    return made_by.inputs["x"] if made_by is not None and made_by.op in LINKS else out


def kernels_needed(tape: Tape) -> list[str]:
    """The kernels a tape runs, in the order of their first use."""
    from core.tape.fusing import fuse

    instructions = (*tape.instructions, *fuse(tape))
    return list(dict.fromkeys(operation(ins.op).kernel for ins in instructions))


def _ends(network: Network) -> dict[str, str]:
    """The outputs by names of their own: the second output that is ``dense`` is called ``dense#2``."""
    found: dict[str, str] = {}
    for source in network.outputs:
        name, number = source, 1
        while name in found:
            number += 1
            name = f"{source}#{number}"
        found[name] = source
    return found


def _number(network: Network, layer_id: str) -> int:
    """The layer's number in the drawing: its place among the layers that are not inputs, from 1; inputs are 0."""
    number = 0
    for layer in network.layers:
        if layer.kind not in ("InputLayer", "Input"):
            number += 1
        if layer.id == layer_id:
            return 0 if layer.kind in ("InputLayer", "Input") else number
    return 0


def _size(shape: Shape) -> int:
    n = 1
    for k in shape:
        n *= k
    return n

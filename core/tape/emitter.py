"""Writes a tape: layers call it to put down forward instructions; backward ones follow from the operations.

Every instruction writes tensors of its own (write once): a gradient with several sources is summed by explicit `add`
instructions, and gradients of parts of a tensor are laid side by side in one buffer by moving them there before any
place in the arena is fixed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

from core import activations
from core.layers.base import Layer, Weight
from core.ops.base import Instruction, operation
from core.spec.reference import reference
from core.tape import symbols
from core.tape.tensors import Buffer, Shape, Tensor


@dataclass(frozen=True)
class Source:
    """One of the places from which a gradient comes, and the value it came through."""

    gradient: Tensor
    through: Tensor


def _rename(gradient: Tensor, plain: str, way: str) -> None:
    """Let a part of a gradient say which part it is, under all its shapes."""
    one: Tensor | None = gradient
    while one is not None and one.symbol == plain and one.size == gradient.size:
        one.symbol = f"{plain}{symbols.VIA}{way}"
        one = one.parent


class Emitter:
    """The tape being written.

    Attributes
    ----------
    training
        True if layers behave as in training (dropout, statistics of the batch).
    relu_backward
        "standard" or "guided".
    truncated_bptt_steps
        After how many time steps the gradient of a recurrent layer's state is cut; None: nowhere.
    instructions
        What has been written so far.
    """

    def __init__(
        self,
        *,
        training: bool,
        relu_backward: str = "standard",
        truncated_bptt_steps: int | None = None,
    ) -> None:
        self.training = training
        self.truncated_bptt_steps = truncated_bptt_steps
        self.relu_backward = relu_backward
        self.instructions: list[Instruction] = []
        self.phase = "forward"
        self.weights: dict[str, Tensor] = {}
        self._masks: dict[int, Tensor] = {}
        self._late: list[Instruction] = []
        self._producer: dict[int, Instruction] = {}
        self._contributions: dict[int, list[tuple[Tensor, Source]]] = {}
        self._names: dict[str, int] = {}
        self.node = self.layer = ""
        self._number = 0
        #: Calls of each layer, in order: values of a shared one are told apart.
        self._calls: dict[str, list[str]] = {}
        self._declared: dict[str, Weight] = {}
        self._scope = self._weights_in = self._mark = ""
        self._kept: dict[str, Tensor] = {}
        #: Tensors of the instructions so far by the buffer they live in, and how many instructions were looked at.
        self._living: dict[int, dict[int, Tensor]] = {}
        self._looked_at = 0
        self._input: Tensor | None = None
        #: Other names of the same value: what a learner may ask for.
        self.aliases: dict[str, Tensor] = {}

    # ---- for the compiler ---------------------------------------------------------------------------------

    def enter(
        self, node: str, layer: str, number: int, declared: dict[str, Weight], source: Tensor | None
    ) -> None:
        """From here on, what is written belongs to this call of this layer."""
        self.node, self.layer, self._number, self._declared, self._input = (
            node,
            layer,
            number,
            declared,
            source,
        )
        calls = self._calls.setdefault(layer, [])
        if node not in calls:
            calls.append(node)

    def emit_layer(self, layer: Layer, inputs: list[Tensor]) -> list[Tensor]:
        """Let a layer write its forward instructions.

        Returns
        -------
        Its outputs, known as ``node/output``, ``node/output:1``, ...
        """
        masks = [self.mask_of(t) for t in inputs]
        given = layer.emit(self, inputs)
        outputs = list(given) if isinstance(given, (list, tuple)) else [given]
        if not layer.passes_mask:
            # A layer with nothing to do gives its input back; in Keras its output has no mask all the same.
            masked = {id(t) for t, mask in zip(inputs, masks, strict=True) if mask is not None}
            outputs = [self.reshape(t, t.shape) if id(t) in masked else t for t in outputs]
        y = outputs[0]
        if layer.passes_mask and masks and masks[0] is not None and self.mask_of(y) is None:
            self.set_mask(y, masks[0])
        for k, out in enumerate(outputs):
            self.aliases[reference(f"{self.node}/output", k)] = out
        return outputs

    def tensor(
        self, name: str, shape: Shape, *, batch: bool, segment: str = "values", **kwargs: Any
    ) -> Tensor:
        """A tensor with a buffer of its own."""
        return Tensor(name, shape, Buffer(prod(shape), batch, segment), layer=self.layer, **kwargs)

    def flush_late(self) -> None:
        """Write what layers put off until after the backward pass."""
        for ins in self._late:
            ins.phase = "update"
            self.instructions.append(ins)
        self._late = []

    # ---- for layers -----------------------------------------------------------------------------------------

    def op(
        self,
        name: str,
        *operands: Tensor | None,
        role: str,
        symbol: str = "",
        into: Tensor | None = None,
        **attributes: Any,
    ) -> Tensor:
        """Write one instruction.

        Parameters
        ----------
        name
            Of the operation.
        operands
            In the operation's order; trailing ones may be None.
        role
            What the output is within the layer: its name is ``node/role``.
        symbol
            Its letter in formulas, if it is not that of the role.
        into
            Write to this tensor instead of a new one.
        attributes
            The operation's constants.
        """
        rule = operation(name)
        inputs = {key: t for key, t in zip(rule.operands, operands, strict=False) if t is not None}
        if rule.random:
            # Each kind of chance within a layer has numbers of its own.
            key = self.place if role == "mask" else f"{self.place}/{role}"
            attributes.setdefault("stream", zlib.crc32(key.encode()))
        if into is None:
            label = self._unique(f"{self.place}/{role}" if self.node else role)
            into = self.tensor(label, rule.shape(inputs, attributes), batch=rule.batch(inputs))
        else:
            into.name = self._unique(f"{self.place}/{role}")
        into.symbol = into.symbol or self._symbol(role, symbol)
        into.requires_grad = (
            any(t.requires_grad for t in inputs.values())
            and name not in _NOT_DIFFERENTIATED
            and not rule.random
        )
        whole = into.parent
        while into.requires_grad and whole is not None:
            # What is written part by part depends on what its parts depend on.
            whole.requires_grad, whole = True, whole.parent
        return self._write(
            Instruction(name, inputs, {"y": into}, attributes, self.layer, self.phase)
        ).output

    def after_forward(
        self, name: str, changed: Tensor, *operands: Tensor, **attributes: Any
    ) -> None:
        """Write an instruction that changes a statistic, at the end of the step."""
        rule = operation(name)
        inputs = dict(zip(rule.operands, (changed, *operands), strict=True))
        self._late.append(
            Instruction(name, inputs, {"y": changed}, attributes, self.layer, "update")
        )

    def weight(self, role: str) -> Tensor:
        """The layer's weight of this role; the same tensor for every call of a shared layer."""
        return self.weights[f"{self.layer}/{self._weights_in}{role}"]

    @contextmanager
    def within(self, scope: str, *, weights: str = "", mark: str = "") -> Iterator[None]:
        """Write for an inner layer: its values are called ``node/scope/role``.

        Parameters
        ----------
        scope
            Tells its values from those of other inner layers, or of the same one at other time steps.
        weights
            What stands before the roles of its weights (``"forward/"``).
        mark
            Added to its symbols.
        """
        before = self._scope, self._weights_in, self._mark
        self._scope += f"/{scope}"
        self._weights_in += weights
        self._mark += mark
        try:
            yield
        finally:
            self._scope, self._weights_in, self._mark = before

    @property
    def place(self) -> str:
        """What names of values begin with: the node, and the inner layer."""
        return f"{self.node}{self._scope}"

    def zeros(self, role: str, shape: Shape) -> Tensor:
        """Zeros for every sample, which no instruction writes: a state before the first step."""
        return self._lasting(f"{self.place}/{role}", role, shape, "values", "value")

    def state(self, role: str, size: int) -> Tensor:
        """A number of values for every sample that last from one batch to the next."""
        name = f"{self.layer}/{self._weights_in}state/{role}"
        return self._lasting(name, role, (size,), "statistics", "state")

    def _lasting(self, name: str, symbol: str, shape: Shape, segment: str, role: str) -> Tensor:
        if name not in self._kept:
            self._kept[name] = self.tensor(name, shape, batch=True, segment=segment, role=role)
            self._kept[name].symbol = f"{self._symbol(symbol.partition('/')[0], called=False)}⟨0⟩"
        return self._kept[name]

    def input_tensor(self) -> Tensor:
        """What the data provides for an Input layer."""
        assert self._input is not None
        return self._input

    def activation(
        self,
        function: str | None,
        x: Tensor,
        role: str = "a",
        symbol: str = "",
        into: Tensor | None = None,
    ) -> Tensor:
        """Apply an activation of `core.activations`; linear writes nothing, unless it goes `into` a tensor."""
        found = activations.describe(function)
        if found.operation:
            return self.op(
                found.operation, x, role=role, symbol=symbol, into=into, **found.attributes
            )
        return x if into is None else self.op("copy", x, role=role, symbol=symbol, into=into)

    def reshape(self, x: Tensor, shape: Shape, role: str = "a") -> Tensor:
        """The same values under another shape and the name ``node/role``; writes nothing."""
        name = self._unique(f"{self.place}/{role}")
        return Tensor(
            name, shape, x.buffer, x.offset, self.layer, x.symbol, x.role, x.requires_grad, x
        )

    def part(self, x: Tensor, index: int) -> Tensor:
        """``x[:, index]``: one time step."""
        size = prod(x.shape[1:])
        return self._view(
            x, f"{x.name}/{index}", x.shape[1:], index * size, f"{x.symbol}⟨{index + 1}⟩"
        )

    def columns(self, x: Tensor, start: int, count: int, letter: str = "") -> Tensor:
        """``x[:, start:start+count]`` of a tensor of rows, which may have a letter of its own."""
        place = f"[{start + 1}]" if count == 1 else f"[{start + 1}…{start + count}]"
        return self._view(
            x,
            f"{x.name}[{start}:{start + count}]",
            (count,),
            start,
            symbols.beside(letter, x.symbol) if letter else f"{x.symbol}{place}",
        )

    def empty(self, role: str, shape: Shape, symbol: str = "") -> Tensor:
        """A tensor to be written part by part."""
        name = self._unique(f"{self.place}/{role}")
        return self.tensor(name, shape, batch=True, symbol=self._symbol(role, symbol))

    def side_by_side(self, role: str, pieces: list[Tensor]) -> Tensor:
        """Tensors of one shape as the time steps of one: where nothing else lies with them, they are written there."""
        whole = self.empty(role, (len(pieces), *pieces[0].shape), "A")
        whole.requires_grad = any(piece.requires_grad for piece in pieces)
        for k, piece in enumerate(pieces):
            place = self.part(whole, k)
            if piece.packed and piece.batch and not self._shared(piece):
                self._move(piece, place.buffer, place.offset)
            else:
                self.op("copy", piece, role=f"{role}/{k}", into=place)
        return whole

    def set_mask(self, t: Tensor, mask: Tensor) -> None:
        """Declare which time steps of a tensor count."""
        self._masks[id(t)] = mask

    def mask_of(self, t: Tensor) -> Tensor | None:
        """The mask of a tensor, if it has one."""
        return self._masks.get(id(t))

    def outputs_of(self, node: str) -> list[tuple[str, Tensor]]:
        """(name, tensor) of everything a call gives."""
        found: list[tuple[str, Tensor]] = []
        while (name := reference(f"{node}/output", len(found))) in self.aliases:
            found.append((name, self.aliases[name]))
        return found

    # ---- for operations: gradients ---------------------------------------------------------------------------

    def gradient(
        self, name: str, ins: Instruction, operand: str, of: Tensor | None = None, **given: Any
    ) -> Tensor:
        """Write the instruction for the gradient of an operand of `ins` (or of the tensor `of`)."""
        target = of if of is not None else ins.inputs[operand]
        out = self._derived(name, ins, f"grad/{target.name}", symbols.of_gradient(target), given)
        out.role = "gradient"
        if out.shape != target.shape:
            message = f"{name} makes a gradient of shape {out.shape} for {target.name} of shape {target.shape}."
            raise AssertionError(message)
        return out

    def gradient_value(
        self, name: str, ins: Instruction, role: str, symbol: str = "", **given: Any
    ) -> Tensor:
        """Write an instruction whose result only serves the gradient."""
        called = symbols.beside(symbol or symbols.letter(role), ins.output.symbol)
        return self._derived(name, ins, f"grad/{ins.output.name}/{role}", called, given)

    def producer(self, t: Tensor) -> Instruction | None:
        """The instruction that writes a tensor."""
        return self._producer.get(id(t))

    def contribute(self, target: Tensor, gradient: Tensor, through: Tensor) -> None:
        """One source of the gradient of `target`, which came through a value that was made from it."""
        source = Source(gradient, through)
        self._contributions.setdefault(id(target.buffer), []).append((target, source))

    def backward(self, heads: list[Instruction]) -> None:
        """Write the backward pass of everything written so far, from the heads (losses of samples, or scores)."""
        forward = list(self.instructions)
        self.phase = "backward"
        starts = {id(ins) for ins in heads}
        for ins in reversed(forward):
            wanted = {key for key, t in ins.inputs.items() if t.requires_grad}
            if not wanted:
                continue
            dy = None
            if id(ins) not in starts:
                dy = self.total_gradient(ins.output)
                if dy is None:
                    continue
            self.layer, self.node = ins.layer, ins.output.name.rsplit("/", 1)[0]
            given = operation(ins.op).backward(self, ins, dy, wanted)  # type: ignore[arg-type]
            for key, gradient in given.items():
                self.contribute(ins.inputs[key], gradient, ins.output)

    def total_gradient(self, target: Tensor) -> Tensor | None:
        """The gradient of a tensor from all its sources, summed by instructions where there are several."""
        self._tell_apart(target)
        whole: list[Source] = []
        parts: dict[tuple[int, int], list[tuple[Tensor, Source]]] = {}
        for place, source in self._contributions.get(id(target.buffer), []):
            if place.covers(target):
                own = self._as_part(source.gradient, target, target.offset - place.offset)
                whole.append(Source(own, source.through))
            elif target.covers(place):
                parts.setdefault((place.offset, place.size), []).append((place, source))
        if parts:
            through = next(iter(parts.values()))[0][1].through
            whole.append(Source(self._side_by_side(target, parts), through))
        if not whole:
            return None
        return self._sum(target, whole)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _write(self, ins: Instruction) -> Instruction:
        need = operation(ins.op).scratch(ins)
        if need:
            ins.scratch = self.tensor(
                f"scratch/{len(self.instructions)}", (need,), batch=False, segment="scratch"
            )
            ins.scratch.role = "scratch"
        self.instructions.append(ins)
        self._producer[id(ins.output)] = ins
        return ins

    def _derived(
        self, name: str, ins: Instruction, label: str, symbol: str, given: dict[str, Any]
    ) -> Tensor:
        rule = operation(name)
        inputs = {key: given[key] for key in rule.operands if key in given}
        attributes = {key: value for key, value in given.items() if key not in rule.operands}
        out = Tensor(self._unique(label), rule.shape(inputs, attributes),
                     Buffer(prod(rule.shape(inputs, attributes)), rule.batch(inputs), "values"),
                     layer=ins.layer, symbol=symbol)  # fmt: skip
        self._write(Instruction(name, inputs, {"y": out}, attributes, ins.layer, self.phase))
        return out

    def _sum(self, target: Tensor, sources: list[Source]) -> Tensor:
        name, symbol = f"grad/{target.name}", symbols.of_gradient(target)
        if len(sources) == 1:
            self.aliases.setdefault(name, sources[0].gradient)
            return sources[0].gradient
        # The sum takes the plain name and symbol; its sources are told apart.
        ways = symbols.ways(target, [source.through.symbol for source in sources])
        for k, (source, way) in enumerate(zip(sources, ways, strict=True)):
            if source.gradient.name == name:
                source.gradient.name = f"{name}/from/{k + 1}"
            _rename(source.gradient, symbol, way)
        total = sources[0].gradient
        for k, source in enumerate(sources[1:]):
            last = k == len(sources) - 2
            label = name if last else self._unique(f"{name}/sum/{k + 1}")
            so_far = "" if last else symbols.VIA + symbols.up_to(ways[0], ways[k + 1])
            out = Tensor(label, target.shape, Buffer(target.size, target.batch, "values"), layer=target.layer,
                         symbol=symbol + so_far, role="gradient")  # fmt: skip
            inputs = {"a": total, "b": source.gradient}
            self._write(Instruction("add", inputs, {"y": out}, {}, target.layer, self.phase))
            total = out
        self.aliases[name] = total
        return total

    def _tell_apart(self, target: Tensor) -> None:
        """Gradients of the same larger tensor, of which the target is a part, get symbols of their own."""
        by_place: dict[tuple[str, int], list[tuple[Tensor, Source]]] = {}
        for place, source in self._contributions.get(id(target.buffer), []):
            if place.covers(target) and place.size > target.size:
                by_place.setdefault((place.symbol, place.offset), []).append((place, source))
        for found in by_place.values():
            ways = symbols.ways(found[0][0], [source.through.symbol for _, source in found])
            for (place, source), way in zip(found, ways, strict=True):
                if len(found) > 1:
                    _rename(source.gradient, symbols.of_gradient(place), way)

    def _side_by_side(
        self, target: Tensor, parts: dict[tuple[int, int], list[tuple[Tensor, Source]]]
    ) -> Tensor:
        """One buffer of the target's shape in which the gradients of its parts lie in their places."""
        home = Buffer(target.size, target.batch, "values")
        whole = Tensor(f"grad/{target.name}", target.shape, home, layer=target.layer,
                       symbol=symbols.of_gradient(target), role="gradient")  # fmt: skip
        for (offset, _), entries in sorted(parts.items()):
            place = entries[0][0]
            piece = self._sum(place, [source for _, source in entries])
            if not piece.packed or self._shared(piece):
                moved = Tensor(self._unique(f"{piece.name}/placed"), place.shape,
                               Buffer(place.size, target.batch, "values"),
                               layer=target.layer, symbol=symbols.of_gradient(place), role="gradient")  # fmt: skip
                self._write(
                    Instruction("copy", {"x": piece}, {"y": moved}, {}, target.layer, self.phase)
                )
                piece = moved
            self._move(piece, home, offset - target.offset)
        self.aliases[whole.name] = whole
        return whole

    def _shared(self, piece: Tensor) -> bool:
        """True if other tensors live in the same buffer, so that it cannot be moved."""
        if id(piece) not in self._producer:
            return True
        # Long sequences ask thousands of times: instructions are looked at once.
        for ins in self.instructions[self._looked_at :]:
            for t in (*ins.inputs.values(), *ins.outputs.values()):
                self._living.setdefault(id(t.buffer), {})[id(t)] = t
        self._looked_at = len(self.instructions)
        return any(t is not piece for t in self._living.get(id(piece.buffer), {}).values())

    def _move(self, piece: Tensor, home: Buffer, offset: int) -> None:
        """Let a tensor that has its buffer for itself live in another one."""
        self._living.get(id(piece.buffer), {}).pop(id(piece), None)
        piece.buffer, piece.offset = home, offset
        self._living.setdefault(id(home), {})[id(piece)] = piece

    def _as_part(self, gradient: Tensor, target: Tensor, offset: int) -> Tensor:
        if gradient.shape == target.shape and offset == 0:
            return gradient
        return Tensor(f"grad/{target.name}", target.shape, gradient.buffer, gradient.offset + offset, target.layer,
                      symbols.of_gradient(target), "gradient", False, gradient)  # fmt: skip

    def _view(self, x: Tensor, name: str, shape: Shape, offset: int, symbol: str) -> Tensor:
        return Tensor(
            name, shape, x.buffer, x.offset + offset, self.layer, symbol, x.role, x.requires_grad, x
        )

    def _symbol(self, role: str, head: str = "", *, called: bool = True) -> str:
        own, _, time = role.partition("/")
        calls = self._calls.get(self.layer, [])
        call = calls.index(self.node) if called and self.node in calls else 0
        return symbols.written(head or symbols.letter(own), self._number, self._mark, call, time)

    def _unique(self, name: str) -> str:
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return name if count == 0 else f"{name}/{count + 1}"


_NOT_DIFFERENTIATED = {
    "cut_gradient",
    "channel_mean",
    "channel_variance",
    "fill",
    "masked_channel_mean",
    "masked_channel_variance",
    "not_equal_zero",
    "accuracy_rows",
    "average_scores",
    "areas",
    "batch_mean",
    "confusion_counts",
    "decide",
    "f_scores",
    "one_hot",
    "outcomes",
    "outcomes_by_threshold",
    "pick_counts",
    "quotient_scores",
    "r2_scores",
    "r2_sums",
    "root",
    "top_k_only",
    "top_k_rows",
    "weighted_mean",
    "row_mean",
    "row_variance",
    "shared_sum",
    "accumulate",
}

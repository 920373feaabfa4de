"""What recurrent layers share: settings, shapes, states, masks, dropout, and going through a sequence step by step."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from core.errors import ShapeError
from core.layers.base import Layer, Shape, Weight
from core.layers.settings import (
    ACTIVATION,
    ACTIVITY_REGULARIZER,
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
    RECURRENT_CONSTRAINT,
    RECURRENT_INITIALIZER,
    RECURRENT_REGULARIZER,
    USE_BIAS,
    Setting,
)
from core.layers.wording import given
from core.tape import symbols

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

UNITS = Setting("units", "Units", "int", 16, 1, 4096, help="Size of the state.", required=True)
STATE_ACTIVATION = replace(
    ACTIVATION, default="tanh", help="The function that squashes what enters the state."
)
GATE_ACTIVATION = replace(
    ACTIVATION, name="recurrent_activation", label="Gate activation", default="sigmoid",
    help="The function of the gates: 0 closes one, 1 opens it.",
)  # fmt: skip
DRAWN = (USE_BIAS, KERNEL_INITIALIZER, RECURRENT_INITIALIZER, BIAS_INITIALIZER)
PENALTIES = (
    KERNEL_REGULARIZER, RECURRENT_REGULARIZER, BIAS_REGULARIZER, ACTIVITY_REGULARIZER, KERNEL_CONSTRAINT,
    RECURRENT_CONSTRAINT, BIAS_CONSTRAINT,
)  # fmt: skip
DROPOUT = (
    Setting("dropout", "Dropout", "float", 0.0, 0.0, 0.99, 0.05,
            help="Share of the inputs silenced while training: the same ones at every time step."),
    Setting("recurrent_dropout", "Recurrent dropout", "float", 0.0, 0.0, 0.99, 0.05,
            help="Share of the state silenced on its way back into the layer: the same units at every time step."),
)  # fmt: skip
SEQUENCES = (
    Setting("return_sequences", "Return sequences", "bool", False,
            help="Give the state of every time step, not only of the last."),
    Setting("return_state", "Return state", "bool", False, help="Give the last states as further outputs."),
    Setting("go_backwards", "Go backwards", "bool", False,
            help="Read the sequence from its end; sequences come out in the order in which they are read."),
    Setting("stateful", "Stateful", "bool", False,
            help="Begin each batch with the states in which the batch before ended, sample by sample."),
    Setting("unroll", "Unroll", "bool", False,
            help="Keras can unroll the time steps; here they always are, so this changes nothing."),
)  # fmt: skip


@dataclass
class Walk:
    """How one call goes through its sequence.

    Attributes
    ----------
    place
        Where the output of a time step (its place in the input, its number in the order of reading, their count) is
        written; None for a tensor of its own.
    zero_masked
        True if the output of masked steps is 0, as in `Bidirectional`; else it is that of the step before.
    """

    place: Callable[[int, int, int], Tensor | None]
    zero_masked: bool = False


@dataclass
class Kit:
    """What a layer works out once a call: products of the whole input, biases, masks, parts of weights."""

    x: Tensor
    apart: bool
    named: dict[str, Tensor] = field(default_factory=dict)
    xs: list[Tensor] = field(default_factory=list)
    kernels: list[Tensor] = field(default_factory=list)
    masks: list[Tensor] = field(default_factory=list)


class _Recurrent(Layer):
    """Base of the recurrent layers. A subclass says what its states and gates are, and writes one time step."""

    family = "Recurrent"
    icon = "recurrent"
    arity = (1, 2)
    further_inputs = "initial_state"
    #: Names of the states; the first is the output.
    states: ClassVar[tuple[str, ...]] = ("h",)
    #: Names of the parts of the kernel, in Keras's order.
    gates: ClassVar[tuple[str, ...]] = ("h",)
    #: What gates are called in formulas, if not by these names.
    letters: ClassVar[dict[str, str]] = {}

    # ---- shapes and weights ---------------------------------------------------------------------------

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return self.output_shapes(shapes)[0]

    def output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        kind, u = type(self).__name__, int(self["units"])
        if len(shapes[0]) != 2:
            raise ShapeError(
                "Needs a sequence",
                f"{kind} needs a sequence (time, features) but gets {given(shapes[0])}.",
                "sequence",
            )
        if len(shapes) not in (1, 1 + len(self.states)) or any(s != (u,) for s in shapes[1:]):
            begins = " and ".join(given(s) for s in shapes[1:])
            wanted = f"{len(self.states)} state{'s' if len(self.states) > 1 else ''} of {u}"
            raise ShapeError(
                "Initial state does not fit",
                f"{kind} begins with {wanted} numbers ({', '.join(self.states)}), but its initial state is {begins}. "
                "Take it from a layer with as many units and return_state.",
            )
        y = (shapes[0][0], u) if self["return_sequences"] else (u,)
        return [y, *[(u,)] * len(self.states)] if self["return_state"] else [y]

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        n, u, gates = shapes[0][-1], int(self["units"]), len(self.gates)
        own = [
            Weight("kernel", (n, gates * u), self["kernel_initializer"], symbol="W", filters=(-1,)),
            Weight(
                "recurrent_kernel",
                (u, gates * u),
                self["recurrent_initializer"],
                symbol="U",
                filters=(-1,),
            ),
        ]
        if self["use_bias"]:
            own.append(Weight("bias", self.bias_shape(), self.bias_initializer(), symbol="b"))
        return tuple(own)

    def bias_shape(self) -> Shape:
        """Shape of the bias."""
        return (len(self.gates) * int(self["units"]),)

    def bias_initializer(self) -> object:
        """How the bias is drawn."""
        return self["bias_initializer"]

    def multiply_adds(self, shapes: list[Shape]) -> int:
        t, n = shapes[0]
        return t * len(self.gates) * int(self["units"]) * (n + int(self["units"]))

    def describe(self) -> tuple[str, str]:
        return (f"{self['units']} units", "sequences" if self["return_sequences"] else "last state")

    def reset_state(self) -> None:
        """Let the states of a stateful layer begin at 0 again."""
        self._model().reset_states(self)

    def reset_states(self) -> None:
        """The same, under its older name."""
        self.reset_state()

    # ---- the tape ---------------------------------------------------------------------------------------

    def emit(self, e: Emitter, inputs: list[Tensor]) -> list[Tensor]:
        x, u = inputs[0], int(self["units"])
        if not self["return_sequences"]:
            last, states = self.walk(e, inputs, Walk(lambda t, k, count: None))
            return [last, *states] if self["return_state"] else [last]
        sequence = e.empty("sequence", (x.shape[0], u))
        _, states = self.walk(e, inputs, Walk(lambda t, k, count: e.part(sequence, k)))
        mask = e.mask_of(x)
        if mask is not None:
            e.set_mask(sequence, mask)
        return [sequence, *states] if self["return_state"] else [sequence]

    def walk(self, e: Emitter, inputs: list[Tensor], how: Walk) -> tuple[Tensor, list[Tensor]]:
        """Write all time steps.

        Returns
        -------
        The last output, and the last states.
        """
        x, mask = inputs[0], e.mask_of(inputs[0])
        if len(inputs) > 1:
            # Keras 3 heeds the mask of a call with one tensor only; the output carries it on all the same.
            mask = None
        kit = self.prepare(e, x)
        states, fresh = self._start(e, inputs)
        # Keras: a masked step repeats the output before it, which is 0 at first, but keeps the state, which may be
        # given: two things then.
        one_track = fresh and not how.zero_masked
        steps = range(x.shape[0])
        out: Tensor | None = None
        for k, t in enumerate(reversed(steps) if self["go_backwards"] else steps):
            if e.truncated_bptt_steps and k and k % e.truncated_bptt_steps == 0:
                states = [
                    self._cut(e, old, name, t)
                    for name, old in zip(self.states, states, strict=True)
                ]
            into = how.place(t, k, len(steps))
            if mask is None:
                states = self.step(e, kit, t, states, into)
                out = states[0]
                continue
            keep = e.columns(mask, t, 1)
            new = self.step(e, kit, t, states, None, suffix="_new")
            if not one_track:
                shown = None if how.zero_masked else out
                out = e.op("carry", keep, new[0], shown, role=f"y/{t}", symbol="h_out", into=into)
            kept = []
            for name, fresh_value, old in zip(self.states, new, states, strict=True):
                # The first state is the output where they are one.
                where = into if one_track and name == self.states[0] else None
                kept.append(e.op("carry", keep, fresh_value, old, role=f"{name}/{t}", into=where))
            states = kept
            out = states[0] if one_track else out
        assert out is not None
        if self["stateful"]:
            for name, last in zip(self.states, states, strict=True):
                e.after_forward("keep_state", e.state(name, int(self["units"])), last)
        return out, states

    def _start(self, e: Emitter, inputs: list[Tensor]) -> tuple[list[Tensor], bool]:
        """(first states, True if they are zeros)."""
        u = int(self["units"])
        if len(inputs) > 1:
            return list(inputs[1:]), False
        if self["stateful"]:
            return [e.state(name, u) for name in self.states], False
        return [e.zeros(f"{name}/start", (u,)) for name in self.states], True

    def step(
        self,
        e: Emitter,
        kit: Kit,
        t: int,
        states: list[Tensor],
        into: Tensor | None,
        suffix: str = "",
    ) -> list[Tensor]:
        """Write one time step; `into` is where the first state goes, `suffix` tells it from the one that is kept."""
        raise NotImplementedError

    # ---- sums of gates ------------------------------------------------------------------------------------

    def prepare(self, e: Emitter, x: Tensor) -> Kit:
        """Everything that does not depend on the state, for all time steps at once."""
        # Keras drops units for each gate apart as soon as the state is dropped.
        apart = e.training and self["recurrent_dropout"] > 0 and len(self.gates) > 1
        kit = Kit(x, apart)
        if e.training and self["recurrent_dropout"] > 0:
            count = len(self.gates) if apart else 1
            kit.masks = [
                self._mask(
                    e, e.zeros("h/start", (int(self["units"]),)), "recurrent_dropout", g, count
                )
                for g in range(count)
            ]
        if apart:
            for g in range(len(self.gates)):
                kit.xs.append(self._of_gate(e, x, g))
                kit.kernels.append(self.gate_kernel(e, "recurrent_kernel", g))
            return kit
        dropped = self._dropped(e, x, 0, 1)
        product = e.op("matmul", dropped, e.weight("kernel"), role="product", symbol="xW")
        bias = self.input_bias(e)
        kit.x = product
        if bias is not None:
            kit.x = e.op("bias_add", product, bias, role="x_z", symbol="(xW+b)")
        return kit

    def input_bias(self, e: Emitter) -> Tensor | None:
        """The bias that is added to the input's product."""
        return e.weight("bias") if self["use_bias"] else None

    def gate_kernel(self, e: Emitter, role: str, first: int, count: int = 1) -> Tensor:
        """The columns of a kernel that belong to a gate (or several next to each other)."""
        u, names = int(self["units"]), "".join(self.gates[first : first + count])
        part = e.op(
            "take_columns", e.weight(role), role=f"{role}_{names}", start=first * u, count=count * u
        )
        letters = "".join(map(self.letter, self.gates[first : first + count]))
        own = e.weight(role).symbol
        part.symbol = symbols.beside(f"{symbols.letter_of(own)}_{letters}", own)
        return part

    def gate_sums(self, e: Emitter, kit: Kit, t: int, h: Tensor) -> list[Tensor]:
        """For each gate ``x_t · W + b + h · U``."""
        u = int(self["units"])
        if kit.apart:
            return [
                self.gate_sum(e, kit, t, g, self.again(e, kit, t, h, g))
                for g in range(len(self.gates))
            ]
        if kit.masks:
            h = e.op("multiply", h, kit.masks[0], role=f"h_dropped/{t}", symbol="(h∘m)")
        again = e.op("matmul", h, e.weight("recurrent_kernel"), role=f"recurrent/{t}", symbol="hU")
        z = e.op("add", e.part(kit.x, t), again, role=f"z/{t}")
        if len(self.gates) == 1:
            return [z]
        return [
            e.columns(z, g * u, u, f"z_{self.letter(name)}") for g, name in enumerate(self.gates)
        ]

    def gate_sum(self, e: Emitter, kit: Kit, t: int, g: int, again: Tensor) -> Tensor:
        """What goes into one gate whose products are apart."""
        name = self.gates[g]
        return e.op(
            "add",
            e.part(kit.xs[g], t),
            again,
            role=f"z_{name}/{t}",
            symbol=f"z_{self.letter(name)}",
        )

    def letter(self, gate: str) -> str:
        """What a gate is called in formulas."""
        return self.letters.get(gate, gate)

    def again(self, e: Emitter, kit: Kit, t: int, h: Tensor, g: int) -> Tensor:
        """One gate's product of the state, units dropped."""
        name, letter = self.gates[g], self.letter(self.gates[g])
        dropped = e.op("multiply", h, kit.masks[g], role=f"h_{name}/{t}", symbol=f"(h∘m)_{letter}")
        return e.op(
            "matmul", dropped, kit.kernels[g], role=f"recurrent_{name}/{t}", symbol=f"hU_{letter}"
        )

    def _of_gate(self, e: Emitter, x: Tensor, g: int) -> Tensor:
        name, u = self.gates[g], int(self["units"])
        letter = self.letter(name)
        dropped = self._dropped(e, x, g, len(self.gates))
        kernel = self.gate_kernel(e, "kernel", g)
        product = e.op("matmul", dropped, kernel, role=f"product_{name}", symbol=f"xW_{letter}")
        bias = self.input_bias(e)
        if bias is None:
            return product
        part = e.columns(bias, g * u, u, symbols.letter_of(bias.symbol) + f"_{letter}")
        return e.op("bias_add", product, part, role=f"x_{name}", symbol=f"(xW+b)_{letter}")

    def _dropped(self, e: Emitter, x: Tensor, g: int, count: int) -> Tensor:
        """The input with the same features silenced at every time step."""
        if not e.training or self["dropout"] == 0:
            return x
        name = f"_{self.gates[g]}" if count > 1 else ""
        mask = self._mask(e, e.part(x, 0), "dropout", g, count)
        own = f"_{self.letter(self.gates[g])}" if count > 1 else ""
        whole = e.empty(f"x_dropped{name}", x.shape, f"(x∘m){own}")
        for t in range(x.shape[0]):
            e.op("multiply", e.part(x, t), mask, role=f"x_dropped{name}/{t}", into=e.part(whole, t))
        return whole

    def _mask(self, e: Emitter, like: Tensor, setting: str, g: int, count: int) -> Tensor:
        role = f"{setting}_mask" + (f"_{self.gates[g]}" if count > 1 else "")
        stream, seed = zlib.crc32(f"{e.place}/{role}".encode()), self["seed"]
        if seed is not None:
            # Layers with the same seed draw the same, the masks of one layer different ones.
            seed = (seed + zlib.crc32(role.encode())) % 2**62
        of = "x" if setting == "dropout" else "h"
        symbol = f"m_{of}" + (self.letter(self.gates[g]) if count > 1 else "")
        return e.op(
            "dropout_mask",
            like,
            role=role,
            symbol=symbol,
            rate=self[setting],
            stream=stream,
            seed=seed,
        )

    def _cut(self, e: Emitter, old: Tensor, name: str, t: int) -> Tensor:
        """A state through which no gradient goes back."""
        held = e.op("cut_gradient", old, role=f"{name}_held/{t}")
        held.symbol = symbols.beside(f"{name}_cut", old.symbol)
        return held

"""The gated recurrent unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from core.layers.base import Shape
from core.layers.dropout import SEED
from core.layers.recurrent import (
    DRAWN,
    DROPOUT,
    GATE_ACTIVATION,
    PENALTIES,
    SEQUENCES,
    STATE_ACTIVATION,
    UNITS,
    Kit,
    _Recurrent,
)
from core.layers.settings import Setting
from core.tape import symbols

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class GRU(_Recurrent):
    """Cho et al. 2014, unrolled over time, as in Keras: gates in the order z (update), r (reset), h (candidate).

    ``u = σ(x·W_z + h·U_z)``, ``r = σ(x·W_r + h·U_r)``, ``h_t = u ∘ h_(t-1) + (1 - u) ∘ ĥ``; Keras calls u z. With
    ``reset_after`` the reset gate is applied to the product, ``ĥ = tanh(x·W_h + r ∘ (h·U_h))``, and both products have
    a bias: the weight ``bias`` has the rows (input, recurrent). Without it, as in the paper,
    ``ĥ = tanh(x·W_h + (r ∘ h)·U_h)``.
    Input ``(batch, time, features)``; output ``(batch, units)``, or ``(batch, time, units)`` with ``return_sequences``;
    with ``return_state`` also the last state. Masked steps carry the state on.
    """

    summary = "Reads a sequence step by step; one gate decides how much of the old to keep, another what to forget."
    gates = ("z", "r", "h")
    letters: ClassVar[dict[str, str]] = {"z": "u"}
    settings = (
        UNITS,
        STATE_ACTIVATION,
        GATE_ACTIVATION,
        *DRAWN,
        *PENALTIES,
        *DROPOUT,
        SEED,
        *SEQUENCES,
        Setting("reset_after", "Reset after", "bool", True,
                help="Apply the reset gate after the product with the recurrent weights, not before it."),
    )  # fmt: skip

    def bias_shape(self) -> Shape:
        flat = super().bias_shape()
        return (2, *flat) if self["reset_after"] else flat

    def input_bias(self, e: Emitter) -> Tensor | None:
        if not self["use_bias"]:
            return None
        return _bias_row(e, 0, "ˣ") if self["reset_after"] else e.weight("bias")

    def prepare(self, e: Emitter, x: Tensor) -> Kit:
        kit = super().prepare(e, x)
        if self["use_bias"] and self["reset_after"]:
            kit.named["bias"] = _bias_row(e, 1, "ʰ")
        if not kit.apart and not self["reset_after"]:
            kit.named["U_zr"] = self.gate_kernel(e, "recurrent_kernel", 0, 2)
            kit.kernels = [kit.named["U_zr"]] * 2 + [self.gate_kernel(e, "recurrent_kernel", 2)]
        return kit

    def step(
        self,
        e: Emitter,
        kit: Kit,
        t: int,
        states: list[Tensor],
        into: Tensor | None,
        suffix: str = "",
    ) -> list[Tensor]:
        (h,) = states
        gate = self["recurrent_activation"]
        z_z, z_r, of_h = self._sums(e, kit, t, h)
        z = e.activation(gate, z_z, role=f"update/{t}")
        r = e.activation(gate, z_r, role=f"reset/{t}")
        if self["reset_after"]:
            assert of_h is not None
            past = e.op("multiply", r, of_h, role=f"r_h/{t}", symbol="(r∘hU)")
        else:
            source = (
                e.op("multiply", h, kit.masks[2], role=f"h_h/{t}", symbol="(h∘m)_h")
                if kit.apart
                else h
            )
            reset = e.op("multiply", r, source, role=f"r_h/{t}")
            past = e.op("matmul", reset, kit.kernels[2], role=f"recurrent_h/{t}", symbol="(r∘h)U")
        z_h = e.op("add", self._from_input(e, kit, t, 2), past, role=f"z_h/{t}")
        candidate = e.activation(self["activation"], z_h, role=f"candidate/{t}")
        kept = e.op("multiply", z, h, role=f"u_h/{t}")
        rest = e.op("complement", z, role=f"one_minus_u/{t}")
        added = e.op("multiply", rest, candidate, role=f"added/{t}")
        return [e.op("add", kept, added, role=f"h{suffix}/{t}", into=into)]

    def _from_input(self, e: Emitter, kit: Kit, t: int, first: int, count: int = 1) -> Tensor:
        u = int(self["units"])
        if kit.apart:
            return e.part(kit.xs[first], t)
        whole = e.part(kit.x, t)
        letters = "".join(map(self.letter, self.gates[first : first + count]))
        return e.columns(
            whole, first * u, count * u, f"{symbols.letter_of(whole.symbol)}_{letters}"
        )

    def _sums(
        self, e: Emitter, kit: Kit, t: int, h: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Sums of the two gates, and with `reset_after` what the state gives to the candidate."""
        u = int(self["units"])
        if kit.apart:
            found = []
            for g in range(3 if self["reset_after"] else 2):
                part = self.again(e, kit, t, h, g)
                if "bias" in kit.named:
                    name, letter = self.gates[g], self.letter(self.gates[g])
                    bias = e.columns(kit.named["bias"], g * u, u, f"b_{letter}")
                    part = e.op(
                        "bias_add", part, bias, role=f"recurrent_z_{name}/{t}",
                        symbol=f"(hU+b)_{letter}",
                    )  # fmt: skip
                found.append(part)
            sums = [self.gate_sum(e, kit, t, g, found[g]) for g in range(2)]
            return sums[0], sums[1], found[2] if self["reset_after"] else None
        if self["reset_after"]:
            again = e.op(
                "matmul", h, e.weight("recurrent_kernel"), role=f"recurrent/{t}", symbol="hU"
            )
            if "bias" in kit.named:
                again = e.op(
                    "bias_add", again, kit.named["bias"], role=f"recurrent_z/{t}", symbol="(hU+b)"
                )
        else:
            again = e.op("matmul", h, kit.named["U_zr"], role=f"recurrent_zr/{t}", symbol="hU_ur")
        whole = symbols.letter_of(again.symbol)
        of_gates = e.columns(again, 0, 2 * u, f"{whole}_ur" if self["reset_after"] else whole)
        both = e.op(
            "add", self._from_input(e, kit, t, 0, 2), of_gates, role=f"z_zr/{t}", symbol="z_ur"
        )
        of_h = e.columns(again, 2 * u, u, f"{whole}_h") if self["reset_after"] else None
        return e.columns(both, 0, u, "z_u"), e.columns(both, u, u, "z_r"), of_h


def _bias_row(e: Emitter, row: int, mark: str) -> Tensor:
    """The bias of the products with the input, or with the state: rows of one weight, not time steps."""
    bias = e.weight("bias")
    part = e.part(bias, row)
    part.symbol = f"{bias.symbol}{mark}"
    return part

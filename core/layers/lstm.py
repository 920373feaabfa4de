"""Long short-term memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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


class LSTM(_Recurrent):
    """Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, unrolled over time, as in Keras.

    ``z = x_t · kernel + h_(t-1) · recurrent_kernel + bias``, cut into four in the order i, f, c, o;
    ``c_t = σ(z_f) ∘ c_(t-1) + σ(z_i) ∘ tanh(z_c)`` and ``h_t = σ(z_o) ∘ tanh(c_t)``. Input ``(batch, time, features)``;
    output ``(batch, units)``, or ``(batch, time, units)`` with ``return_sequences``; with ``return_state`` also h and c
    of the last step. Masked steps carry the states on.
    """

    summary = "Reads a sequence step by step, with gates that decide what to keep, add and show."
    arity = (1, 3)
    states = ("h", "c")
    gates = ("i", "f", "c", "o")
    letters: ClassVar[dict[str, str]] = {"c": "g"}
    settings = (
        UNITS,
        STATE_ACTIVATION,
        GATE_ACTIVATION,
        *DRAWN,
        Setting("unit_forget_bias", "Forget bias 1", "bool", True, help="Start by remembering."),
        *PENALTIES,
        *DROPOUT,
        SEED,
        *SEQUENCES,
    )

    def bias_initializer(self) -> object:
        drawn = self["bias_initializer"]
        if not self["unit_forget_bias"]:
            return drawn
        if drawn == "zeros":
            return "lstm_forget_bias"
        return {"class_name": "LstmForgetBias", "config": {"bias_initializer": drawn}}

    def step(
        self,
        e: Emitter,
        kit: Kit,
        t: int,
        states: list[Tensor],
        into: Tensor | None,
        suffix: str = "",
    ) -> list[Tensor]:
        h, c = states
        squash, gate = self["activation"], self["recurrent_activation"]
        z_i, z_f, z_c, z_o = self.gate_sums(e, kit, t, h)
        i = e.activation(gate, z_i, role=f"i/{t}")
        f = e.activation(gate, z_f, role=f"f/{t}")
        g = e.activation(squash, z_c, role=f"g/{t}")
        o = e.activation(gate, z_o, role=f"o/{t}")
        kept = e.op("multiply", f, c, role=f"f_c/{t}")
        added = e.op("multiply", i, g, role=f"i_g/{t}")
        c = e.op("add", kept, added, role=f"c{suffix}/{t}")
        shown = e.activation(squash, c, role=f"tanh_c/{t}", symbol=symbols.applied(squash, "c"))
        return [e.op("multiply", o, shown, role=f"h{suffix}/{t}", into=into), c]

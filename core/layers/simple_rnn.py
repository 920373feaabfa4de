"""The plain recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.layers.dropout import SEED
from core.layers.recurrent import (
    DRAWN,
    DROPOUT,
    PENALTIES,
    SEQUENCES,
    STATE_ACTIVATION,
    UNITS,
    Kit,
    _Recurrent,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class SimpleRNN(_Recurrent):
    """``h_t = tanh(x_t · kernel + h_(t-1) · recurrent_kernel + bias)``: Elman 1990, unrolled over time, as in Keras.

    Input ``(batch, time, features)``; output ``(batch, units)``, or ``(batch, time, units)`` with ``return_sequences``;
    with ``return_state`` also the last state, which is the last output. Masked steps carry the state on. Unlike
    in Keras 3.15, which forgets it, `activity_regularizer` counts.
    """

    summary = "Reads a sequence step by step; what it remembers is its last output."
    settings = (
        UNITS,
        STATE_ACTIVATION,
        *DRAWN,
        *PENALTIES,
        *DROPOUT,
        *SEQUENCES,
        SEED,
    )

    def step(
        self,
        e: Emitter,
        kit: Kit,
        t: int,
        states: list[Tensor],
        into: Tensor | None,
        suffix: str = "",
    ) -> list[Tensor]:
        (z,) = self.gate_sums(e, kit, t, states[0])
        return [e.activation(self["activation"], z, role=f"h{suffix}/{t}", into=into)]

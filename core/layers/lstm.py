"""Long short-term memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import ShapeError
from core.layers.base import Layer, Shape, Weight
from core.layers.settings import KERNEL_INITIALIZER, RECURRENT_INITIALIZER, USE_BIAS, Setting
from core.layers.wording import given

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class LSTM(Layer):
    """Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, unrolled over time, as in Keras.

    ``z = x_t · kernel + h_(t-1) · recurrent_kernel + bias``, cut into four in the order i, f, c, o;
    ``c_t = σ(z_f) ∘ c_(t-1) + σ(z_i) ∘ tanh(z_c)`` and ``h_t = σ(z_o) ∘ tanh(c_t)``. Input ``(batch, time, features)``;
    output ``(batch, units)``, or ``(batch, time, units)`` with ``return_sequences``. Masked steps carry the state on.
    """

    family = "Recurrent"
    summary = "Reads a sequence step by step, with gates that decide what to keep, add and show."
    icon = "recurrent"
    settings = (
        Setting("units", "Units", "int", 16, 1, 4096, help="Size of the state.", required=True),
        Setting("return_sequences", "Return sequences", "bool", False, help="Give the state of every time step."),
        USE_BIAS,
        KERNEL_INITIALIZER,
        RECURRENT_INITIALIZER,
        Setting("unit_forget_bias", "Forget bias 1", "bool", True, help="Start by remembering."),
    )  # fmt: skip

    def output_shape(self, shapes: list[Shape]) -> Shape:
        if len(shapes[0]) != 2:
            raise ShapeError(
                "Needs a sequence",
                f"LSTM needs a sequence (time, features) but gets {given(shapes[0])}.",
                "sequence",
            )
        return (shapes[0][0], self["units"]) if self["return_sequences"] else (self["units"],)

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        n, u = shapes[0][-1], self["units"]
        own = [
            Weight("kernel", (n, 4 * u), self["kernel_initializer"], symbol="W"),
            Weight("recurrent_kernel", (u, 4 * u), self["recurrent_initializer"], symbol="U"),
        ]
        if self["use_bias"]:
            start = "lstm_forget_bias" if self["unit_forget_bias"] else "zeros"
            own.append(Weight("bias", (4 * u,), start, symbol="b"))
        return tuple(own)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        t, n = shapes[0]
        return t * 4 * int(self["units"]) * (n + int(self["units"]))

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, u = inputs[0], int(self["units"])
        steps, mask = x.shape[0], e.mask_of(x)
        from_input = e.op("matmul", x, e.weight("kernel"), role="product")
        if self["use_bias"]:
            from_input = e.op("bias_add", from_input, e.weight("bias"), role="x_z")
        sequence = e.empty("sequence", (steps, u))
        h: Tensor | None = None
        c: Tensor | None = None
        for t in range(steps):
            at = f"{t}"
            z = e.part(from_input, t)
            if h is not None:
                again = e.op("matmul", h, e.weight("recurrent_kernel"), role=f"recurrent/{at}")
                z = e.op("add", z, again, role=f"z/{at}")
            i = e.op("sigmoid", e.columns(z, 0, u), role=f"i/{at}")
            f = e.op("sigmoid", e.columns(z, u, u), role=f"f/{at}") if c is not None else None
            g = e.op("tanh", e.columns(z, 2 * u, u), role=f"g/{at}")
            o = e.op("sigmoid", e.columns(z, 3 * u, u), role=f"o/{at}")
            new = e.op("multiply", i, g, role=f"i_g/{at}")
            if c is not None and f is not None:
                new = e.op("add", e.op("multiply", f, c, role=f"f_c/{at}"), new, role=f"c/{at}")
            squashed = e.op("tanh", new, role=f"tanh_c/{at}")
            into = e.part(sequence, t)
            if mask is None:
                h, c = e.op("multiply", o, squashed, role=f"h/{at}", into=into), new
            else:
                shown = e.op("multiply", o, squashed, role=f"h_new/{at}")
                keep = e.columns(mask, t, 1)
                h = e.op("carry", keep, shown, h, role=f"h/{at}", into=into)
                c = e.op("carry", keep, new, c, role=f"c_kept/{at}")
        if self["return_sequences"]:
            if mask is not None:
                e.set_mask(sequence, mask)
            return sequence
        assert h is not None
        return h

    def describe(self) -> tuple[str, str]:
        return (f"{self['units']} units", "sequences" if self["return_sequences"] else "last state")

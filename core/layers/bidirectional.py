"""A recurrent layer that reads in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from core.errors import SettingError, ShapeError
from core.layers.base import Layer, Shape, Weight
from core.layers.lstm import LSTM
from core.layers.recurrent import Walk, _Recurrent
from core.layers.settings import Setting
from core.layers.wording import given
from core.layers.wrapping import LayerSetting, OnlyNone, inner, owned

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

_KINDS = ("LSTM", "GRU", "SimpleRNN")
_MODES = ("concat", "sum", "mul", "ave")
#: What both layers have to say alike.
_COMMON = ("stateful", "return_sequences", "return_state")


class Bidirectional(Layer):
    """Two recurrent layers, one reading forwards and one backwards, joined. Source: Schuster and Paliwal 1997; Keras.

    Output of `merge_mode` "concat": ``[h→, h←]``, twice as many features; "sum", "mul" and "ave" combine them number by
    number; None gives both as two outputs. With `return_sequences` the backward sequence is turned round, so that both
    speak of the same time step; masked steps give 0 then, as in Keras. The last states of both follow with
    `return_state`; `initial_state` takes as many.
    """

    family = "Recurrent"
    summary = "Reads a sequence forwards and backwards with two recurrent layers, and joins what they found."
    icon = "recurrent"
    arity = (1, 5)
    further_inputs = "initial_state"
    settings = (
        LayerSetting("layer", "Layer", "layer", {"class_name": "LSTM", "config": LSTM.normalise({})}, choices=_KINDS,
                     required=True, help="The recurrent layer that reads forwards; a copy of it reads backwards."),
        Setting("merge_mode", "Merge mode", "choice", "concat", choices=_MODES, optional=True,
                help="How the outputs of both directions become one."),
        OnlyNone("weights", "Weights", "none", None, optional=True, help="Set them with set_weights in the model."),
        LayerSetting("backward_layer", "Backward layer", "layer", None, choices=_KINDS, optional=True,
                     help="Another layer to read backwards; it must have go_backwards."),
    )  # fmt: skip

    @classmethod
    def normalise(cls, config: dict[str, Any]) -> dict[str, Any]:
        found = super().normalise(config)
        pair = _pair(found)
        for name, layer in zip(("layer", "backward_layer"), pair, strict=True):
            if layer["activity_regularizer"] is not None:
                raise SettingError(
                    f"Bidirectional: the activity_regularizer of its {name} must be None; outputs inside of a wrapper "
                    "have no penalty in this version.", name
                )  # fmt: skip
        if pair[0]["go_backwards"] == pair[1]["go_backwards"]:
            # Without a backward_layer Keras 3 reads backwards with a copy, and does not turn a layer that does already.
            repair = (
                f"Make the backward_layer with go_backwards={not pair[0]['go_backwards']}."
                if found["backward_layer"]
                else "Leave go_backwards out: the copy that Bidirectional makes reads backwards."
            )
            raise SettingError(
                "Bidirectional: its layer and backward_layer must have different go_backwards; both have "
                f"{pair[0]['go_backwards']}. {repair}", "backward_layer" if found["backward_layer"] else "layer"
            )  # fmt: skip
        for setting in _COMMON:
            if pair[0][setting] != pair[1][setting]:
                raise SettingError(
                    f"Bidirectional: its layer and backward_layer must have the same {setting}; they have "
                    f"{pair[0][setting]} and {pair[1][setting]}.", "backward_layer"
                )  # fmt: skip
        return found

    def _split(self, inputs: list[Any]) -> tuple[list[Any], list[Any]]:
        """What each direction reads: the sequence, and its half of the initial states."""
        first, states = inputs[:1], inputs[1:]
        half = len(states) // 2
        return [*first, *states[:half]], [*first, *states[half:]]

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return self.output_shapes(shapes)[0]

    def output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        forward, backward = _pair(self.config)
        if (len(shapes) - 1) % 2:
            raise ShapeError(
                "Initial state does not fit",
                f"Bidirectional begins with the states of both directions; {len(shapes) - 1} are given.",
            )
        before, after = (
            layer.output_shapes(part)
            for layer, part in zip((forward, backward), self._split(shapes), strict=True)
        )
        y, back, mode = before[0], after[0], self["merge_mode"]
        if mode is None:
            first = [y, back]
        elif mode == "concat":
            first = [(*y[:-1], y[-1] + back[-1])]
        elif y != back:
            raise ShapeError(
                "Shapes differ",
                f"Bidirectional with merge_mode {mode!r} needs two layers with as many units; they give "
                f"{given(y)} and {given(back)}.",
            )
        else:
            first = [y]
        return [*first, *before[1:], *after[1:]]

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        forward, backward = _pair(self.config)
        return (
            *owned(forward, forward.weights(shapes), "forward/", "→"),
            *owned(backward, backward.weights(shapes), "backward/", "←"),
        )

    def multiply_adds(self, shapes: list[Shape]) -> int:
        return sum(layer.multiply_adds(shapes[:1]) for layer in _pair(self.config))

    def reset_state(self) -> None:
        """Let the states of a stateful layer begin at 0 again."""
        self._model().reset_states(self)

    def reset_states(self) -> None:
        """The same, under its older name."""
        self.reset_state()

    def emit(self, e: Emitter, inputs: list[Tensor]) -> list[Tensor]:
        forward, backward = _pair(self.config)
        steps, sequences = inputs[0].shape[0], bool(forward["return_sequences"])
        sizes = int(forward["units"]), int(backward["units"])
        joined = self["merge_mode"] == "concat"
        width = (sum(sizes),) if joined else None
        merged = e.empty("a", (steps, *width) if sequences else width) if width else None
        found: list[Tensor] = []
        states: list[Tensor] = []
        for k, (layer, given_inputs) in enumerate(
            zip((forward, backward), self._split(inputs), strict=True)
        ):
            name, mark = ("forward", "→") if k == 0 else ("backward", "←")
            with e.within(name, weights=f"{name}/", mark=mark):
                whole = merged
                if whole is None and sequences:
                    whole = e.empty("sequence", (steps, sizes[k]))
                start = sizes[0] if joined and k else 0
                how = _places(e, layer, whole, start, sizes[k], turned=bool(k), sequences=sequences)
                last, ends = layer.walk(e, given_inputs, how)
                found.append(whole if whole is not None and not joined else last)
                states += ends
        outputs = [merged] if merged is not None else self._combined(e, found)
        mask = e.mask_of(inputs[0])
        if sequences and mask is not None:
            for y in outputs:
                e.set_mask(y, mask)
        return [*outputs, *states] if forward["return_state"] else outputs

    def _combined(self, e: Emitter, found: list[Tensor]) -> list[Tensor]:
        mode = self["merge_mode"]
        if mode is None:
            return found
        if mode == "ave":
            total = e.op("add", *found, role="sum")
            return [e.op("divide", total, role="a", number=2)]
        return [e.op("add" if mode == "sum" else "multiply", *found, role="a")]

    def describe(self) -> tuple[str, str]:
        return (
            f"{self['layer']['class_name']} {self['layer']['config']['units']}",
            self["merge_mode"] or "both",
        )


def _places(
    e: Emitter,
    layer: _Recurrent,
    whole: Tensor | None,
    start: int,
    size: int,
    *,
    turned: bool,
    sequences: bool,
) -> Walk:
    """Where a direction writes its outputs: its columns of what both write, or a tensor of its own."""

    def place(t: int, k: int, steps: int) -> Tensor | None:
        if whole is None or (not sequences and k < steps - 1):
            return None
        row = e.part(whole, steps - 1 - k if turned else k) if sequences else whole
        part = e.columns(row, start, size)
        part.symbol = ""
        return part

    return Walk(place, zero_masked=sequences)


def _pair(config: dict[str, Any]) -> tuple[_Recurrent, _Recurrent]:
    """The layers of both directions."""
    forward = config["layer"]
    backward = config["backward_layer"]
    if backward is None:
        backward = {**forward, "config": {**forward["config"], "go_backwards": True}}
    return cast("_Recurrent", inner(forward)), cast("_Recurrent", inner(backward))

"""Recurrent layers in the PyTorch code."""

from __future__ import annotations

from typing import Any

from core.errors import ChainruleError
from core.io.code_common import call

_JOINED = {
    "concat": "torch.cat([{}, {}], -1)",
    "sum": "{} + {}",
    "mul": "{} * {}",
    "ave": "({} + {}) / 2",
}
_MODULES = {"SimpleRNN": "nn.RNN", "LSTM": "nn.LSTM", "GRU": "nn.GRU"}


class Recurrent:
    """One recurrent layer (or one direction of one) as a module of PyTorch.

    Parameters
    ----------
    kind, config
        Its kind and settings.
    name
        What the learner calls it, for sentences.
    attribute
        Of the class that is written: ``"self.lstm_1"``.
    """

    def __init__(self, kind: str, config: dict[str, Any], name: str, attribute: str) -> None:
        self.kind, self.config, self.name, self.attribute = kind, config, name, attribute
        self.variable = attribute.removeprefix("self.")
        self._check()

    def _check(self) -> None:
        config = self.config
        activation = config["activation"] or "linear"
        fine = {"SimpleRNN": ("tanh", "relu")}.get(self.kind, ("tanh",))
        if activation not in fine:
            self._refuse(f"its activation is {activation}, and PyTorch's has {' or '.join(fine)}")
        gates = config.get("recurrent_activation", "sigmoid") or "linear"
        if gates != "sigmoid":
            self._refuse(f"its gates have the activation {gates}, and PyTorch's have sigmoid")
        if not config.get("reset_after", True):
            self._refuse("its reset gate comes before the product, and PyTorch's after it")
        for setting in ("dropout", "recurrent_dropout"):
            if config[setting]:
                self._refuse(f"PyTorch's layer has nothing like {setting}")
        if config["stateful"]:
            self._refuse("PyTorch keeps no states from batch to batch")
        if any(value for key, value in config.items() if key.endswith("_regularizer")):
            self._refuse("penalties on its weights are not written")

    def _refuse(self, why: str) -> None:
        raise ChainruleError(f"{self.name} has no counterpart in PyTorch: {why}.")

    def made(self, features: int) -> str:
        """The text that makes the module."""
        named: dict[str, Any] = {"batch_first": True}
        if not self.config["use_bias"]:
            named["bias"] = False
        if self.config["activation"] == "relu":
            named["nonlinearity"] = "relu"
        return call(_MODULES[self.kind], [features, self.config["units"]], named)

    def starts(self, module: Any) -> None:
        """Let the module's weights begin as Keras does."""
        config, name = self.config, self.attribute
        module.start(f"{name}.weight_ih_l0", config["kernel_initializer"])
        module.start(f"{name}.weight_hh_l0", config["recurrent_initializer"])
        if not config["use_bias"]:
            return
        module.start(f"{name}.bias_ih_l0", config["bias_initializer"])
        if self.kind == "GRU":
            # Both biases are Keras's, too; its gates stand in the order z, r, h, here in the order r, z, h.
            module.start(f"{name}.bias_hh_l0", config["bias_initializer"])
            return
        module.start(f"{name}.bias_hh_l0", "zeros")
        module.line(f"{name}.bias_hh_l0.requires_grad_(False)  # Keras has one")
        if config.get("unit_forget_bias"):
            units = config["units"]
            module.line(f"{name}.bias_ih_l0.data[{units}:{2 * units}] = 1.0  # remember at first")

    def calls(
        self, source: str, states: list[str], mask: str | None, *, turned: bool = False
    ) -> tuple[list[str], str, list[str]]:
        """What `forward` does.

        Parameters
        ----------
        source, states
            The sequence, and the states it begins with.
        mask
            The variable that says which time steps count.
        turned
            True if the sequence that comes out is turned round.

        Returns
        -------
        Lines, the output, the last states.
        """
        backwards, sequences = self.config["go_backwards"], self.config["return_sequences"]
        if mask is not None and (backwards or self.config["return_state"] or states):
            self._refuse("with a mask, only the last output or a sequence can be written")
        whole, last = f"{self.variable}_all", f"{self.variable}_last"
        if backwards:
            source = f"{source}.flip(1)"
        given = [source]
        if states:
            begin = [f"{state}[None].contiguous()" for state in states]
            given.append(begin[0] if len(begin) == 1 else f"({', '.join(begin)})")
        lines = [f"{whole}, {last} = {self.attribute}({', '.join(given)})"]
        if sequences:
            output = f"{whole}.flip(1)" if turned else whole
        elif mask is not None:
            rows = f"torch.arange(len({whole}), device={whole}.device)"
            output = f"{whole}[{rows}, {mask}.sum(1).clamp(min=1) - 1]"
        else:
            output = f"{whole}[:, -1]"
        ends = [f"{last}[0]"] if self.kind != "LSTM" else [f"{last}[0][0]", f"{last}[1][0]"]
        return lines, output, ends


class BothWays:
    """A `Bidirectional` layer: two modules, because weights of the two libraries then agree entry by entry."""

    def __init__(self, config: dict[str, Any], name: str, attribute: str) -> None:
        forward, backward = config["layer"], config["backward_layer"]
        if backward is None:
            backward = {**forward, "config": {**forward["config"], "go_backwards": True}}
        self.ways = [
            Recurrent(layer["class_name"], layer["config"], name, f"{attribute}_{way}")
            for way, layer in (("forward", forward), ("backward", backward))
        ]
        self.mode = config["merge_mode"]
        self.returns_state = bool(forward["config"]["return_state"])

    def calls(self, source: str, states: list[str]) -> tuple[list[str], list[str], list[str]]:
        """Lines, outputs, last states."""
        half = len(states) // 2
        lines: list[str] = []
        outputs: list[str] = []
        ends: list[str] = []
        for k, way in enumerate(self.ways):
            part = states[half:] if k else states[:half]
            more, output, last = way.calls(source, part, None, turned=bool(k))
            lines += more
            outputs.append(output)
            ends += last
        if self.mode is not None:
            outputs = [_JOINED[self.mode].format(*outputs)]
        return lines, outputs, ends if self.returns_state else []

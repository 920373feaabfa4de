"""PyTorch code of a network.

PyTorch keeps images channels first; the module takes them channels last, as everything here does, and turns
them once. Before a list is made of an image it is turned back, so that weights of the two agree entry by entry.
"""

from __future__ import annotations

from typing import Any

from core.errors import ChainruleError
from core.io.code_activations import torch_activation, torch_layer
from core.io.code_common import call, checked, comment, is_frozen, variables
from core.io.code_initializers import torch_penalties, torch_start
from core.io.code_losses import TorchLoss, output_is_masked
from core.io.code_optimizers import pytorch_optimizer
from core.io.code_pytorch_recurrent import BothWays, Recurrent
from core.io.code_shapes import Shapes, torch_shapes
from core.io.code_windows import Windows, torch_windows
from core.layers import registry
from core.spec import Layer, Network, Row, Training
from core.spec.reference import reference


def pytorch(network: Network, training: Training) -> str:
    """Return a PyTorch program: an ``nn.Module`` and how to train it.

    Raises
    ------
    ChainruleError
        When the network cannot work as it is, or uses something that has no counterpart here.
    """
    inspection = checked(network, training)
    module = _Module(network, training, {row.node: row for row in inspection.rows})
    head = [
        comment(f"{network.name}: {inspection.parameters:,} parameters. Written by Chainrule."),
        "import torch",
        "import torch.nn.functional as F",
        "from torch import nn",
        "",
        f"torch.manual_seed({training.seed})",
        "",
        "",
    ]
    lines = module.lines()
    if output_is_masked(network):
        raise ChainruleError(
            "The output carries a mask; a loss that leaves out masked steps has no counterpart in the PyTorch code."
        )
    total = " + ".join([module.loss.expression, *module.penalties])
    several = len(module.inputs) > 1, len(network.outputs) > 1
    rest = any("requires_grad_(False)" in line for line in lines)
    return "\n".join(
        [*head, *lines, *_training(training, module.loss, total, *several, some_rest=rest)]
    )


class _Module:
    """Writes the class: what it owns, how it is initialised, what it computes."""

    def __init__(self, network: Network, training: Training, rows: dict[str, Row]) -> None:
        self._network, self._rows = network, rows
        self._nodes = {node.id: node for node in network.nodes}
        self._attributes = variables([layer.id for layer in network.layers], ("forward", "predict"))
        self._owns: list[str] = []
        self._starts: list[str] = []
        #: Modules and parameters that training leaves alone, and normalisations among them.
        self._frozen: list[str] = []
        self._still: list[str] = []
        self._body: list[str] = []
        self._made: set[str] = set()
        self._values = variables([node.id for node in network.nodes], ("torch", "self", "nn"))
        if network.is_chain:
            self._values = {node.id: "x" for node in network.nodes}
        for node, row in rows.items():
            # Outputs after the first have names of their own.
            further = [reference(node, k) for k in range(1, len(row.output_shapes))]
            self._values |= variables(further, ("torch", "self", "nn", *self._values.values()))
        self._masks: dict[str, str] = {}
        #: What `forward` takes.
        self.inputs: list[str] = []
        #: What regularizers add to the loss.
        self.penalties: list[str] = []
        last = network.layer(self._nodes[network.source(network.outputs[0])[0]].layer)
        activation = last.config.get("activation") or "linear"
        single = len(network.outputs) == 1
        shape = rows[network.source(network.outputs[0])[0]].output_shape if single else None
        self.loss = TorchLoss(training, activation, shape)
        #: The activation that training leaves to the loss.
        self._left_out = self.loss.left_out

    def lines(self) -> list[str]:
        for id_ in self._network.order():
            self._node(id_)
        outputs = [self._channels_last(id_) for id_ in self._network.outputs]
        takes = ", ".join(self.inputs)
        shapes = "; ".join(
            f"{name}: (batch, {', '.join(map(str, self._rows[id_].output_shape or ()))})"
            for id_, name in zip(self._sources(), self.inputs, strict=True)
        )
        lines = [
            "class Network(nn.Module):",
            "    def __init__(self):",
            "        super().__init__()",
            *(f"        {line}" for line in self._owns),
            *(["        # Start as Keras does."] if self._starts else []),
            *(f"        {line}" for line in self._starts),
            *(["        # Frozen."] if self._frozen else []),
            *(f"        {name}.requires_grad_(False)" for name in self._frozen),
            "",
            *self._mode(),
            f"    def forward(self, {takes}):  # {shapes}",
            *(f"        {line}" for line in self._body),
            f"        return {', '.join(outputs)}",
        ]
        if self._left_out:
            function = (
                "torch.softmax({}, -1)" if self._left_out == "softmax" else "torch.sigmoid({})"
            )
            lines += [
                "",
                f"    def predict(self, {takes}):",
                f"        # The {self._left_out} is part of the loss while training.",
                f"        return {function.format(f'self({takes})')}",
            ]
        else:
            lines += ["", f"    def predict(self, {takes}):", f"        return self({takes})"]
        return lines

    def _mode(self) -> list[str]:
        """Of frozen normalisations: they use their moving statistics in training, too, as Keras's do."""
        if not self._still:
            return []
        return [
            "    def train(self, mode=True):",
            "        super().train(mode)",
            *(
                f"        {name}.eval()  # frozen: it uses its moving statistics"
                for name in self._still
            ),
            "        return self",
            "",
        ]

    def _freeze(self, layer: Layer, config: dict[str, Any], owned: list[str]) -> None:
        """Note what of these lines a frozen layer, or one inside of it, owns."""
        inner = config.get("backward_layer") or config.get("layer")
        for line in owned:
            name = line.partition(" = ")[0]
            part = inner if name.endswith("_backward") else config.get("layer")
            if is_frozen(config) or (isinstance(part, dict) and is_frozen(part["config"])):
                self._frozen.append(name)
                if layer.kind == "BatchNormalization":
                    self._still.append(name)

    def _sources(self) -> list[str]:
        return [id_ for id_ in self._network.order() if not self._nodes[id_].inputs]

    def _node(self, id_: str) -> None:
        node = self._nodes[id_]
        layer = self._network.layer(node.layer)
        row = self._rows[id_]
        config = registry.kind(layer.kind).normalise(layer.config)
        sources = [self._values[reference(*self._network.source(source))] for source in node.inputs]
        write = getattr(self, f"_write_{layer.kind.lower()}", None)
        short = torch_layer(
            layer.kind,
            config,
            row.input_shapes[0] if row.input_shapes else (),
            sources,
            self._attribute(layer),
        )
        windows = None
        if node.inputs:
            mask = self._masks.get(node.inputs[0])
            windows = torch_windows(
                layer.kind, config, row.input_shapes[0], sources[0], self._attribute(layer), mask
            )
        masks = [self._masks.get(source, "") for source in node.inputs]
        shapes = torch_shapes(
            layer.kind, config, row.input_shapes, sources, self._attribute(layer), masks
        )
        if write is None and short is None and windows is None and shapes is None:
            raise ChainruleError(f"{layer.kind} has no counterpart in the PyTorch code yet.")
        first, owned = layer.id not in self._made, len(self._owns)
        if first and not is_frozen(config):
            # As in Keras, what is frozen has no penalty.
            attribute = self._attributes[layer.id]
            self.penalties += torch_penalties(layer.name, layer.kind, attribute, config)
        self._made.add(layer.id)
        if node.inputs and registry.kind(layer.kind).passes_mask and node.inputs[0] in self._masks:
            self._masks[id_] = self._masks[node.inputs[0]]
        if write is not None:
            write(id_, layer, config, row, sources, first)
        elif shapes is not None:
            self._write_shapes(id_, layer, shapes, first)
        elif windows is not None:
            self._write_windows(id_, layer, config, windows, first)
        elif short is not None:
            if short.owns and first:
                self._start(self._own(layer, short.owns), short.start)
            self._put(id_, short.text, short.note)
        self._freeze(layer, config, self._owns[owned:])

    # Values: images are kept channels first

    def _channels_last(self, output: str) -> str:
        node, number = self._network.source(output)
        shape = self._rows[node].output_shapes[number]
        name = self._values[reference(node, number)]
        return f"{name}.permute(0, 2, 3, 1)" if len(shape) == 3 else name

    def _put(self, id_: str, text: str, note: str = "") -> None:
        self._body.append(f"{self._values[id_]} = {text}" + (f"  # {note}" if note else ""))

    def _activate(self, id_: str, activation: str | None, rank: int) -> None:
        activation = activation or "linear"
        if activation == "linear":
            return
        if self._left_out == activation and self._network.outputs[0] == id_:
            return
        name = self._values[id_]
        self._put(id_, torch_activation(activation, name, rank))

    def _own(self, layer: Layer, text: str) -> str:
        name = f"self.{self._attributes[layer.id]}"
        self._owns.append(f"{name} = {text}")
        return name

    def _attribute(self, layer: Layer) -> str:
        return f"self.{self._attributes[layer.id]}"

    def _start(self, name: str, initializer: Any, turned: bool | None = None) -> None:
        self._starts.append(torch_start(name, initializer, turned))

    # Layers

    def _write_inputlayer(
        self,
        id_: str,
        layer: Layer,
        config: dict[str, Any],
        row: Row,
        sources: list[str],
        first: bool,
    ) -> None:
        name = self._values[id_]
        self.inputs.append(name)
        if len(config["shape"]) == 3:
            self._put(id_, f"{name}.permute(0, 3, 1, 2)", "channels last to channels first")

    def _write_dense(
        self,
        id_: str,
        layer: Layer,
        config: dict[str, Any],
        row: Row,
        sources: list[str],
        first: bool,
    ) -> None:
        shape = row.input_shapes[0]
        if first:
            named = {} if config["use_bias"] else {"bias": False}
            name = self._own(layer, call("nn.Linear", [shape[-1], config["units"]], named))
            self._start(f"{name}.weight", config["kernel_initializer"], turned=True)
            if config["use_bias"]:
                self._start(f"{name}.bias", config["bias_initializer"], turned=False)
        image = len(shape) == 3
        source = f"{sources[0]}.permute(0, 2, 3, 1)" if image else sources[0]
        text = f"{self._attribute(layer)}({source})"
        self._put(id_, f"{text}.permute(0, 3, 1, 2)" if image else text)
        self._activate(id_, config["activation"], len(shape))

    def _write_windows(
        self, id_: str, layer: Layer, config: dict[str, Any], made: Windows, first: bool
    ) -> None:
        own = self._attribute(layer)
        if first:
            self._owns += [f"{own}{name} = {text}" for name, text in made.owns]
            for name, initializer in made.starts:
                self._start(f"{own}{name}", initializer)
        self._put(id_, made.text, made.note)
        self._activate(id_, config.get("activation"), len(self._rows[id_].output_shape or ()))

    def _write_shapes(self, id_: str, layer: Layer, made: Shapes, first: bool) -> None:
        if first and made.owns:
            name = self._own(layer, made.owns)
            for part, initializer in made.starts:
                self._start(name + part, initializer)
        self._put(id_, made.text, made.note)
        if made.mask:
            self._masks[id_] = made.mask

    def _write_flatten(
        self,
        id_: str,
        layer: Layer,
        config: dict[str, Any],
        row: Row,
        sources: list[str],
        first: bool,
    ) -> None:
        if len(row.input_shapes[0]) == 3:
            self._put(
                id_, f"{sources[0]}.permute(0, 2, 3, 1).flatten(1)", "in the order Keras flattens"
            )
        else:
            self._put(id_, f"{sources[0]}.flatten(1)")

    def _write_activation(
        self,
        id_: str,
        layer: Layer,
        config: dict[str, Any],
        row: Row,
        sources: list[str],
        first: bool,
    ) -> None:
        if self._values[id_] != sources[0]:
            self._put(id_, sources[0])
        self._activate(id_, config["activation"], len(row.input_shapes[0]))

    def _write_embedding(
        self,
        id_: str,
        layer: Layer,
        config: dict[str, Any],
        row: Row,
        sources: list[str],
        first: bool,
    ) -> None:
        if first:
            name = self._own(
                layer, call("nn.Embedding", [config["input_dim"], config["output_dim"]], {})
            )
            self._start(f"{name}.weight", config["embeddings_initializer"])
        if config["mask_zero"]:
            mask = f"{self._attributes[layer.id]}_mask"
            self._body.append(f"{mask} = {sources[0]}.long() != 0  # 0 is padding, at the end")
            self._masks[id_] = mask
        self._put(id_, f"{self._attribute(layer)}({sources[0]}.long())")

    def _write_recurrent(
        self,
        id_: str,
        layer: Layer,
        config: dict[str, Any],
        row: Row,
        sources: list[str],
        first: bool,
    ) -> None:
        made = Recurrent(layer.kind, config, layer.name, self._attribute(layer))
        if first:
            self._own(layer, made.made(row.input_shapes[0][-1]))
            made.starts(self)
        mask = self._masks.get(self._nodes[id_].inputs[0])
        lines, output, states = made.calls(sources[0], sources[1:], mask)
        self._body += lines
        note = "before the padding" if mask is not None and not config["return_sequences"] else ""
        self._put(id_, output, note)
        for k, state in enumerate(states if config["return_state"] else []):
            self._body.append(f"{self._values[reference(id_, k + 1)]} = {state}")

    def _write_bidirectional(
        self,
        id_: str,
        layer: Layer,
        config: dict[str, Any],
        row: Row,
        sources: list[str],
        first: bool,
    ) -> None:
        made = BothWays(config, layer.name, self._attribute(layer))
        for way in made.ways if first else []:
            self._owns.append(f"{way.attribute} = {way.made(row.input_shapes[0][-1])}")
            way.starts(self)
        if self._masks.get(self._nodes[id_].inputs[0]) is not None:
            message = f"{layer.name} has no counterpart in PyTorch: its modules heed no mask when they read backwards."
            raise ChainruleError(message)
        lines, outputs, states = made.calls(sources[0], sources[1:])
        self._body += lines
        for k, text in enumerate([*outputs, *states]):
            self._body.append(f"{self._values[reference(id_, k)]} = {text}")

    def _write_timedistributed(
        self,
        id_: str,
        layer: Layer,
        config: dict[str, Any],
        row: Row,
        sources: list[str],
        first: bool,
    ) -> None:
        inside = config["layer"]
        if inside["class_name"] != "Dense" or len(row.input_shapes[0]) != 2:
            raise ChainruleError(
                f"{layer.name} has no counterpart in PyTorch: only a Dense layer at every time step of a sequence is "
                "written, because nn.Linear works on the last axis."
            )
        if any(value for key, value in inside["config"].items() if key.endswith("_regularizer")):
            raise ChainruleError(
                f"The penalties inside of {layer.name} are not written in PyTorch."
            )
        self._write_dense(id_, layer, inside["config"], row, sources, first)

    _write_lstm = _write_gru = _write_simplernn = _write_recurrent

    def start(self, name: str, initializer: Any) -> None:
        """Let a parameter begin as Keras does."""
        self._start(name, initializer)

    def line(self, text: str) -> None:
        """Another line of how parameters begin."""
        self._starts.append(text)


def _training(
    training: Training, loss: TorchLoss, total: str, inputs: bool, outputs: bool, *, some_rest: bool
) -> list[str]:
    """How it is trained; `inputs` and `outputs` say whether there are several, `some_rest` whether some are frozen."""
    before, optimizer, inside, loop = pytorch_optimizer(training)
    gather = []
    if some_rest:
        gather = ["weights = [w for w in model.parameters() if w.requires_grad]"]
        optimizer, *inside = (
            line.replace("model.parameters()", "weights") for line in (optimizer, *inside)
        )
    takes = "a list of float32 arrays" if inputs else "float32"
    gives = f"a list, each: {loss.target}" if outputs else loss.target
    y_pred = "model(*x)" if inputs else "model(x)"
    measured = [f"y_pred = {y_pred}", f"loss = {total}"]
    if outputs:
        measured = [
            "losses = []",
            f"for y_pred, y in zip({y_pred}, y):",
            f"    losses.append({loss.expression})",
            f"loss = {total.replace(loss.expression, 'sum(losses)', 1)}",
        ]
    return [
        *(["", "", *before] if before else []),
        "",
        "",
        "model = Network()",
        *gather,
        f"optimizer = {optimizer}",
        *loss.before,
        "",
        "",
        f"def train_on_batch(x, y):  # x: {takes}, channels last; y: {gives}",
        "    model.train()",
        "    optimizer.zero_grad()",
        *(f"    {line}" for line in measured),
        "    loss.backward()",
        *(f"    {line}" for line in inside),
        "    optimizer.step()",
        "    return loss.item()",
        "",
        "",
        f"# With your data in a DataLoader of batches of {training.batch_size}:",
        f"# for epoch in range({training.epochs}):",
        *(f"#     {line}" for line in loop),
        "#     for x, y in loader:",
        "#         train_on_batch(x, y)",
        *(
            f"# {call(document['kind'], [], {k: v for k, v in document.items() if k != 'kind'})} is left to you: "
            "PyTorch has no callbacks."
            for document in training.callbacks
        ),
        "",
    ]

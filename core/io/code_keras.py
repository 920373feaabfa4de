"""Keras 3 code of a network."""

from __future__ import annotations

from typing import Any

from core.io.code_activations import KERAS_STEP, keras_activation
from core.io.code_common import arguments, call, checked, comment, is_stateful, variables
from core.io.code_initializers import Source, keras_value
from core.io.code_losses import keras_loss
from core.io.code_optimizers import keras_optimizer
from core.layers import registry
from core.metrics.base import CLASSES
from core.spec import Inspection, Layer, Network, Training
from core.spec.reference import reference


def keras(network: Network, training: Training) -> str:
    """Return a Keras 3 program: ``Sequential`` for a chain, the functional API otherwise.

    Raises
    ------
    ChainruleError
        When the network cannot work as it is.
    """
    inspection = checked(network, training)
    lasting = any(is_stateful(layer.config) for layer in network.layers)
    # Keras keeps states of a size that it has to know when the model is built.
    size = training.batch_size if lasting else 0
    single = all(len(row.output_shapes) == 1 for row in inspection.rows)
    build = (
        _sequential(network, size)
        if network.is_chain and single
        else _functional(network, inspection, size)
    )
    own, loss = keras_loss(training)
    before, optimizer, setter = keras_optimizer(training)
    metrics = "".join(
        f"    {what}=[{', '.join(map(_metric, given))}],\n"
        for what, given in (
            ("metrics", _of_keras(training.metrics, training)),
            ("weighted_metrics", _of_keras(training.weighted_metrics, training)),
        )
        if given
    )
    lines = [
        comment(f"{network.name}: {inspection.parameters:,} parameters. Written by Chainrule."),
        "import keras",
        "from keras import layers",
        "",
        f"keras.utils.set_random_seed({training.seed})",
        "",
        *(["", own, ""] if own else []),
        *(["", *KERAS_STEP, "", ""] if "=binary_step" in build or "(binary_step)" in build else []),
        *(["", *before, ""] if before else []),
        build,
        "",
        "model.compile(",
        f"    optimizer={optimizer},",
        f"    loss={loss},",
        f"{metrics})",
        "model.summary()",
        "",
        *_fit(training, ["shuffle=False,"] if lasting else [], [setter] if setter else []),
    ]
    return "\n".join(lines)


def _fit(training: Training, more: list[str], callbacks: list[str]) -> list[str]:
    for document in training.callbacks:
        given = {key: value for key, value in document.items() if key != "kind"}
        callbacks = [*callbacks, call(f"keras.callbacks.{document['kind']}", [], given)]
    if len(callbacks) == 1:
        more = [*more, f"callbacks=[{callbacks[0]}],"]
    elif callbacks:
        more = [*more, "callbacks=[", *(f"    {one}," for one in callbacks), "],"]
    if training.validation_split:
        held_out = f"validation_split={training.validation_split!r}"
    else:
        held_out = "validation_data=(x_test, y_test)"
    weights = [f"#     class_weight={training.class_weight!r},"] if training.class_weight else []
    return [
        "# With your data in NumPy arrays, the first axis counting samples:",
        "# history = model.fit(",
        f"#     x_train, y_train, batch_size={training.batch_size}, epochs={training.epochs},",
        f"#     {held_out},",
        *weights,
        *(f"#     {line}" for line in more),
        "# )",
        "",
    ]


def _of_keras(documents: Any, training: Training) -> list[Any]:
    """The metrics that Keras has, too, and can measure: of labels it counts no answers class by class."""
    from core import losses, metrics

    sparse = losses.get(training.loss).sparse
    found: list[Any] = []
    for one in documents:
        if isinstance(one, (list, tuple)):
            found.append(_of_keras(one, training))
            continue
        metric = None if one in metrics.OPEN else metrics.get(one)
        ours = isinstance(metric, (metrics.ConfusionMatrix, metrics.MeanMetricWrapper))
        if not ours and not (sparse and metric is not None and metric.targets == CLASSES):
            found.append(one)
    return found


def _metric(document: Any) -> str:
    """A metric as an argument of `compile`."""
    from core import metrics

    if isinstance(document, (list, tuple)):
        return f"[{', '.join(map(_metric, document))}]"
    if isinstance(document, str):
        return repr(document)
    metric = metrics.get(document)
    given = ", ".join(f"{key}={value!r}" for key, value in metric.changed().items())
    return f"keras.metrics.{type(metric).__name__}({given})"


def _sequential(network: Network, batch_size: int) -> str:
    lines = [f"    {_layer(network.layer(node.layer), batch_size)}," for node in network.nodes]
    return "\n".join(["model = keras.Sequential([", *lines, "])"])


def _functional(network: Network, inspection: Inspection, batch_size: int) -> str:
    names = variables([node.id for node in network.nodes], ("keras", "layers", "model"))
    nodes = {node.id: node for node in network.nodes}
    calls = [node.layer for node in network.nodes]
    shared = {id_ for id_ in calls if calls.count(id_) > 1}
    shared_names = variables(
        [f"{id_}_layer" for id_ in dict.fromkeys(calls) if id_ in shared], tuple(names.values())
    )
    lines = [f"{shared_names[f'{id_}_layer']} = {_layer(network.layer(id_))}"
             for id_ in dict.fromkeys(calls) if id_ in shared]  # fmt: skip
    inputs = []
    counts = {row.node: len(row.output_shapes) for row in inspection.rows}
    for node_id in network.order():
        # Outputs after the first have names of their own.
        further = [reference(node_id, k) for k in range(1, counts[node_id])]
        names |= variables(further, ("keras", "layers", "model", *names.values()))
    for id_ in network.order():
        node, layer = nodes[id_], network.layer(nodes[id_].layer)
        if not node.inputs:
            inputs.append(names[id_])
            lines.append(f"{names[id_]} = {_layer(layer, batch_size)}")
            continue
        sources = ", ".join(names[source] for source in node.inputs)
        kind = registry.kind(layer.kind)
        if kind.further_inputs and len(node.inputs) > 1:
            first, *others = (names[source] for source in node.inputs)
            sources = f"{first}, {kind.further_inputs}={_one_or_list(others)}"
        elif kind.arity[1] > 1 and not kind.further_inputs:
            sources = f"[{sources}]"
        function = shared_names[f"{layer.id}_layer"] if layer.id in shared else _layer(layer)
        given = ", ".join(names[reference(id_, k)] for k in range(counts[id_]))
        lines.append(f"{given} = {function}({sources})")
    outputs = [names[id_] for id_ in network.outputs]
    lines.append(f"model = keras.Model({_one_or_list(inputs)}, {_one_or_list(outputs)})")
    return "\n".join(lines)


def _one_or_list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _value(name: str, value: Any, kind: str) -> Any:
    if kind == "layer" and value is not None:
        return Source(_layer(Layer("", value["class_name"], "", value["config"])))
    return keras_activation(value) if name.endswith("activation") else keras_value(value, kind)


def _layer(layer: Layer, batch_size: int = 0) -> str:
    types = {setting.name: setting.type for setting in registry.kind(layer.kind).settings}
    given = {
        name: _value(name, value, types.get(name, "")) for name, value in arguments(layer).items()
    }
    if layer.kind in ("InputLayer", "Input"):
        # Unlike a window, a shape that happens to be square is not one number.
        shape = tuple(registry.kind(layer.kind).normalise(layer.config)["shape"])
        size = f", batch_size={batch_size}" if batch_size else ""
        return f"keras.Input(shape={shape!r}{size})"
    required = {setting.name for setting in registry.kind(layer.kind).settings if setting.required}
    positional = [value for name, value in given.items() if name in required]
    named = {name: value for name, value in given.items() if name not in required}
    if layer.name and layer.name != layer.id and "/" not in layer.name:
        named["name"] = layer.name
    return call(f"layers.{layer.kind}", positional, named)

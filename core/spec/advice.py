"""Advice: what works, here and in Keras, and is seldom what a learner means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from core.layers import registry
from core.layers.wording import given
from core.naming import snake_case
from core.spec.chart import Chart, Step
from core.spec.network import Network
from core.spec.problem import Fix

if TYPE_CHECKING:
    from core.spec.inspection import Row


@dataclass(frozen=True)
class Advice:
    """A hint that nobody has to follow.

    Attributes
    ----------
    layer
        Id of the layer it is about.
    title
        What it is about, in a few words.
    sentence
        What the network does, and what is more likely meant.
    fix
        The likely network, where one edit makes it.
    of_loss
        True if it is about the loss and this layer together.
    """

    layer: str
    title: str
    sentence: str
    fix: Fix | None = None
    of_loss: bool = False


def advise(
    network: Network, rows: tuple[Row, ...], loss: Any = None, batch_size: int = 32
) -> tuple[Advice, ...]:
    """Every hint about a network without problems.

    Parameters
    ----------
    network, rows
        The document, and what `core.spec.inspect` found.
    loss
        Name of the loss, or its document with arguments, if it is known; a list has one for each output.
    batch_size
        Samples per step.
    """
    chart = Chart(network, rows)
    found: list[Advice] = []
    ends = {step.row.node for step in chart.ends()}
    for node, step in chart.steps.items():
        for rule in _RULES:
            found += rule(chart, step, node in ends)
        if batch_size == 1:
            found += _one_sample(step)
    found += _nothing_learns(chart)
    if loss:
        last = chart.ends()
        for step, one in zip(
            last, loss if isinstance(loss, list) else [loss] * len(last), strict=False
        ):
            name, from_logits = _loss(one)
            told = _output(chart, step, name, from_logits=from_logits)
            found += (replace(hint, of_loss=True) for hint in told)
    once = {(one.layer, one.title): one for one in reversed(found)}
    return tuple(reversed(once.values()))


# ---- one layer -----------------------------------------------------------------------------------------------------

#: Layers of values without an order in time.
_PLAIN = {"InputLayer", "Input", "Dense", "Activation", "Dropout", "BatchNormalization", "ReLU", "LeakyReLU", "ELU",
          "PReLU", "GaussianNoise"}  # fmt: skip


def _dense_on_axes(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """Dense on an image or a table works on each place by itself."""
    if step.kind != "Dense" or not step.row.input_shapes:
        return
    shape = step.row.input_shapes[0]
    if len(shape) < 2 or prod(shape[:-1]) == 1:
        return
    # A sequence that layers of sequences made is meant to be one.
    if len(shape) == 2 and not all(one.kind in _PLAIN for one in chart.upstream(step)):
        return
    if any(one.kind == "Dense" for one in chart.upstream(step)):
        return
    places = "×".join(map(str, shape[:-1]))
    repaired = chart.put_before(step, "Flatten")
    yield Advice(
        step.layer.id,
        "Works on the last axis",
        f"{step.name} gets {given(shape)} and works on its last axis alone: the same weights for each of the {places} "
        f"places, {shape[-1]} number{'s' if shape[-1] != 1 else ''} at a time. Put Flatten before it if every unit is "
        "to see all numbers.",
        Fix("Add Flatten before", repaired) if repaired else None,
    )


def _softmax_of_one(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """A share of one is always 1."""
    if step.activation in ("softmax", "log_softmax") and step.shape and step.shape[-1] == 1:
        fix = None
        if step.get("activation") == "softmax":
            repaired = chart.network.configure(step.layer.id, activation="sigmoid")
            fix = Fix("Use sigmoid", repaired)
        always = "1" if step.activation == "softmax" else "0"
        yield Advice(
            step.layer.id,
            "Softmax of one number",
            f"{step.name} has a {step.activation} over one number, which is always {always}, so that nothing can be "
            "learned. Use sigmoid for a yes or no, or one unit for each class.",
            fix,
        )


def _softmax_inside(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """Softmax between layers makes units share one unit of signal."""
    learns = {"Dense", "Conv1D", "Conv2D"}
    if step.activation != "softmax" or last or step.kind not in learns | {"Activation"}:
        return
    if not any(chart.steps[node].kind in learns for node in step.after):
        return
    repaired = chart.network.configure(step.layer.id, activation="relu")
    yield Advice(
        step.layer.id,
        "Softmax inside the network",
        f"{step.name} has a softmax, whose outputs add up to 1, but it is not the last layer: little gets through. "
        "Use relu or tanh between layers, and softmax at the end.",
        Fix("Use relu", repaired),
    )


def _two_linear(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """A linear function of a linear function is a linear function."""
    same = {"Dense", "Conv1D", "Conv2D"}
    if step.kind not in same or step.activation != "linear":
        return
    for node in step.after:
        following = chart.steps[node]
        while following.kind in ("Flatten", "Dropout", "Reshape") and following.after:
            following = chart.steps[following.after[0]]
        if following.kind not in same:
            continue
        repaired = chart.network.configure(step.layer.id, activation="relu")
        yield Advice(
            step.layer.id,
            "No activation between",
            f"{step.name} has no activation before {following.name}: together the two can do no more than one linear "
            'layer. Give the first one an activation, such as "relu".',
            Fix("Use relu", repaired),
        )
        return


def _all_alike(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """Units that start alike get the same gradients and stay alike."""
    start = step.get("kernel_initializer")
    name = start.get("class_name", "") if isinstance(start, dict) else str(start or "")
    if last or snake_case(name) not in ("zeros", "ones", "constant"):
        return
    if isinstance(start, dict) and isinstance(start.get("config", {}).get("value"), list):
        # Given number by number: whoever does that knows how they start.
        return
    if int(step.get("units") or step.get("filters") or 1) < 2:
        return
    repaired = chart.network.configure(step.layer.id, kernel_initializer="glorot_uniform")
    yield Advice(
        step.layer.id,
        "All units alike",
        f"The weights of {step.name} all start with the same number, so its units get the same gradients and stay "
        "alike, as if there were one. Draw them at random, for example with glorot_uniform.",
        Fix("Use glorot_uniform", repaired),
    )


def _step_inside(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """The perceptron rule knows no hidden layers."""
    if step.activation == "binary_step" and not last:
        yield Advice(
            step.layer.id,
            "A step inside the network",
            f"{step.name} has a binary_step, whose slope is 0 everywhere, and it is not the last layer. The perceptron "
            "rule, which is used in its place, is not the gradient: layers before it may not learn. Use sigmoid or "
            "tanh.",
            Fix("Use sigmoid", chart.network.configure(step.layer.id, activation="sigmoid")),
        )


def _dropout_last(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """Outputs that are dropped cannot be right."""
    if last and "Dropout" in step.kind and step.get("rate"):
        yield Advice(
            step.layer.id,
            "Dropout at the end",
            f"{step.name} is the last layer: while training, the network's own outputs are set to 0 at random. Put it "
            "before the last layer that has weights.",
            Fix("Remove layer", chart.network.remove(step.layer.id)),
        )


def _flat_already(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """Flatten of a list."""
    if step.kind == "Flatten" and step.row.input_shapes and len(step.row.input_shapes[0]) == 1:
        yield Advice(
            step.layer.id,
            "Nothing to flatten",
            f"{step.name} gets {given(step.row.input_shapes[0])}, which is flat already: it changes nothing.",
            Fix("Remove layer", chart.network.remove(step.layer.id)),
        )


def _mask_ends(chart: Chart, step: Step, last: bool) -> Iterator[Advice]:
    """Padding that a layer cannot leave out counts as data."""
    if step.kind != "Embedding" or not step.get("mask_zero"):
        return
    for node in step.after:
        following = chart.steps[node]
        while True:
            rule = registry.kind(following.kind)
            if rule.family in ("Recurrent", "Merge") or not following.after:
                return
            if not rule.passes_mask:
                break
            following = chart.steps[following.after[0]]
        if following.kind.startswith("Global"):
            return
        yield Advice(
            following.layer.id,
            "The mask ends here",
            f"{step.name} marks padding, but {following.name} cannot pass the marks on: behind it the padding counts "
            "like any other step. Use a recurrent layer, or switch mask_zero off.",
        )


def _one_sample(step: Step) -> Iterator[Advice]:
    """One sample has no spread."""
    if step.kind == "BatchNormalization" and prod(step.shape[:-1]) == 1:
        yield Advice(
            step.layer.id,
            "A batch of one",
            f"{step.name} takes mean and variance over the batch, and of one sample the variance is 0: its output is "
            "the same for every sample while training. Train with larger batches, or use LayerNormalization.",
        )


def _nothing_learns(chart: Chart) -> Iterator[Advice]:
    """Training that changes nothing."""
    if any(step.row.trainable_parameters for step in chart.steps.values()):
        return
    frozen = [step for step in chart.steps.values() if step.row.parameters]
    if not frozen:
        return
    last = frozen[-1]
    yield Advice(
        last.layer.id,
        "Nothing learns",
        "Every layer with weights is frozen, so that training changes nothing. Set trainable to True, for the whole "
        f"network or for what is to learn, such as {last.name}.",
        Fix("Let it learn", chart.network.configure(last.layer.id, trainable=True)),
    )


_RULES: tuple[Callable[[Chart, Step, bool], Iterator[Advice]], ...] = (
    _dense_on_axes, _softmax_of_one, _softmax_inside, _two_linear, _all_alike, _step_inside, _dropout_last,
    _flat_already, _mask_ends,
)  # fmt: skip


# ---- the output and the loss ---------------------------------------------------------------------------------------

#: What a loss reads: the activation whose outputs are of that kind.
_READS = {
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
    "kl_divergence": "softmax",
}


def _loss(document: Any) -> tuple[str, bool]:
    """(name, from_logits) of a loss as documents hold it."""
    if isinstance(document, dict):
        config = document.get("config") or {}
        return snake_case(str(document.get("class_name", ""))), bool(config.get("from_logits"))
    return str(document), False


def _output(chart: Chart, step: Step, loss: str, *, from_logits: bool) -> Iterator[Advice]:
    wanted, got = _READS.get(loss), step.activation
    if wanted is None or not got or (got == "softmax" and step.shape[-1:] == (1,)):
        return
    units = step.shape[-1] if step.shape else 1
    fix = None
    if "activation" in step.layer.config:
        right = "linear" if from_logits else "sigmoid" if units == 1 else wanted
        fix = Fix(f"Use {right}", chart.network.configure(step.layer.id, activation=right))
    if from_logits:
        if got == wanted:
            yield Advice(
                step.layer.id,
                f"{wanted.capitalize()} twice",
                f"{step.name} has a {wanted}, and {loss} with from_logits=True applies it again. Leave one of the two "
                "out.",
                fix,
            )
        return
    if wanted == "softmax" and units == 1:
        yield Advice(
            step.layer.id,
            "One output for classes",
            f"{loss} compares one probability for each class, but {step.name} gives one number. Use one unit for each "
            "class, or sigmoid with binary_crossentropy for a yes or no.",
        )
    elif wanted == "softmax" and got != "softmax":
        why = (
            "makes each of them by itself, so that they do not add up to 1"
            if got in ("sigmoid", "hard_sigmoid")
            else "does not give probabilities"
        )
        yield Advice(
            step.layer.id,
            "Not a softmax",
            f"{loss} reads the probabilities of classes that exclude each other; {got}, the activation of {step.name}, "
            f"{why}. Use softmax{_logits(loss, got)}.",
            fix,
        )
    elif wanted == "sigmoid" and got == "softmax":
        yield Advice(
            step.layer.id,
            "Softmax with a loss of yes and no",
            f"{loss} takes each output of {step.name} as a yes or no of its own, but softmax makes them exclude each "
            "other. Use categorical_crossentropy for classes that exclude each other, or sigmoid.",
            fix,
        )
    elif wanted == "sigmoid" and got not in ("sigmoid", "hard_sigmoid"):
        yield Advice(
            step.layer.id,
            "Not a sigmoid",
            f"{loss} reads probabilities between 0 and 1; {got}, the activation of {step.name}, does not give them. "
            f"Use sigmoid{_logits(loss, got)}.",
            fix,
        )


def _logits(loss: str, got: str) -> str:
    return ", or from_logits=True" if got == "linear" and loss != "kl_divergence" else ""

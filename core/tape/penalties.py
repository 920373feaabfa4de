"""Regularizers on a tape: the penalty of each weight and output that has one, and the loss with all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core import regularizers
from core.ops.base import Instruction
from core.tape.tensors import Buffer, Tensor

if TYPE_CHECKING:
    from core.layers.base import Layer
    from core.tape.compiler import WeightSlot
    from core.tape.emitter import Emitter


def write_penalties(
    e: Emitter,
    slots: list[WeightSlot],
    layers: dict[str, Layer],
    calls: Iterable[tuple[str, str]],
    loss: Tensor,
    total: tuple[Tensor, Tensor] | None,
) -> tuple[Tensor, list[Instruction]]:
    """Write the penalties of a network as Keras counts them: weights that learn once, a layer's output for every call.

    Parameters
    ----------
    e
        The tape, standing behind the loss.
    slots, layers
        Weights, and layers by id.
    calls
        (node, layer id) of every call of a layer.
    loss
        The loss of the data. If there are penalties it is renamed "loss/data": the loss includes them.
    total
        (sum, count) of the loss over the epoch, to which the penalties are added.

    Returns
    -------
    The loss, and the instructions that gradients start from besides those of the data's losses.
    """
    found: list[Tensor] = []
    heads: list[Instruction] = []

    def write(x: Tensor, layer: str, name: str, document: object) -> None:
        regularizer = regularizers.get(document)
        if regularizer is None or not (regularizer.l1 or regularizer.l2):
            return
        e.node, e.layer = "", layer
        y = e.op("penalty", x, role=f"loss/penalty/{name}", l1=regularizer.l1, l2=regularizer.l2)
        y.symbol = f"Ω({x.symbol})"
        while any(y.symbol == other.symbol for other in found):
            # A last state that is an output as well counts twice, as in Keras.
            y.symbol += "′"
        found.append(y)
        heads.append(e.instructions[-1])

    for slot in slots:
        # As in Keras 3, whose penalties are those of `trainable_weights`: a frozen weight's is a constant left out.
        if slot.learns:
            document = layers[slot.layer].regularizer_of(slot.weight)
            write(slot.tensor, slot.layer, slot.tensor.name, document)
    for node, layer in calls:
        for name, y in e.outputs_of(node):
            write(y, layer, name, layers[layer].config.get("activity_regularizer"))
    e.node = e.layer = ""
    if not found:
        return loss, []
    penalties = found[0] if len(found) == 1 else _sum(e, found)
    loss.name, loss.symbol = "loss/data", "L₀"
    whole = e.op("add", loss, penalties, role="loss")
    whole.name, whole.symbol = "loss", "L"
    if total is not None:
        inputs = {"x": penalties, "total": total[0]}
        attributes = {"numbers": _numbers_a_sample(e, total[0])}
        e.instructions.append(
            Instruction("accumulate_penalty", inputs, {"y": total[0]}, attributes, "", "loss")
        )
    return whole, heads


def _numbers_a_sample(e: Emitter, total: Tensor) -> int:
    """How many numbers of a sample the running sum of the loss counts: one for each place of a sequence or image."""
    for ins in e.instructions:
        if ins.op == "accumulate" and ins.inputs["total"] is total:
            x = ins.inputs["x"]
            return x.size if x.batch else 1
    return 1


def _sum(e: Emitter, found: list[Tensor]) -> Tensor:
    y = Tensor("loss/penalty", (), Buffer(1, False, "values"), symbol="Ω")
    inputs = {f"x{k + 1}": t for k, t in enumerate(found)}
    e.instructions.append(Instruction("penalty_sum", inputs, {"y": y}, {}, "", "loss"))
    return y

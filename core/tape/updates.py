"""An optimizer on a tape: what is worked out once a step, and one update for each weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.ops.base import Instruction
from core.tape.tensors import Buffer, Tensor

if TYPE_CHECKING:
    from core.optimizers import Optimizer
    from core.tape.compiler import WeightSlot
    from core.tape.emitter import Emitter

#: How formulas show the numbers that all weights share.
_SYMBOLS = {
    "effective_rate": "α", "mean_correction": "c₁", "square_correction": "c₂", "mean_factor": "a",
    "gradient_factor": "b", "momentum_product": "P", "keep": "κ",
}  # fmt: skip


def write_updates(e: Emitter, optimizer: Optimizer, slots: list[WeightSlot], rate: Tensor) -> None:
    """Write the update phase, as Keras orders it: clip gradients, weight decay, step.

    Weight decay is a factor of the weight in its update, so that no weight is written twice in a step.
    """
    found = [(slot, e.aliases.get(f"grad/{slot.tensor.name}")) for slot in reversed(slots)]
    # Backwards, as the gradients came.
    pairs = [(slot, g) for slot, g in found if g is not None and slot.learns]
    if not pairs:
        return
    gradients = _clipped(e, optimizer, [(slot, g) for slot, g in pairs])
    inputs = {"rate": rate}
    decay = optimizer.config["weight_decay"]
    if decay:
        keep = _number("keep")
        attributes = {"decay": decay}
        e.instructions.append(
            Instruction("keep_factor", {"rate": rate}, {"y": keep}, attributes, "", "update")
        )
        inputs["keep"] = keep
    inputs |= _factors(e, optimizer, rate)
    for (slot, _), gradient in zip(pairs, gradients, strict=True):
        own = {"w": slot.tensor, "g": gradient, **inputs}
        for name, start in optimizer.slots.items():
            memory = Tensor(
                f"{slot.tensor.name}/{name}", slot.tensor.shape, Buffer(slot.tensor.size, False, "slots"),
                layer=slot.layer, symbol=f"{_letter(name)}({slot.tensor.symbol})", role="slot",
            )  # fmt: skip
            slot.slots[name] = own[name] = memory
            slot.starts[name] = start
        written = {"y": slot.tensor, **slot.slots}
        attributes = {"optimizer": optimizer}
        e.instructions.append(
            Instruction(optimizer.operation, own, written, attributes, slot.layer, "update")
        )


def _letter(slot: str) -> str:
    return {
        "accumulator": "G", "accumulated_grad": "E", "accumulated_delta": "D", "mean_square": "s", "momentum": "b",
        "mean_gradient": "a", "v_max": "v̂",
    }.get(slot, slot)  # fmt: skip


def _number(name: str) -> Tensor:
    """A number for the whole step."""
    return Tensor(
        f"optimizer/{name}", (), Buffer(1, False, "values"), symbol=_SYMBOLS.get(name, name)
    )


def _factors(e: Emitter, optimizer: Optimizer, rate: Tensor) -> dict[str, Tensor]:
    """Write what depends on how many updates there have been; returns what updates read of it."""
    if not optimizer.factors:
        return {}
    inputs, outputs = {"rate": rate}, {}
    for name in optimizer.remembered:
        inputs[name] = outputs[name] = Tensor(
            f"optimizer/{name}", (), Buffer(1, False, "slots"), symbol=_SYMBOLS[name], role="slot"
        )
    first = optimizer.factor_values(0.0, 1, dict(optimizer.remembered))
    for name in sorted(first, key=lambda name: name not in optimizer.shared):
        outputs.setdefault(name, _number(name))
    betas = {key: optimizer.config[key] for key in ("beta_1", "beta_2")}
    e.instructions.append(Instruction(optimizer.factors, inputs, outputs, betas, "", "update"))
    return {name: outputs[name] for name in optimizer.shared}


def _clipped(
    e: Emitter, optimizer: Optimizer, pairs: list[tuple[WeightSlot, Tensor]]
) -> list[Tensor]:
    """Write the clipping of gradients, if there is any."""
    way = optimizer.clipping
    if not way:
        return [g for _, g in pairs]
    limit = {"limit": float(optimizer.config[way])}
    norms: list[Tensor] = []
    if way != "clipvalue":
        for k, (slot, g) in enumerate(pairs):
            norm = Tensor(
                f"norm/{slot.tensor.name}", (), Buffer(1, False, "values"), symbol=f"n{_subscript(k + 1)}"
            )  # fmt: skip
            norms.append(norm)
            e.instructions.append(
                Instruction("gradient_norm", {"x": g}, {"y": norm}, {}, slot.layer, "update")
            )
    if way == "global_clipnorm":
        whole = Tensor("optimizer/norm", (), Buffer(1, False, "values"), symbol="n")
        inputs = {f"n{k + 1}": norm for k, norm in enumerate(norms)}
        e.instructions.append(Instruction("global_norm", inputs, {"y": whole}, {}, "", "update"))
        norms = [whole] * len(pairs)
    found = []
    for k, (slot, g) in enumerate(pairs):
        out = Tensor(
            f"clipped/{slot.tensor.name}", g.shape, Buffer(g.size, False, "values"),
            layer=slot.layer, symbol=f"{g.symbol}′", role="gradient",
        )  # fmt: skip
        found.append(out)
        operands = {"g": g} if way == "clipvalue" else {"g": g, "norm": norms[k]}
        name = "clip_value" if way == "clipvalue" else "clip_to_norm"
        e.instructions.append(
            Instruction(name, operands, {"y": out}, dict(limit), slot.layer, "update")
        )
    return found


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _subscript(number: int) -> str:
    return str(number).translate(_SUBSCRIPTS)

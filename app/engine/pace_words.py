"""How playing goes on, in words: by what, and how many of them a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.engine.state import units_a_second, walks
from app.text import number, tr

if TYPE_CHECKING:
    from app.engine.state import EngineState


def pace_words(state: EngineState, *, back: bool = False) -> str:
    """Return "op by op, 10 a second"; empty where playing trains, which the speed slider tells by itself."""
    if not walks(state.speed, state.granularity, by_unit=state.by_unit, reverse=back):
        return ""
    rate = units_a_second(state.speed)
    if not rate:
        return tr("as fast as it goes")
    unit = state.granularity if state.by_unit else "batch"
    words = {
        "instruction": tr("op by op"), "layer": tr("layer by layer"), "loss": tr("from loss to loss"),
        "update": tr("from update to update"), "batch": tr("step by step"), "epoch": tr("epoch by epoch"),
    }[unit]  # fmt: skip
    if rate < 1:
        return tr("{unit}, one in {seconds} s", unit=words, seconds=number(1 / rate, 1))
    return tr("{unit}, {rate} a second", unit=words, rate=number(rate, 0 if rate >= 3 else 1))

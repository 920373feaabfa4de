"""A factor of the chain rule is readable in narrow windows: no fraction is torn in its denominator."""

from __future__ import annotations

import pytest

from app.step.sections.chain_rows import Factor
from core.expressions import Negate, Number, Product, Quotient, Ref, Sum

Y, GUESS = Ref("targets", (0,), "y₁"), Ref("dense_1/a", (0, 0), "ŷ₁")
#: The slope of binary cross-entropy in a batch of four.
SLOPE = Product((
    Quotient(Number(1), Number(4)),
    Sum((
        Quotient(Sum((Number(1), Negate(Y))), Sum((Number(1), Negate(GUESS)))),
        Negate(Quotient(Y, GUESS)),
    )),
))  # fmt: skip
NUMBERS = (((Y.tensor, Y.index), 0.0), ((GUESS.tensor, GUESS.index), 0.5294))


@pytest.mark.parametrize("room", [78, 86, 94, 110, 140, 200, 300])
def test_a_denominator_stands_in_one_line_or_the_numbers_are_left_out(qapp, room):
    factor = Factor(None, GUESS, SLOPE, NUMBERS, 0.5313)
    symbols, numbers = factor.lines(room)
    assert symbols.width <= room
    assert (numbers is None) == (room < 90)
    if numbers is None:
        return
    assert numbers.width <= room
    # ŷ stands in both denominators; of the first the 1 is the last before it.
    glyphs = [(y, glyphs.text) for _, y, glyphs in numbers.glyphs]
    at = next(k for k, (_, words) in enumerate(glyphs) if words == "0.5294")
    below = glyphs[at][0]
    assert [words.strip() for y, words in glyphs[at - 2 : at] if y == below] == ["1", "−"]

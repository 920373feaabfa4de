"""A walk in words: the sum written out with its numbers, and what stands under the mouse."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from app.scenes import draw
from app.scenes.formula_expressions import format_number
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.walk_layout import Area
    from app.scenes.walk_seen import Seen

#: Between the factors of a product.
_DOT = "·"
#: Terms that are written at most: no line holds more.
_WRITTEN = 80


#: Below this nothing of a number is left in two decimals.
_LITTLE = 0.01


def little(values: np.ndarray) -> bool:
    """Whether decimals would say of none of the numbers what it is: all are small, and not all nothing."""
    largest = float(np.abs(values).max(initial=0.0))
    return 0.0 < largest < _LITTLE


def spelled(value: float, digits: int, *, sign: bool = False, small: bool = False) -> str:
    """A number with fixed decimals; where those would show only zeros, or in a `small` row, in powers of ten."""
    if value and abs(value) < (_LITTLE if small else 0.5 * 10.0**-digits):
        return ("+" if sign and value > 0 else "") + draw.scientific(value)
    return draw.signed(value, digits) if sign else draw.plain(value, digits)


def short(value: float, digits: int = 2, *, small: bool = False) -> str:
    """A number without a plus, in brackets where it is negative: a factor of a product."""
    text = spelled(value, digits, small=True) if small else draw.plain(value, digits)
    return f"({text})" if text.startswith(draw.MINUS) else text


def written_out(seen: Seen) -> tuple[str, ...]:
    """The sum in pieces that a line may be broken between; what does not fit is left out of the middle.

    Returns
    -------
    Pieces, the last ones being what comes of the sum.
    """
    return (*_terms(seen), *_end(seen))


def _terms(seen: Seen) -> list[str]:
    values, p = seen.values, seen.plane
    there = seen.terms.there[p]
    left = values.left[p][there]
    if seen.sums:
        assert values.right is not None
        right = values.right[p][there]
        small = little(left), little(right)
        products = [
            f"{short(float(a), small=small[0])}{_DOT}{short(float(b), small=small[1])}"
            for a, b in islice(zip(left, right, strict=True), _WRITTEN)
        ]
        head = "z = " if seen.terms.planes == 1 else f"Σ{_small(seen.reading + 1)} = "
        more = ["+ …"] if len(left) > _WRITTEN else []
        return [head + products[0], *(f"+ {one}" for one in products[1:]), *more]
    small_row = little(left)
    numbers = [
        spelled(float(a), 2, small=True) if small_row else draw.plain(float(a), 2)
        for a in left[:_WRITTEN]
    ]
    if len(left) > _WRITTEN:
        numbers.append("…")
    if seen.terms.how == "max":
        separated = [f"{one}," for one in numbers[:-1]] + [f"{numbers[-1]})"]
        return [f"max({separated[0]}", *separated[1:]]
    return [f"({numbers[0]}", *(f"+ {one}" for one in numbers[1:])]


def _end(seen: Seen) -> list[str]:
    pieces = []
    if seen.sums and seen.terms.planes > 1:
        pieces += [f"= {spelled(float(seen.values.sums[seen.plane]), 3, sign=True)};"]
        total = spelled(seen.values.total, 3, sign=True)
        pieces += [
            " " + tr("z = Σ of {count} channels ({total})", count=seen.terms.planes, total=total)
        ]
    elif not seen.sums and seen.terms.how != "max":
        pieces += [f") / {format_number(seen.values.count, 0)}"]
    if seen.bias is not None:
        pieces += [f"+ b ({spelled(seen.bias, 3)})"]
    value = spelled(seen.z, 3, sign=True)
    pieces += [f"= {value}"]
    if seen.activation:
        pieces += [f"{draw.ARROW} {seen.activation}(z) = {spelled(seen.result, 3)}"]
    return pieces


def _small(number: int) -> str:
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(k)] for k in str(number))


def broken(pieces: tuple[str, ...], ends: int, width: float, lines: int, px: float) -> list[str]:
    """Set pieces in lines; where they are too many, those of the middle give way to dots.

    Parameters
    ----------
    pieces
        Words that stay together.
    ends
        So many of the last are kept.
    width, lines, px
        Room there is, and the size of the letters.
    """
    found = _set(list(pieces), width, px)
    kept = len(pieces) - ends
    while len(found) > lines and kept > 1:
        kept -= max(1, kept // 8)
        dots = "+ …" if _DOT in pieces[0] else "…"
        found = _set([*pieces[:kept], dots, *pieces[len(pieces) - ends :]], width, px)
    return [draw.elide(line, px, width, mono=True) for line in found[:lines]]


def _set(pieces: list[str], width: float, px: float) -> list[str]:
    lines: list[str] = []
    room, letter = width, draw.advance("0", px, mono=True)
    for piece in pieces:
        glue = "" if piece.startswith(")") else " "
        if lines and (len(lines[-1]) + len(glue) + len(piece)) * letter <= room:
            lines[-1] += glue + piece
        else:
            lines.append(piece.lstrip())
    return lines


def ends_of(seen: Seen) -> int:
    """How many of the last pieces say what comes of the sum."""
    return len(_end(seen))


def channel_name(seen: Seen, plane: int) -> str:
    """What a channel of what is read is called: "R" of a colour image, else its number."""
    number = int(seen.terms.names[plane])
    if seen.is_input and seen.read.shape[-1] == 3:
        return ("R", "G", "B")[number]
    return str(number + 1)


def describe(seen: Seen, area: Area, cell: tuple[int, int]) -> tuple[str, ...]:
    """Lines of the tooltip of a number."""
    r, c = cell
    where = tr("row {row}, column {column}", row=r, column=c)
    if area.name in ("patch", "kernel", "products", "weights"):
        return _of_term(seen, area, r, c)
    if area.name in ("read", "channel"):
        plane = area.plane if area.name == "channel" else seen.plane
        name = tr("channel {name}", name=channel_name(seen, plane))
        top, left, high, wide = seen.inner
        value = float(seen.read[r, c, int(seen.terms.names[plane])])
        if not (top <= r < top + high and left <= c < left + wide):
            return (name, tr("a zero of the padding"))
        inside = tr("row {row}, column {column}", row=r - top, column=c - left)
        return (name, f"{inside}: {format_number(value, 4)}")
    if area.name == "part":
        assert seen.parts is not None
        value = float(seen.parts[r, c, area.plane])
        name = tr("what channel {name} adds", name=channel_name(seen, area.plane))
        return (name, f"{where}: {format_number(value, 4)}")
    array = seen.before if area.name == "z" else seen.map
    assert array is not None
    value = float(array[r, c])
    if np.isnan(value):
        return ()
    if seen.listed:
        where = tr("unit {number}", number=r * array.shape[1] + c + 1)
    return (f"{where}: {format_number(value, 4)}", tr("click: how it came about"))


def _of_term(seen: Seen, area: Area, r: int, c: int) -> tuple[str, ...]:
    values, p = seen.values, area.plane
    if not seen.terms.there[p, r, c]:
        return (tr("Beyond the edge"),)
    left = format_number(float(values.left[p, r, c]), 4)
    if values.right is None:
        return (left,)
    right = format_number(float(values.right[p, r, c]), 4)
    product = format_number(float(values.products[p, r, c]), 4)
    name = tr("channel {name}", name=channel_name(seen, p))
    if area.name == "weights":
        return (name, tr("weight {value}", value=right))
    return (f"{left} · {right} = {product}",)

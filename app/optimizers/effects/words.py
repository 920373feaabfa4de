"""Words that several effects use. All of them are said of numbers that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes.formula_expressions import format_number
from app.text import number, tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.optimizers.effects.outcome import Outcome


def short(value: float) -> str:
    """Write a number in three digits that count."""
    return number(float(f"{value:.3g}"))


def loss(value: float) -> str:
    """Write a loss as the workspace does."""
    return format_number(value, 3)


def gone(one: Outcome) -> str:
    """Say at which step it was gone."""
    step = number(int(one.left or 0))
    if one.path.why == "hole":
        return tr("in a hole, step {step}", step=step)
    return tr("diverges, step {step}", step=step)


def share(one: Outcome) -> str:
    """Say how far down it is at the end."""
    if one.last > one.first:
        return tr("higher than it began")
    if not one.first > one.low:
        return tr("not lower than it began")
    # What is nearly all of it is not all of it.
    percent = min(int(100 * one.share + 0.5), 100 if one.last <= one.low else 99)
    return tr("{percent} % of the way down", percent=number(percent))


def soon(one: Outcome) -> str:
    """Say at which step it was 99 % of the way down; it was."""
    return tr("99 % of the way down at step {step}", step=number(one.finish or 0))


def lowest(outcomes: Iterable[Outcome]) -> Outcome | None:
    """Return the one that ends lowest; None if all are gone."""
    kept = [one for one in outcomes if one.left is None and one.last == one.last]
    return min(kept, key=lambda one: one.last) if kept else None


def there(one: Outcome) -> str:
    """Say when it was 99 % of the way down, if it was."""
    if one.finish is None:
        return tr("not in {steps} steps", steps=number(one.steps))
    return tr("1 step") if one.finish == 1 else tr("{count} steps", count=number(one.finish))


def listed(parts: Iterable[str]) -> str:
    """Write a, b and c."""
    found = list(parts)
    if len(found) < 2:
        return "".join(found)
    return tr("{all_but_last} and {last}", all_but_last=", ".join(found[:-1]), last=found[-1])

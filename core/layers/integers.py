"""Settings that are one whole number or several: axes, and the shape of a mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.layers.settings import Setting


@dataclass(frozen=True)
class AxesSetting(Setting):
    """One axis, or a list of axes. Documents store a whole number, or a list of them.

    As in Keras the batch is axis 0 and negative numbers count from the end.
    """

    def normalise(self, value: Any, owner: str) -> Any:
        if value is None and self.optional:
            return None
        if isinstance(value, (list, tuple)):
            if not value:
                raise self._error(owner, "a whole number or a list of them", value)
            return [self._number(item, owner, whole=True) for item in value]
        return self._number(value, owner, whole=True)


@dataclass(frozen=True)
class SizesSetting(Setting):
    """A list of whole numbers, each of which may be None: "as many as there are"."""

    def normalise(self, value: Any, owner: str) -> Any:
        if value is None and self.optional:
            return None
        if not isinstance(value, (list, tuple)) or not value:
            raise self._error(owner, "a list of whole numbers or None", value)
        return [None if n is None else self._number(n, owner, whole=True) for n in value]


def axes_of(axes: int | list[int] | None, rank: int) -> tuple[int, ...] | None:
    """Axes without the batch, from 0, in order and once each; None if one of them is the batch or is not there.

    Parameters
    ----------
    axes
        As Keras counts: the batch is axis 0, negative ones count from the end.
    rank
        Axes of the input without the batch.
    """
    given = axes if isinstance(axes, list) else [] if axes is None else [axes]
    found = [axis - 1 if axis >= 0 else axis + rank for axis in given]
    if any(not 0 <= axis < rank for axis in found):
        return None
    return tuple(sorted(set(found)))

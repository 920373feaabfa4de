"""Facts that lessons compare and quote, read from the run's own snapshot."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.scenes.formula_expressions import format_number
from app.scenes.step_values import Reader

if TYPE_CHECKING:
    from app.learn.lesson import Comparison
    from app.snapshots import Snapshot

PENDING = "…"
# After one of these a negative number stands in parentheses.
OPERATORS = ("×", "·", "+", "-", "−")
_CELL = re.compile(r"^(?P<tensor>[^\[\]]+)(?:\[(?P<index>[\d, ]*)\])?$")
_PLACE = re.compile(r"\{value:(?P<cell>[^{}:]+)(?::(?P<decimals>\d))?\}")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "contains": operator.contains,
}


def parse(cell: str) -> tuple[str, tuple[int, ...]]:
    """Split ``dense_1/kernel[0,1]`` into tensor and index."""
    match = _CELL.match(cell.strip())
    if match is None:
        return cell, ()
    index = match["index"] or ""
    return match["tensor"], tuple(int(part) for part in index.split(",") if part.strip())


class Facts:
    """What is true now: position, the instruction done last, values, the selection, the event just seen.

    Names: ``step``, ``pc``, ``instruction`` (its writes), ``phase``, ``op``, ``layer``, ``fresh``
    (tensors computed in this step), ``cell`` (the selected one), ``loss``,
    ``value:<tensor>[i,j]``, ``before:<tensor>[i,j]`` (the weight when the step began),
    ``kept:<name>`` and ``event.<value>``.
    """

    def __init__(
        self,
        snapshot: Snapshot | None,
        row: int = 0,
        *,
        cell: tuple[str, tuple[int, ...]] | None = None,
        event: Mapping[str, Any] | None = None,
        before: Callable[[str, tuple[int, ...]], float | None] | None = None,
        kept: Mapping[str, float] | None = None,
    ) -> None:
        self.reader = Reader(snapshot, row)
        self._cell = cell
        self._event = event or {}
        self._before = before
        self._kept = kept or {}

    def get(self, name: str) -> Any:
        """Return a fact, or None when it is not known."""
        snapshot = self.reader.snapshot
        if name.startswith("event."):
            return self._event.get(name.removeprefix("event."))
        if name.startswith("kept:"):
            return self._kept.get(name.removeprefix("kept:"))
        if name.startswith("value:"):
            return self.reader.value(*parse(name.removeprefix("value:")))
        if name.startswith("before:") and self._before is not None:
            return self._before(*parse(name.removeprefix("before:")))
        if name == "cell":
            if self._cell is None:
                return None
            tensor, index = self._cell
            return f"{tensor}[{','.join(map(str, index))}]"
        if snapshot is None:
            return None
        if name in ("step", "pc"):
            return getattr(snapshot.position, name)
        if name == "loss":
            return self.reader.value("loss", ())
        if name == "fresh":
            program = snapshot.program
            return (
                [t for t in program.tensors if self.reader.state(t) == "fresh"] if program else []
            )
        current = self.reader.current
        if current is None:
            return None
        if name == "instruction":
            return list(current.writes)
        return getattr(current, name, None) if name in ("phase", "op", "layer", "title") else None

    def holds(self, comparison: Comparison) -> bool:
        """Tell whether a comparison is true; an unknown fact makes it false."""
        left = self.get(comparison.fact)
        right = self.get(comparison.than) if comparison.than else comparison.to
        if left is None or right is None:
            return False
        try:
            return bool(_OPERATORS[comparison.op](left, right))
        except TypeError:
            return False

    def fill(self, text: str) -> str:
        """Replace ``{value:tensor[i,j]:4}`` by the numbers of the run."""

        def number(match: re.Match[str]) -> str:
            name = match["cell"]
            value = self.get(name) if name.startswith(("before", "kept")) else None
            if "@" in name:
                kind, _, rest = name.partition("@")
                value = self.get(f"{kind}:{rest}")
            elif value is None:
                value = self.reader.value(*parse(name))
            if value is None:
                return PENDING
            shown = format_number(float(value), int(match["decimals"] or 4))
            before = text[: match.start()].rstrip()[-1:]
            return f"({shown})" if value < 0 and before in OPERATORS else shown

        return _PLACE.sub(number, text)

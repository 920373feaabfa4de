"""The table `summary` prints."""

from __future__ import annotations

from typing import Any

from core.connections import connections
from core.layers.base import Shape
from core.model.freezing import Freezing
from core.model.structure import Structure


class Summary(Freezing):
    """A model that can be summed up."""

    def summary(self, print_fn: Any = None, show_trainable: bool = False) -> None:
        """Print a table of layers, output shapes and parameters; where branches join, also of what each layer reads.

        `print_fn` gets the text instead; `summary_text` returns it. With `show_trainable` a column says which layers
        learn: Y, N if a layer is frozen, - if it has no weights.
        """
        (print_fn or print)(self.summary_text(show_trainable))

    def summary_text(self, show_trainable: bool = False) -> str:
        """The table `summary` prints."""
        head: tuple[str, ...] = ("Layer (type)", "Output shape", "Param #")
        rows = [head, *self._summary_rows()]
        read = self._connections()
        if read is not None:
            rows = [(*row, text) for row, text in zip(rows, ["Connected to", *read], strict=True)]
        if show_trainable:
            marks = ["Trainable", *self._marks()]
            rows = [(*row, mark) for row, mark in zip(rows, marks, strict=True)]
        widths = [max(len(r[k]) for r in rows) for k in range(len(rows[0]))]
        lines = [f'Model: "{self.name}"']
        for k, r in enumerate(rows):
            cells = (
                f"{text:{'>' if place == 2 else '<'}{width}}"
                for place, (text, width) in enumerate(zip(r, widths, strict=True))
            )
            lines.append("  ".join(cells).rstrip())
            if k == 0:
                lines.append("-" * (sum(widths) + 2 * len(widths) - 2))
        total, trainable = self._totals()
        lines += [
            f"Total params: {total:,}",
            f"Trainable params: {trainable:,}",
            f"Non-trainable params: {total - trainable:,}",
        ]
        return "\n".join(lines)

    def _connections(self) -> list[str] | None:
        """What each row of the summary reads; None where it goes without saying."""
        starts = {id(t.layer): self.network.nodes[k].layer for k, t in enumerate(self._starts)}

        def name(one: Any) -> str:
            known = starts.get(id(one)) or self._ids.get(id(one))
            return one.name if isinstance(one, Structure) or known is None else known

        found = connections(self._starts, self._tensors, name)
        if found is None:
            return None
        return [found.get(row[0], "-") for row in self._table()]

    def _summary_rows(self) -> list[tuple[str, ...]]:
        return [
            (f"{name} ({kind})", _shown(shapes), f"{count:,}")
            for name, kind, shapes, count in self._table()
        ]

    def _marks(self) -> list[str]:
        """Keras's letters for layers that learn, are frozen, or have no weights."""
        return [
            "-" if not row[3] else "Y" if layer.trainable else "N"
            for row, layer in zip(self._table(), self.layers, strict=True)
        ]

    def _totals(self) -> tuple[int, int]:
        """Parameters, and how many of them learn."""
        return self.count_params(), sum(r.trainable_parameters for r in self._inspection.rows)

    def _table(self) -> list[tuple[str, str, list[Shape], int]]:
        """(name, kind, output shapes, parameters) of every layer once, as Keras's summary has them.

        Of a layer that is called several times the last output is told.
        """
        last = {row.layer: row for row in self._inspection.rows}
        counts: dict[str, int] = {}
        for row in self._inspection.rows:
            counts[row.layer] = counts.get(row.layer, 0) + row.parameters
        found: list[tuple[str, str, list[Shape], int]] = []
        for layer in self.layers:
            if isinstance(layer, Structure):
                kind = layer.kind
                shapes = [t.shape for t in layer.outputs]
                found.append((layer.name, kind, shapes, layer.count_params()))
                continue
            own = self._ids[id(layer)]
            found.append((own, type(layer).__name__, list(last[own].output_shapes), counts[own]))
        return found


def _shown(shapes: list[Shape]) -> str:
    texts = ["(" + ", ".join(map(str, ("None", *shape))) + ")" for shape in shapes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"

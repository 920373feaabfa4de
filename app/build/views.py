"""What blocks show, worked out from the document and the newest snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from app import text
from app.build.block import BlockView
from app.build.glyphs import Glyph
from app.commands import kind_title
from app.document import Document, data_info
from app.snapshots import Probe, Snapshot
from app.text import tr
from core.errors import ChainruleError
from core.layers import registry
from core.spec import Layer, Problem, Row

# A tensor larger than this is not worth its copying for a picture of 76 px.
_MOST_VALUES = 70_000


def block_views(document: Document, snapshot: Snapshot | None = None) -> tuple[BlockView, ...]:
    """Return what each block shows, in the order data flows."""
    inspection = document.inspection
    problems = {p.layer: p for p in reversed(inspection.problems) if p.layer is not None}
    hints: dict[str, list[str]] = {}
    for advice in document.advice:
        hints.setdefault(advice.layer, []).append(advice.sentence)
    rows = {row.layer: row for row in inspection.rows}
    info = data_info(document.data)
    labels = tuple(info.classes) if info is not None else ()
    views = []
    place = 0
    for layer in document.network.layers:
        row = rows.get(layer.id)
        place += layer.kind != "InputLayer"
        number = str(place) if layer.kind != "InputLayer" else ""
        view = _view(layer, row, problems.get(layer.id), number, labels, snapshot)
        views.append(replace(view, hint="\n\n".join(hints.get(layer.id, ()))))
    return tuple(views)


def _view(
    layer: Layer, row: Row | None, problem: Problem | None, number: str,
    labels: tuple[str, ...], snapshot: Snapshot | None,
) -> BlockView:  # fmt: skip
    shape = row.output_shape if row is not None and not row.skipped else None
    parameters = row.parameters if row is not None else 0
    activation = str(layer.config.get("activation") or "")
    value, mask = _values(layer, shape, snapshot)
    lines, tip = _lines(layer, row), ""
    if layer.kind == "InputLayer" and value is not None and snapshot is not None:
        short, tip = _sample(snapshot)
        lines = (lines[0], short or lines[1])
    if layer.frozen:
        tip = tr("Frozen: training leaves its weights as they are.")
    return BlockView(
        layer.id,
        kind_title(layer.kind),
        number,
        lines,
        text.shape(shape) if shape is not None else "—",
        tr("{count} params", count=text.count(parameters)),
        Glyph(layer.kind, shape, value, mask, activation, labels),
        problem.title if problem else "",
        problem.sentence if problem else "",
        problem.fix.label if problem and problem.fix else "",
        skipped=row is not None and row.skipped and problem is None,
        tip=tip,
        frozen=layer.frozen,
    )


def _sample(snapshot: Snapshot) -> tuple[str, str]:
    """Return which sample is in the picture of the input, in a few signs and in words."""
    sample = snapshot.sample
    if sample is None:
        return "", ""
    index = text.number(sample.index)
    training = sample.split == "train"
    split = tr("Training sample") if training else tr("Validation sample")
    if sample.label is None:
        return tr("sample #{index}", index=index), f"{split} #{index}"
    known = 0 <= sample.label < len(sample.classes)
    label = sample.classes[sample.label] if known else str(sample.label)
    words = tr("{split} #{index}, label {label}", split=split, index=index, label=label)
    return tr("#{index}, label {label}", index=index, label=label), words


def _lines(layer: Layer, row: Row | None) -> tuple[str, str]:
    if layer.kind == "Flatten" and row is not None and row.input_shapes and not row.skipped:
        return (f"{text.shape(row.input_shapes[0])} → {text.shape(row.output_shape)}", "")
    try:
        return registry.make(layer.kind, layer.config).describe()
    except ChainruleError:
        return ("", "")


def _values(
    layer: Layer, shape: tuple[int, ...] | None, snapshot: Snapshot | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    if snapshot is None or shape is None:
        return None, None
    value = snapshot.get(f"{layer.id}/output", source="sample")
    if value is None and layer.kind == "InputLayer" and snapshot.sample is not None:
        value = snapshot.sample.x
    if value is not None and tuple(value.shape) != tuple(shape):
        # The snapshot is from before the last edit.
        value = None
    mask = None
    if layer.kind == "Dropout":
        mask = snapshot.get(f"{layer.id}/mask")
        if mask is not None and mask.size != int(np.prod(shape)):
            mask = None
    return value, mask


def probes(document: Document) -> tuple[Probe, ...]:
    """Return what the canvas wants in each snapshot."""
    wanted: list[Probe] = []
    for row in document.inspection.rows:
        shape = row.output_shape
        if row.skipped or shape is None or int(np.prod(shape)) > _MOST_VALUES:
            continue
        wanted.append(Probe(f"{row.layer}/output", source="sample"))
        if row.kind == "Dropout":
            wanted.append(Probe(f"{row.layer}/mask", rows=0))
    return tuple(wanted)


def accessible_text(view: BlockView) -> str:
    """Return what a screen reader says of a block."""
    parts: list[Any] = [
        f"{view.title} {view.number}".strip(),
        *[line for line in view.lines if line],
    ]
    if view.problem:
        return ", ".join([*parts, tr("problem: {title}", title=view.problem), view.sentence])
    if view.frozen:
        parts.append(tr("frozen"))
    if view.hint:
        parts.append(tr("hint: {sentence}", sentence=view.hint))
    return ", ".join([*parts, tr("output {shape}", shape=view.shape), view.parameters])

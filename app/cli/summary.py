"""``chainrule summary``: layers, shapes and parameters."""

from __future__ import annotations

import argparse

from app.cli.projects import load
from app.text import number, shape, size, tr
from core.spec import inspect
from core.spec.training import loss_name


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    _, contents = load(arguments.project)
    project = contents.project
    inspection = inspect(project.network, batch_size=project.training.batch_size)
    rows = [(tr("Layer"), tr("Kind"), tr("Output shape"), tr("Parameters"))]
    rows += [
        (
            row.name or row.node,
            row.kind,
            tr("skipped until fixed") if row.skipped else shape(row.output_shape),
            number(row.parameters),
        )
        for row in inspection.rows
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    print(project.name)
    for index, row in enumerate(rows):
        left = "  ".join(text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True))
        print(f"{left}  {row[3].rjust(widths[3])}")
        if index == 0:
            print("  ".join("─" * width for width in widths))
    learning = sum(row.trainable_parameters for row in inspection.rows)
    if any(layer.frozen for layer in project.network.layers):
        print(
            tr(
                "{count} parameters learn, the others are frozen or statistics",
                count=number(learning),
            )
        )
    print(
        tr(
            "{parameters} parameters, {memory} while training with batches of {batch}",
            parameters=number(inspection.parameters),
            memory=size(inspection.memory_bytes),
            batch=project.training.batch_size,
        )
    )
    optimizer = ", ".join(
        str(value)
        if key == "kind"
        else f"{key} {value.get('kind', '')}"
        if isinstance(value, dict)
        else f"{key} {value:g}"
        if isinstance(value, float)
        else f"{key} {value}"
        for key, value in project.training.optimizer.items()
    )
    print(tr("{optimizer}; loss {loss}; data {data}", optimizer=optimizer,
             loss=loss_name(project.training.loss), data=project.data.id))  # fmt: skip
    step = project.run.get("step", 0)
    print(tr("trained for {steps} steps", steps=number(int(step))) if step else tr("not trained"))
    for problem in inspection.problems:
        where = f"{problem.layer}: " if problem.layer else ""
        print(f"{tr('Problem')}: {where}{problem.sentence}")
    return 0

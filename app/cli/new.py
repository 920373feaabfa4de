"""``chainrule new``: a project from a template."""

from __future__ import annotations

import argparse

from app.cli.errors import UsageError
from app.cli.projects import target
from app.text import tr
from core import io, templates, trained


def run(arguments: argparse.Namespace) -> int:
    """Write the project."""
    try:
        template = templates.load(arguments.template)
    except templates.TemplateError as error:
        raise UsageError(str(error)) from error
    weights = {}
    if arguments.trained:
        try:
            weights = trained.weights(template.name)
        except trained.TrainedError as error:
            raise UsageError(str(error)) from error
    path = target(arguments.output, force=arguments.force)
    project = io.Project(
        name=template.title,
        network=template.network,
        training=template.training,
        data=template.data,
    )
    io.write(path, io.Contents(project, weights))
    print(tr("{title} is in {path}", title=template.title, path=path))
    return 0

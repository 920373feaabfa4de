"""``chainrule code``: the network as a program for another library."""

from __future__ import annotations

import argparse
from typing import BinaryIO

from app.cli.errors import UsageError
from app.cli.projects import load, output_path, target
from app.text import tr
from core.io.codegen import FRAMEWORKS, code
from core.io.files import write_beside


def run(arguments: argparse.Namespace) -> int:
    """Print or write the code."""
    framework = arguments.framework.lower()
    if framework not in FRAMEWORKS:
        raise UsageError(
            tr(
                "there is no framework {name}; there are {known}",
                name=repr(arguments.framework),
                known=", ".join(FRAMEWORKS),
            )
        )
    path = None
    if arguments.output is not None:
        output_path(arguments.output, arguments.project)
        path = target(arguments.output)
    _, contents = load(arguments.project)
    text = code(framework, contents.project.network, contents.project.training)
    if path is None:
        print(text, end="")
    else:

        def fill(file: BinaryIO) -> None:
            file.write(text.encode())

        write_beside(path, fill)
    return 0

"""``chainrule warm``: compile what a project needs; the window runs it as a child process."""

from __future__ import annotations

import argparse
import json
import sys

import msgspec

from core.spec import Network, Training

from app.cli.errors import UsageError


class Subject(msgspec.Struct):
    """What the window writes to our standard input."""

    network: Network
    training: Training
    data: str = ""
    parameters: dict[str, object] = {}


def run(arguments: argparse.Namespace) -> int:
    """Compile, telling progress as lines of JSON."""
    try:
        subject = msgspec.json.decode(sys.stdin.buffer.read(), type=Subject)
    except msgspec.DecodeError as error:
        raise UsageError(f"warm reads a project as JSON from standard input: {error}") from error
    from app.engine.warm import warm  # noqa: PLC0415 - imports Numba

    def say(done: int, total: int) -> None:
        sys.stdout.write(json.dumps({"done": done, "total": total}) + "\n")
        sys.stdout.flush()

    warm(subject.network, subject.training, say)
    return 0

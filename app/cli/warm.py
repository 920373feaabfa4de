"""``chainrule warm``: compile what a project needs; the window runs it as a child process."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys

import msgspec

from app.cli.command import HELPER, own_command
from app.cli.errors import UsageError
from core.spec import Network, Training


class Subject(msgspec.Struct):
    """What the window writes to our standard input."""

    network: Network
    training: Training
    data: str = ""
    parameters: dict[str, object] = {}
    precise: bool = False
    alone: bool = False


def run(arguments: argparse.Namespace) -> int:
    """Compile, telling progress as lines of JSON."""
    # Looking for garbage after every 700 new objects takes a tenth of the time of compiling.
    gc.set_threshold(50_000, 20, 100)
    if os.environ.get(HELPER):
        from app.engine.warm import serve

        serve(iter(sys.stdin.readline, ""), lambda name: print(name, flush=True))
        return 0
    try:
        subject = msgspec.json.decode(sys.stdin.buffer.read(), type=Subject)
    except msgspec.DecodeError as error:
        raise UsageError(f"warm reads a project as JSON from standard input: {error}") from error
    from app.engine.warm import warm

    def say(done: int, total: int) -> None:
        sys.stdout.write(json.dumps({"done": done, "total": total}) + "\n")
        sys.stdout.flush()

    os.environ[HELPER] = "1"
    helper = None if subject.precise else [*own_command(), "warm"]
    warm(subject.network, subject.training, say, helper, precise=subject.precise,
         alone=subject.alone)  # fmt: skip
    return 0

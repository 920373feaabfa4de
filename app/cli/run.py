"""Choosing the command, and turning every way to fail into one line and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback

from app.cli.errors import FailedError, UsageError
from app.cli.parser import make_parser
from app.text import tr

# command: module of this package; each has run(arguments) -> int
_COMMANDS = {
    "open": "window",
    "new": "new",
    "templates": "templates",
    "train": "train",
    "summary": "summary",
    "code": "code",
    "find-lr": "study",
    "cross-validate": "study",
    "search": "study",
    "seeds": "study",
    "export": "export",
    "doctor": "doctor",
    "warm": "warm",
    "study-worker": "study_worker",
}

#: What only our own processes run.
_OWN = ("open", "warm", "study-worker")


def run(argv: list[str]) -> int:
    """Run the command line."""
    debug = "--debug" in argv
    try:
        arguments = _parse(argv)
        if arguments.version:
            print(f"chainrule {version()}")
            return 0
        module = importlib.import_module(f"app.cli.{_COMMANDS[arguments.command]}")
        return int(module.run(arguments))
    except SystemExit as end:
        # argparse ends this way after --help.
        return end.code if isinstance(end.code, int) else 0
    except UsageError as error:
        return _say(error, 2, debug)
    except KeyboardInterrupt:
        print(f"chainrule: {tr('stopped')}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # `chainrule summary ... | head`: nobody reads on, and Python would complain while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError as error:
        return _say(error, 1, debug, tr("there is not enough memory for this"))
    except Exception as error:  # noqa: BLE001 - the promise is that no traceback is ever shown
        return _say(error, 1, debug, _sentence(error))


def version() -> str:
    """Return the installed version."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("chainrule")
    except PackageNotFoundError:
        return tr("(not installed)")


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = make_parser()
    first = next((word for word in argv if not word.startswith("-")), None)
    if first is not None and first not in _COMMANDS and _is_file_name(first):
        # Double-clicking a project runs `chainrule file.chainrule`.
        return parser.parse_args(["open", *argv])
    if first is not None and first not in _COMMANDS:
        known = ", ".join(name for name in _COMMANDS if name not in _OWN)
        raise UsageError(
            tr("there is no command {name}; there are {known}", name=repr(first), known=known)
        )
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        arguments.command, arguments.project = "open", None
    return arguments


def _is_file_name(word: str) -> bool:
    return word.endswith(".chainrule") or os.path.isfile(word)


def _say(error: BaseException, code: int, debug: bool, sentence: str | None = None) -> int:
    if debug:
        traceback.print_exception(error)
    text = " ".join((sentence if sentence is not None else str(error)).split())
    print(f"chainrule: {text}", file=sys.stderr)
    return code


def _sentence(error: Exception) -> str:
    from core.errors import ChainruleError

    known: tuple[type[Exception], ...] = (FailedError, ChainruleError)
    formats = sys.modules.get("app.export.formats")
    if formats is not None:
        known += (formats.ExportError,)
    if isinstance(error, known):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}"
    return tr(
        "something went wrong inside: {reason}. Run it again with --debug and report what it prints",
        reason=f"{type(error).__name__}: {error}",
    )

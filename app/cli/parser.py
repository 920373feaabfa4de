"""What can be typed. Nothing heavy is imported here: ``chainrule --help`` answers at once."""

from __future__ import annotations

import argparse
from typing import NoReturn

from app.cli.errors import UsageError
from app.text import tr


class Parser(argparse.ArgumentParser):
    """Say what is wrong in one line; argparse would print the whole usage first."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and exiting."""
        raise UsageError(message)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    common = Parser(add_help=False)
    common.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help=tr("show the traceback when something goes wrong"),
    )
    parser = Parser(
        prog="chainrule",
        description=tr(
            "See how neural networks learn. Without a command the window opens, "
            "with the given project if there is one."
        ),
        epilog=tr("chainrule COMMAND --help tells more about a command."),
        parents=[common],
    )
    parser.add_argument("--version", action="store_true", help=tr("show the version and end"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, parents=[common])

    _window(command("open", tr("open the window, with a project")))
    _new(command("new", tr("make a project from a template")))
    command("templates", tr("list the templates"))
    _train(command("train", tr("train a project and save it")))
    _project(command("summary", tr("show layers, shapes and parameters")))
    _code(command("code", tr("write the network as a program for another library")))
    _export(command("export", tr("write what training looks like to a film or a picture")))
    command("doctor", tr("say what this machine has, and what to do about what it lacks"))
    # The window starts this one itself; without a help text it is not listed.
    commands.add_parser("warm", parents=[common])
    return parser


def _project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", help=tr("a .chainrule file"))


def _window(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", nargs="?", help=tr("a .chainrule file"))


def _new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--template", required=True, help=tr("see: chainrule templates"))
    parser.add_argument("-o", "--output", required=True, help=tr("the file to make"))
    parser.add_argument("--force", action="store_true", help=tr("replace a file that is there"))


def _train(parser: argparse.ArgumentParser) -> None:
    _project(parser)
    parser.add_argument(
        "--epochs", type=int, help=tr("how many more epochs; by default as the project says")
    )
    parser.add_argument("-o", "--output", help=tr("save here instead of into the project"))


def _code(parser: argparse.ArgumentParser) -> None:
    _project(parser)
    parser.add_argument("--framework", default="keras", help=tr("keras or pytorch"))
    parser.add_argument("-o", "--output", help=tr("write a file instead of to the screen"))


def _export(parser: argparse.ArgumentParser) -> None:
    _project(parser)
    add = parser.add_argument
    add("-o", "--output", required=True, help=tr("the file to write; its ending says the format"))
    add("--scene", help=tr("what to show: training, network, step, ..."))
    add("--format", help=tr("mp4, gif, webm, apng, webp, frames, png or svg"))
    add("--size", help=tr("pixels, as 1280x720"))
    add("--fps", type=int, help=tr("frames a second"))
    add("--theme", choices=("dark", "light"), help=tr("dark or light"))
    add("--from", dest="first", type=int, help=tr("first step shown"))
    add("--to", dest="last", type=int, help=tr("last step shown"))
    add("--seconds", type=float, help=tr("length of the film"))
    add("--caption", help=tr("title in the picture"))
    add("--sample", type=int, help=tr("held-out sample whose activations are shown"))
    add(
        "--without",
        action="append",
        default=[],
        metavar="PART",
        help=tr("leave out a part: network, boundary, curves, counters, ..."),
    )
    # The window hands its settings over in a file and reads progress as lines of JSON.
    add("--recipe", help=argparse.SUPPRESS)
    add("--json", action="store_true", help=argparse.SUPPRESS)

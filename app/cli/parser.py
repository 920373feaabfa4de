"""What can be typed. Nothing heavy is imported here: ``chainrule --help`` answers at once."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from app.cli.errors import UsageError
from app.text import tr


class Parser(argparse.ArgumentParser):
    """Say what is wrong in one line; argparse would print the whole usage first."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and exiting."""
        # argparse's own sentences begin so, ours go on with the option's name.
        raise UsageError(re.sub(r"^argument (\S+): (?=must )", r"\1 ", message))


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            tr("must be a whole number, such as 10; it is {word}", word=repr(word))
        ) from error


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            tr("must be a number, such as 0.01; it is {word}", word=repr(word))
        ) from error


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
    _find_rate(command("find-lr", tr("find a learning rate: train with one that grows")))
    _cross_validate(
        command("cross-validate", tr("train k times, measuring on another part each time"))
    )
    _search(command("search", tr("train with settings drawn at random, and tell the best")))
    _seeds(command("seeds", tr("train with several seeds: how much is chance")))
    _project(command("summary", tr("show layers, shapes and parameters")))
    _code(command("code", tr("write the network as a program for another library")))
    _export(command("export", tr("write what training looks like to a film or a picture")))
    command("doctor", tr("say what this machine has, and what to do about what it lacks"))
    # The program starts these itself; without a help text they are not listed.
    commands.add_parser("warm", parents=[common])
    commands.add_parser("study-worker", parents=[common]).add_argument("folder")
    return parser


def _project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", help=tr("a .chainrule file"))


def _window(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", nargs="?", help=tr("a .chainrule file"))


def _new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--template", required=True, help=tr("see: chainrule templates"))
    parser.add_argument(
        "--trained",
        action="store_true",
        help=tr("with the weights it is delivered with, where it is"),
    )
    parser.add_argument("-o", "--output", required=True, help=tr("the file to make"))
    parser.add_argument("--force", action="store_true", help=tr("replace a file that is there"))


def _train(parser: argparse.ArgumentParser) -> None:
    _project(parser)
    parser.add_argument(
        "--epochs", type=_whole, help=tr("how many more epochs; by default as the project says")
    )
    parser.add_argument("-o", "--output", help=tr("save here instead of into the project"))


def _study(parser: argparse.ArgumentParser, *, epochs: bool = True) -> None:
    _project(parser)
    add = parser.add_argument
    if epochs:
        add("--epochs", type=_whole, help=tr("of each run; by default as the project says"))
    add("--processes", type=_whole, help=tr("runs at once; 0 trains in this process"))
    add("--json", action="store_true", help=tr("write progress and result as lines of JSON"))


def _find_rate(parser: argparse.ArgumentParser) -> None:
    _study(parser, epochs=False)
    add = parser.add_argument
    # Without them the engine's own, which window and Python take as well.
    add("--start", type=_number, help=tr("the first rate, 1e-7 by default"))
    add("--end", type=_number, help=tr("the last rate, 10 by default"))
    add("--steps", type=_whole, help=tr("how many updates, 100 by default"))
    add("--sweeps", type=_whole, help=tr("how often, 5 by default: the mean is judged"))
    add("-o", "--output", help=tr("write a project with the rate that was found"))


def _cross_validate(parser: argparse.ArgumentParser) -> None:
    _study(parser)
    add = parser.add_argument
    add("-k", type=_whole, default=5, help=tr("how many folds, 5 by default"))
    add("--stratified", action="store_true", help=tr("each class has its share in every fold"))
    add("--no-shuffle", action="store_true", help=tr("neighbouring samples stay together"))
    add("--seed", type=_whole, help=tr("of the draw; by default the project's"))


def _search(parser: argparse.ArgumentParser) -> None:
    _study(parser)
    add = parser.add_argument
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=RANGE",
        help=tr(
            "a setting to search over: optimizer.learning_rate=log_uniform(1e-4,1e-1), "
            "dense_1.units=int(8,64), batch_size=16,32"
        ),
    )
    add("--trials", type=_whole, default=20, help=tr("how many settings to try, 20 by default"))
    add("--seed", type=_whole, default=0, help=tr("of the draws"))
    add("--objective", help=tr("the number that is compared; by default val_loss"))
    add("--mode", default="auto", help=tr("min or max; by default what suits the number"))
    add("--prune", type=_whole, help=tr("3: only the better third goes on, again and again"))
    add("-o", "--output", help=tr("write a project with the best settings"))


def _seeds(parser: argparse.ArgumentParser) -> None:
    _study(parser)
    parser.add_argument("--seeds", default="5", help=tr("how many, 5 by default, or which: 0,1,2"))


def _code(parser: argparse.ArgumentParser) -> None:
    _project(parser)
    parser.add_argument("--framework", default="keras", help=tr("keras or pytorch"))
    parser.add_argument("-o", "--output", help=tr("write a file instead of to the screen"))


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", help=tr("a .chainrule file, or a .race file"))
    add = parser.add_argument
    add("-o", "--output", required=True, help=tr("the file to write; its ending says the format"))
    add("--scene", help=tr("what to show: training, network, step, closeup, story, ..."))
    add(
        "--layer",
        help=tr(
            "of the scenes closeup, filters, convolution-walk, activation-maximization: the layer, e.g. conv2d_1"
        ),
    )
    add(
        "--channel",
        type=_whole,
        help=tr("of convolution-walk, activation-maximization: its channel, counted from 1"),
    )
    add(
        "--class",
        dest="of_class",
        help=tr(
            "of integrated-gradients, occlusion, attribution: the class that is explained, by its name"
        ),
    )
    add("--method", help=tr("of the scene attribution: saliency, grad_cam, ..."))
    add(
        "--number",
        help=tr(
            "of the scenes closeup and story: the number that is followed, counted from 1, e.g. dense_1/kernel[1,2]"
        ),
    )
    add(
        "--row",
        type=_whole,
        help=tr("of the scenes closeup and story: the sample of the batch, counted from 1"),
    )
    add(
        "--epochs",
        type=_whole,
        help=tr(
            "of network-race, loss-slice: how long the racers train; by default as in the project, or 5"
        ),
    )
    add("--racer", help=tr("of the scenes race, race-3d: the racer that is looked at, e.g. adam"))
    add(
        "--with",
        dest="besides",
        action="append",
        default=[],
        metavar="PART",
        help=tr("of the scene race: arrows of that racer's next update, to-scale, squares"),
    )
    add("--format", help=tr("mp4, gif, webm, apng, webp, frames, png or svg"))
    add("--size", help=tr("pixels, as 1280x720"))
    add("--fps", type=_whole, help=tr("frames a second"))
    add("--theme", choices=("dark", "light"), help=tr("dark or light"))
    add("--from", dest="first", type=_whole, help=tr("first step shown"))
    add("--to", dest="last", type=_whole, help=tr("last step shown"))
    add("--seconds", type=_number, help=tr("length of the film"))
    add("--caption", help=tr("title in the picture"))
    add("--sample", type=_whole, help=tr("held-out sample whose activations are shown"))
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

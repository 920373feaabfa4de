"""``chainrule export``: a film or a picture of what training looks like."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from app.cli.errors import UsageError
from app.cli.projects import check_network, load, output_path
from app.export.encoder import check_target
from app.export.formats import ExportUsageError, Format, by_id, of_path
from app.export.plan import default_last
from app.export.recipe import Recipe, check, parse_number, parse_size
from app.scenes.network_settings import MOST_EPOCHS
from app.text import tr
from core.io.races import load_race

if TYPE_CHECKING:
    from app.engine.replay import Replay
    from app.export.film import Result
    from core.io import Contents
    from core.landscape.race import Race

#: Files of races end so.
RACE_SUFFIX = ".race"
#: Scenes of races; the first is filmed if none is named.
OF_RACES = ("race", "race-3d")
#: What ``--with`` names, beside the arrows themselves: switches of `app.scenes.race_arrows`.
BESIDES = {"arrows": "arrows", "to-scale": "arrows_to_scale", "squares": "squares"}
#: What ``--without`` names: switches of the film's composition.
PARTS = ("network", "boundary", "predictions", "curves", "counters", "health")


def run(arguments: argparse.Namespace) -> int:
    """Make the export; every check of what was typed comes before any work."""
    # Painting needs Qt but no display; set before Qt is imported.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    path = output_path(arguments.output, arguments.project)
    try:
        fmt = by_id(arguments.format) if arguments.format else of_path(path)
        recipe = check(_recipe(arguments), fmt)
    except ExportUsageError as error:
        raise UsageError(str(error)) from error
    if not path.absolute().parent.is_dir():
        raise UsageError(tr("there is no folder {path}", path=path.parent))
    try:
        check_target(path, fmt)
    except ExportUsageError as error:
        raise UsageError(str(error)) from error
    if Path(arguments.project).suffix == RACE_SUFFIX:
        return _run_race(arguments, recipe, fmt, path, None)
    _, contents = load(arguments.project)
    if _films_a_race(recipe):
        return _run_race(arguments, recipe, fmt, path, contents)
    check_network(contents)
    recipe = _with_race(arguments, recipe, contents)
    if arguments.of_class is not None:
        chosen = _class_of(arguments.of_class, contents)
        recipe = msgspec.structs.replace(recipe, toggles=recipe.toggles | {"class": chosen})

    from app.export.film import export
    from app.export.painting import offscreen_application, scene_named

    application = offscreen_application()
    try:
        scene_named(recipe.scene)
    except ExportUsageError as error:
        raise UsageError(str(error)) from error

    from app.engine.replay import Replay

    if not recipe.caption and not arguments.recipe:
        recipe = msgspec.structs.replace(recipe, caption=contents.project.name)
    with _tidy_end():
        source = Replay(contents, recipe.sample)
        _check_ranges(recipe, source)
        with _progress(arguments.json, fmt) as report:
            try:
                result = export(recipe, fmt, source, path, report, report.prepare)
            except ExportUsageError as error:
                raise UsageError(str(error)) from error
    del application
    if not arguments.json:
        print(_done(result, recipe, fmt))
    return 0


def _films_a_race(recipe: Recipe) -> bool:
    from app.export.painting import scene_named
    from app.export.races import of_race

    try:
        scene_named(recipe.scene)
    except ExportUsageError as error:
        raise UsageError(str(error)) from error
    return of_race(recipe.scene)


def _with_race(arguments: argparse.Namespace, recipe: Recipe, contents: Contents) -> Recipe:
    """Return the recipe of a race on the network with what the project has kept of that; others as they are."""
    from app.export import networks

    if not networks.of_network_race(recipe.scene):
        return recipe
    if not arguments.recipe:
        try:
            networks.check_network_race(recipe)
        except ExportUsageError as error:
            raise UsageError(str(error)) from error
        if arguments.of_class is not None:
            raise UsageError(tr("racers train on all classes: leave out --class"))
    return networks.completed(recipe, contents.project.view, arguments.epochs)


def _run_race(
    arguments: argparse.Namespace,
    recipe: Recipe,
    fmt: Format,
    path: Path,
    contents: Contents | None,
) -> int:
    """Film a race: a project's, or that of a race file; neither needs a network that can run."""
    from app.export.film import export_race
    from app.export.painting import offscreen_application
    from app.export.races import RaceSource, check_race, race_in

    file = Path(arguments.project)
    if contents is None:
        if not _films_a_race(recipe):
            raise UsageError(
                tr(
                    "{path} is a race; its scenes are {known}",
                    path=file,
                    known=tr(" and ").join(OF_RACES),
                )
            )
        name, race = file.stem, _loaded(file)
    else:
        name, race = contents.project.name, race_in(recipe, contents.project.view)
    if recipe.toggles.get("arrows") and not recipe.toggles.get("racer") and race.racers:
        recipe = msgspec.structs.replace(
            recipe, toggles=recipe.toggles | {"racer": race.racers[0].id}
        )
    if not recipe.caption and not arguments.recipe:
        recipe = msgspec.structs.replace(recipe, caption=name)
    if arguments.of_class is not None:
        raise UsageError(tr("a race has no classes: leave out --class"))
    application = offscreen_application()
    try:
        check_race(recipe, race)
        with _tidy_end(), _progress(arguments.json, fmt) as report:
            result = export_race(recipe, fmt, RaceSource(race, name), path, report)
    except ExportUsageError as error:
        raise UsageError(str(error)) from error
    del application
    if not arguments.json:
        print(_done(result, recipe, fmt))
    return 0


def _loaded(file: Path) -> Race:
    if not file.is_file():
        what = tr("is a folder, not a race") if file.is_dir() else tr("does not exist")
        raise UsageError(f"{file} {what}")
    return load_race(file)


def _class_of(name: str, contents: Contents) -> int:
    """Return the number of a class.

    Raises
    ------
    UsageError
        With the classes there are.
    """
    from app.document import data_info

    info = data_info(contents.project.data)
    classes = [one.casefold() for one in info.classes] if info is not None else []
    if name.casefold() in classes:
        return classes.index(name.casefold())
    known = ", ".join(info.classes) if info is not None and info.classes else tr("none")
    raise UsageError(
        tr("there is no class {name}; there are {known}", name=repr(name), known=known)
    )


def _check_ranges(recipe: Recipe, source: Replay) -> None:
    """Refuse a sample or a first step that the run does not have.

    Raises
    ------
    UsageError
        With what there is.
    """
    if recipe.sample is not None and not 0 <= recipe.sample < source.samples:
        raise UsageError(
            tr(
                "--sample must be from 0 to {last}; it is {sample}",
                last=source.samples - 1,
                sample=recipe.sample,
            )
        )
    row = int(recipe.toggles.get("row", 0))
    if row >= source.rows:
        raise UsageError(
            tr("--row must be from 1 to {last}; it is {row}", last=source.rows, row=row + 1)
        )
    end = recipe.last
    if end is None:
        end = default_last(source.taken, source.total_steps, source.epoch_steps)
    if recipe.first > end:
        raise UsageError(
            tr("--from is {first}, but the film ends at step {last}", first=recipe.first, last=end)
        )


def _recipe(arguments: argparse.Namespace) -> Recipe:
    recipe = Recipe()
    if arguments.recipe:
        try:
            recipe = msgspec.json.decode(Path(arguments.recipe).read_bytes(), type=Recipe)
        except (msgspec.DecodeError, OSError) as error:
            raise UsageError(tr("the recipe cannot be read: {reason}", reason=error)) from error
    fields: dict[str, Any] = {
        name: value
        for name in ("scene", "fps", "theme", "first", "last", "seconds", "caption", "sample")
        if (value := getattr(arguments, name)) is not None
    }
    if arguments.size:
        fields["width"], fields["height"] = parse_size(arguments.size)
    for part in arguments.without:
        if part not in PARTS:
            known = ", ".join(PARTS)
            raise UsageError(
                tr("there is no part {part}; there are {known}", part=repr(part), known=known)
            )
    if arguments.without:
        fields["toggles"] = dict(recipe.toggles) | dict.fromkeys(arguments.without, False)
    more: dict[str, Any] = {}
    if arguments.layer is not None:
        more["layer"] = arguments.layer
    if arguments.channel is not None:
        if arguments.channel < 1:
            raise UsageError(
                tr("--channel counts from 1; it is {number}", number=arguments.channel)
            )
        more["channel"] = arguments.channel - 1
    if arguments.method is not None:
        more["method"] = arguments.method
    if arguments.number is not None:
        tensor, cell = parse_number(arguments.number)
        more |= {"tensor": tensor, "cell": list(cell)}
    if arguments.row is not None:
        if arguments.row < 1:
            raise UsageError(tr("--row counts from 1; it is {row}", row=arguments.row))
        more["row"] = arguments.row - 1
    if arguments.racer is not None:
        more["racer"] = arguments.racer
    for part in arguments.besides:
        if part not in BESIDES:
            known = ", ".join(BESIDES)
            raise UsageError(
                tr("there is no part {part}; there are {known}", part=repr(part), known=known)
            )
        more |= {"arrows": True, BESIDES[part]: True}
    if more:
        fields["toggles"] = {**fields.get("toggles", recipe.toggles), **more}
    of_a_race = arguments.racer is not None or bool(arguments.besides)
    if (of_a_race or Path(arguments.project).suffix == RACE_SUFFIX) and not arguments.recipe:
        fields.setdefault("scene", OF_RACES[0])
    made = msgspec.structs.replace(recipe, **fields)
    _check_choice(made, "--layer", arguments.layer, "film_layers", ("closeup",))
    _check_choice(made, "--channel", arguments.channel, "film_channels")
    _check_choice(made, "--epochs", arguments.epochs, "film_epochs")
    _check_choice(made, "--racer", arguments.racer, "film_racers")
    _check_choice(made, "--with", arguments.besides or None, "film_arrows")
    if arguments.epochs is not None and not 1 <= arguments.epochs <= MOST_EPOCHS:
        raise UsageError(
            tr(
                "--epochs is from 1 to {most}; it is {given}",
                most=MOST_EPOCHS,
                given=arguments.epochs,
            )
        )
    return made


def _check_choice(
    recipe: Recipe, option: str, given: Any, has: str, besides: tuple[str, ...] = ()
) -> None:
    """Refuse an option that would change nothing in the scene.

    Raises
    ------
    UsageError
        With the scenes it is of.
    """
    from app.scenes import registry

    if given is None or recipe.scene not in registry.names():
        return  # an unknown scene is told of elsewhere
    known = sorted(
        {
            *besides,
            *(name for name in registry.names() if getattr(registry.scene(name), has, False)),
        }
    )
    if recipe.scene not in known:
        raise UsageError(
            tr("{option} is of the scenes {known}; the scene {scene} has nothing to choose with it", option=option,
               known=", ".join(known), scene=recipe.scene)
        )  # fmt: skip


def _done(result: Result, recipe: Recipe, fmt: Format) -> str:
    if fmt.kind == "still":
        return tr("{path}: step {step}", path=result.path, step=result.last)
    seconds = result.frames / recipe.fps
    if result.first == result.last:
        # A film of something else than steps of the run, such as a race on the network.
        return tr("{path}: {frames} frames, {seconds:.1f} s", path=result.path, frames=result.frames,
                  seconds=seconds)  # fmt: skip
    return tr(
        "{path}: {frames} frames, {seconds:.1f} s, steps {first} to {last}",
        path=result.path,
        frames=result.frames,
        seconds=seconds,
        first=result.first,
        last=result.last,
    )


@contextmanager
def _tidy_end() -> Iterator[None]:
    """Make a request to stop an orderly one, so that partial files are removed and one line says so."""
    from PySide6.QtCore import qInstallMessageHandler

    asked = (signal.SIGTERM, signal.SIGINT)

    def stop(number: int, frame: object) -> None:
        for each in asked:
            # Asking twice must not interrupt the tidying.
            signal.signal(each, signal.SIG_IGN)
        # Qt would complain of the painter that is left in the middle of a picture.
        qInstallMessageHandler(lambda *_: None)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in asked}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Report:
    """How far an export is: frames, and before the first of them how much is prepared."""

    def __init__(
        self, frames: Callable[[int, int], None], prepare: Callable[[float], None]
    ) -> None:
        self._frames, self._prepare = frames, prepare
        self._of, self._told = 1, -1.0

    def __call__(self, done: int, of: int) -> None:
        self._of = of
        self._frames(done, of)

    def prepare(self, share: float) -> None:
        """Tell of every hundredth."""
        if share >= self._told + 0.01 or share < self._told:
            self._told = share
            self._prepare(share)


@contextmanager
def _progress(as_json: bool, fmt: Format) -> Iterator[_Report]:
    if as_json:

        def say(**what: float) -> None:
            sys.stdout.write(json.dumps(what) + "\n")
            sys.stdout.flush()

        yield _Report(lambda done, of: say(frame=done, of=of), lambda share: say(prepared=share))
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        frames = tr("Frame") if fmt.kind != "still" else tr("Picture")
        task = bar.add_task(frames, total=None)
        yield _Report(
            lambda done, of: bar.update(task, description=frames, completed=done, total=of),
            lambda share: bar.update(
                task, description=tr("Computing"), completed=round(100 * share), total=100
            ),
        )

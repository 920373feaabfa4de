"""``chainrule find-lr``, ``cross-validate``, ``search`` and ``seeds``: many runs of one project, in child processes."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from app.cli.errors import UsageError
from app.cli.projects import check_network, load, output_path, target
from app.text import tr
from core.errors import SettingError

if TYPE_CHECKING:
    from core.io import Contents
    from core.spec import Network, Training
    from core.studies import Folds, Found, Progress, Rates, Seeds, Study, Subject


def run(arguments: argparse.Namespace) -> int:
    """Carry the study out and print what came out."""
    _, contents = load(arguments.project)
    out = None
    if getattr(arguments, "output", None) is not None:
        output_path(arguments.output, arguments.project)
        out = target(arguments.output)
    check_network(contents)
    from core import studies

    try:
        subject = _subject(contents)
        study, tell = _STUDIES[arguments.command](subject, arguments)
        studies.check_processes(arguments.processes)
    except SettingError as error:
        raise UsageError(str(error)) from error
    with _asked_to_stop() as asked, _progress(arguments.json) as report:
        try:
            for progress in study.run(arguments.processes, worker_command(), lambda: bool(asked)):
                report(progress)
        except studies.Stopped:
            pass
    if asked:
        print(f"chainrule: {tr('stopped')}", file=sys.stderr)
        # What a shell reports of a process that this signal ended.
        return 128 + asked[0]
    found = study.result
    if arguments.json:
        _say({"result": _plain(as_json(found))})
    else:
        print("\n".join(tell(found)))
        if arguments.processes is None:
            print(tr("trained {where}", where=study.where))
    if out is None:
        return 0
    if isinstance(found, studies.Rates) and found.suggestion is None:
        words = tr("no learning rate was found, so {path} is not written", path=out)
        print(f"chainrule: {words}", file=sys.stderr)
        return 1
    _write(out, contents, *settings_of(contents.project.network, contents.project.training, found))
    return 0


def worker_command() -> list[str] | None:
    """Return what starts a child of a study: a frozen program has no Python of its own to start."""
    if not getattr(sys, "frozen", False):
        return None
    from app.cli.command import own_command

    return [*own_command(), "study-worker"]


def _subject(contents: Contents) -> Subject:
    from core import data
    from core.studies import Subject

    project = contents.project
    dataset = data.load(project.data.id, **project.data.parameters)
    return Subject.of_document(project.network, project.training, dataset)


# The four studies: made from what was typed, told as lines


def _find_rate(
    subject: Subject, arguments: argparse.Namespace
) -> tuple[Study[Rates], Callable[[Any], list[str]]]:
    from core.studies import RateFinder, Sweep

    given = {"start_rate": arguments.start, "end_rate": arguments.end, "steps": arguments.steps,
             "sweeps": arguments.sweeps}  # fmt: skip
    sweep = Sweep(**{name: value for name, value in given.items() if value is not None})
    return RateFinder(subject, sweep), _told_rates


def _cross_validate(
    subject: Subject, arguments: argparse.Namespace
) -> tuple[Study[Folds], Callable[[Any], list[str]]]:
    from core.studies import CrossValidation

    study = CrossValidation(
        subject, arguments.k, _epochs(subject, arguments), not arguments.no_shuffle, arguments.stratified,
        arguments.seed,
    )  # fmt: skip
    return study, _told_folds


def _search(
    subject: Subject, arguments: argparse.Namespace
) -> tuple[Study[Found], Callable[[Any], list[str]]]:
    from core.studies import Search

    if not arguments.set:
        raise UsageError(
            tr(
                "--set says what to search over, for example --set optimizer.learning_rate=log_uniform(1e-4,1e-1)"
            )
        )
    space = {}
    for text in arguments.set:
        name, sign, what = text.partition("=")
        if not sign:
            raise UsageError(
                tr("--set is NAME=RANGE, as in optimizer.learning_rate=log_uniform(1e-4,1e-1); it is {given}",
                   given=repr(text))
            )  # fmt: skip
        space[name.strip()] = what
    study = Search(
        subject, space, arguments.trials, _epochs(subject, arguments), arguments.seed,
        arguments.objective, arguments.mode, arguments.prune,
    )  # fmt: skip
    return study, _told_trials


def _several_seeds(
    subject: Subject, arguments: argparse.Namespace
) -> tuple[Study[Seeds], Callable[[Any], list[str]]]:
    from core.studies import SeveralSeeds

    parts = [part.strip() for part in str(arguments.seeds).split(",") if part.strip()]
    try:
        numbers = [int(part) for part in parts]
    except ValueError:
        numbers = []
    if not numbers:
        raise UsageError(
            tr("--seeds is how many to try, or which, as in 0,1,2; it is {given}", given=repr(arguments.seeds))
        )  # fmt: skip
    wanted = numbers[0] if len(numbers) == 1 and "," not in arguments.seeds else numbers
    return SeveralSeeds(subject, wanted, _epochs(subject, arguments)), _told_seeds


_STUDIES: dict[str, Callable[..., tuple[Any, Callable[[Any], list[str]]]]] = {
    "find-lr": _find_rate,
    "cross-validate": _cross_validate,
    "search": _search,
    "seeds": _several_seeds,
}


def _epochs(subject: Subject, arguments: argparse.Namespace) -> int:
    return int(subject.training.epochs if arguments.epochs is None else arguments.epochs)


def _told_rates(found: Rates) -> list[str]:
    rows = [(tr("Rate"), tr("Loss"), tr("Smoothed"))]
    count = len(found.rates)
    for place in sorted({round(k * (count - 1) / 19) for k in range(20)}):
        values = found.rates[place], found.losses[place], found.smoothed_losses[place]
        rows.append(tuple(f"{value:.3g}" for value in values))  # type: ignore[arg-type]
    return [*_table(rows), "", found.sentence]


def _told_folds(found: Folds) -> list[str]:
    titles = [tr("fold {n}", n=k + 1) for k in range(len(found.folds))]
    lines = _told_runs(titles, [fold.history for fold in found.folds], found.final)
    return [*lines, *found.problems]


def _told_seeds(found: Seeds) -> list[str]:
    titles = [tr("seed {n}", n=run.seed) for run in found.runs]
    lines = _told_runs(titles, [run.history for run in found.runs], found.final)
    return [*lines, *found.problems]


def _told_runs(
    titles: list[str], histories: list[dict[str, list[float]]], final: dict[str, Any]
) -> list[str]:
    names = list(final)
    rows = [("", *names)]
    for title, history in zip(titles, histories, strict=True):
        last = (history.get(name) for name in names)
        rows.append((title, *(f"{values[-1]:.4f}" if values else "–" for values in last)))
    for label, field in ((tr("mean"), "mean"), (tr("± std"), "std")):
        rows.append((label, *(f"{getattr(final[name], field):.4f}" for name in names)))
    return _table(rows)


def _told_trials(found: Found) -> list[str]:
    names = list(found.best.values)
    rows = [(tr("trial"), found.objective, tr("epochs"), *names)]
    problems = []
    for trial in found.ranked():
        number = str(trial.number + 1)
        score = "–" if math.isnan(trial.score) else f"{trial.score:.4f}"
        rows.append(
            (number, score, str(trial.epochs), *(shown(trial.values[name]) for name in names))
        )
        if trial.problem:
            problems.append(tr("Trial {n}: {problem}", n=number, problem=trial.problem))
    best = "  ".join(f"{name}={shown(value)}" for name, value in found.best.values.items())
    return [*_table(rows), *problems, "", tr("best: {settings}", settings=best), *found.notes]


def shown(value: Any) -> str:
    """Return a drawn value as a table shows it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(rows: list[Any]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return [lines[0], "─" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]]


# What came out, for a program that reads it, and for a project


def as_json(found: Any) -> dict[str, Any]:
    """Return a result as plain values, with its kind."""
    from core.studies import Folds, Rates, Seeds

    if isinstance(found, Rates):
        return {
            "kind": "rates",
            "rates": found.rates.tolist(),
            "losses": found.losses.tolist(),
            "smoothed": found.smoothed_losses.tolist(),
            "suggestion": found.suggestion,
            "lowest": found.lowest,
            "singles": list(found.singles),
            "sentence": found.sentence,
        }
    if isinstance(found, Folds):
        runs = [
            {"title": f"fold {k + 1}", "history": fold.history, "problem": fold.problem,
             "held": len(fold.held)}
            for k, fold in enumerate(found.folds)
        ]  # fmt: skip
        return {"kind": "folds", "runs": runs, **_spreads(found)}
    if isinstance(found, Seeds):
        runs = [
            {"title": f"seed {run.seed}", "seed": run.seed, "history": run.history, "problem": run.problem}
            for run in found.runs
        ]  # fmt: skip
        return {"kind": "seeds", "runs": runs, **_spreads(found)}
    trials = [
        {"title": f"trial {trial.number + 1}", "number": trial.number, "values": trial.values,
         "score": trial.score, "epochs": trial.epochs, "history": trial.history or {},
         "problem": trial.problem}
        for trial in found.ranked()
    ]  # fmt: skip
    return {
        "kind": "search",
        "objective": found.objective,
        "mode": found.mode,
        "best": found.best.values,
        "notes": list(found.notes),
        "runs": trials,
    }


def _spreads(found: Folds | Seeds) -> dict[str, Any]:
    def one(value: Any) -> dict[str, float]:
        return {name: getattr(value, name) for name in ("mean", "std", "low", "high")}

    return {
        "final": {name: one(value) for name, value in found.final.items()},
        "by_epoch": {name: [one(value) for value in row] for name, row in found.by_epoch.items()},
    }


def _plain(value: Any) -> Any:
    """Replace what strict JSON has no word for: a number that is not finite is null."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def settings_of(network: Network, training: Training, found: Any) -> tuple[Network, Training]:
    """Return the documents with what a study found: the suggested rate, or the best settings."""
    from core.studies import Found, settings

    if isinstance(found, Found):
        return found.network, found.training
    return settings.changed(network, training, {"optimizer.learning_rate": found.suggestion})


def _write(path: Path, contents: Contents, network: Network, training: Training) -> None:
    from core.io import Contents as New
    from core.io import Project, write

    old = contents.project
    project = Project(name=old.name, network=network, training=training, data=old.data)
    write(path, New(project))
    print(tr("written to {path}, not trained yet", path=path), file=sys.stderr)
    before, after = (one.optimizer.get("learning_rate") for one in (old.training, training))
    if before != after and isinstance(after, dict):
        print(kept_schedule(after), file=sys.stderr)


def kept_schedule(learning_rate: dict[str, Any]) -> str:
    """Return what became of a schedule that was given a rate."""
    from core import schedules

    return tr("{kind} keeps its curve and is scaled to {rate}", kind=str(learning_rate["kind"]),
              rate=f"{schedules.height(learning_rate):.3g}")  # fmt: skip


# Progress, and being asked to stop


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, allow_nan=False) + "\n")
    sys.stdout.flush()


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """While it is entered, Ctrl-C and a request to terminate are noted; the children are ended in order."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            # Asked a second time: at once. The children notice that we are gone.
            os._exit(128 + number)
        asked.append(number)

    before = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _progress(as_lines: bool) -> Iterator[Callable[[Progress], None]]:
    if as_lines:

        def tell(progress: Progress) -> None:
            values = {name: getattr(progress, name) for name in progress.__dataclass_fields__}
            _say({"progress": _plain(values)})

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[numbers]}"), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
    ) as bar:  # fmt: skip
        task = bar.add_task("", total=1.0, numbers="")

        def show(progress: Progress) -> None:
            words = progress.title
            if progress.epochs > 1:
                words = tr("{title}, epoch {n} of {of}", title=progress.title, n=progress.epoch,
                           of=progress.epochs)  # fmt: skip
            numbers = "  ".join(
                f"{name} {value:.4g}" for name, value in list(progress.metrics.items())[:4]
            )
            bar.update(task, completed=progress.share, description=words, numbers=numbers)

        yield show

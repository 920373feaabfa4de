"""Two revisions side by side: ``python -m tests.benchmarks.compare REVISION``, which is ``make bench-compare REV=...``.

The other revision is checked out beside this one (``build/bench/trees``), and both are measured in turn, round by
round: what one minute of the machine is slower than the next hits both. Whether they compute the same bits is told too.
Of two files of results (``compare OLD.json NEW.json``) only the medians are set side by side.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import rows
from tests.benchmarks.cases import OPTIMIZERS, PLANE, RACES
from tests.benchmarks.children import ROOT, Child, interleaved
from tests.benchmarks.options import QUICK, Options

_WIDTHS = (58, 12, 12, 24)


def main(given: list[str] | None = None) -> int:
    """Measure both, or read both, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.compare", description=__doc__)
    parser.add_argument("what", nargs="+", metavar="REVISION | OLD.json NEW.json")
    names = [one.name for one in RACES]
    parser.add_argument("--case", action="append", default=[], choices=names)
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument("--quick", action="store_true", help="a rough look")
    chosen = parser.parse_args(given)
    if len(chosen.what) == 2:
        old, new = (rows.read(Path(one)) for one in chosen.what)
        _print_header(old.machine["revision"], new.machine["revision"])
        for line in of_files(old, new):
            print(line)
        return 0
    if len(chosen.what) > 2:
        parser.error("give one revision, or two files of results")
    options = Options(cases=tuple(chosen.case), rounds=chosen.rounds)
    if chosen.quick:
        options = Options(cases=options.cases, **QUICK)
    revision = _named(chosen.what[0])
    print(f"{rows.processor()}; load {rows.load():.1f}")
    _print_header(revision, rows.revision())
    with checked_out(revision) as tree:
        for line in measured(tree, options):
            print(line, flush=True)
    return 0


def of_files(old: rows.Results, new: rows.Results) -> Iterator[str]:
    """A line for every row that both have."""
    before = {(row.group, row.title): row for row in old.rows}
    for row in new.rows:
        other = before.get((row.group, row.title))
        if other is not None and other.value and row.value:
            # Of rates more is better, of everything else less.
            better = row.value / other.value if row.unit == "1/s" else other.value / row.value
            yield _line(row.title, rows.shown(other.value, row.unit), rows.shown(row.value, row.unit),
                        f"{better:.2f}")  # fmt: skip


def work(options: Options) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is measured of both: title, question, values."""
    for one in options.chosen(RACES):
        yield f"a step, {one.title}", "steps", {"case": one.name}
    if options.cases:
        return
    yield "a step, tiny, epochs of 10 steps", "short_epochs", {"case": "tiny"}
    yield "a step, tiny, a callback hears of every batch", "batch_callbacks", {"case": "tiny"}
    yield "a step, tiny, train_on_batch", "single_batches", {"case": "tiny"}
    for name in OPTIMIZERS:
        yield f"a step, medium, {name}", "steps", {"case": "medium", "optimizer": name}
    yield f"every neuron of {PLANE.title}, 100x100", "every_neuron", {}
    yield "a sample through predict, cnn", "predictions", {"case": "cnn"}
    for name in ("tiny", "cnn"):
        yield f"a step by instruction, {name}", "stepping", {"case": name}
        yield f"a checkpoint, {name}", "checkpoints", {"case": name}


def measured(tree: Path, options: Options) -> Iterator[str]:
    """A line for every piece of work."""
    # Each keeps its compiled code by its own sources, away from what the tests keep.
    environment = {
        "CHAINRULE_HOME": str(ROOT / "build" / "bench" / "home"),
        "NUMBA_CACHE_DIR": None,
    }
    theirs = Child("own_side", str(tree), environment=environment)
    with theirs, Child("own_side", str(ROOT), environment=environment) as ours:
        for title, question, values in work(options):
            sides = {"old": theirs, "new": ours}
            try:
                found = interleaved(
                    {who: side.contender(question, **values) for who, side in sides.items()},
                    options.rounds, options.seconds,
                )  # fmt: skip
            except RuntimeError as problem:
                yield _line(title, "", "", str(problem))
                continue
            times = found["old"] / found["new"]
            ratio = f"{np.median(times):.2f} ({times.min():.2f}-{times.max():.2f})"
            medians = (rows.shown(float(np.median(found[who])), "s") for who in sides)
            yield _line(title, *medians, ratio + _bits(theirs, ours, question, values))


def _bits(theirs: Child, ours: Child, question: str, values: dict[str, Any]) -> str:
    if question != "steps" or "optimizer" in values:
        return ""
    same = theirs.ask("digest", **values) == ours.ask("digest", **values)
    return "  same bits" if same else "  other bits"


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """The sources of a revision in a folder of their own, which goes again."""
    tree = ROOT / "build" / "bench" / "trees" / revision
    if not (tree / "core").exists():
        _git("worktree", "add", "--force", "--detach", str(tree), revision)
    try:
        yield tree
    finally:
        _git("worktree", "remove", "--force", str(tree))


def _named(revision: str) -> str:
    try:
        return _git("rev-parse", "--short", "--verify", f"{revision}^{{commit}}")
    except subprocess.CalledProcessError:
        print(f"There is no revision {revision!r} in this repository.", file=sys.stderr)
        raise SystemExit(2) from None


def _git(*arguments: str) -> str:
    command = ("git", *arguments)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _print_header(old: str, new: str) -> None:
    print(_line("", old, new, "times as fast (lowest-highest)"), flush=True)


def _line(*cells: str) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS)).rstrip()


if __name__ == "__main__":
    sys.exit(main())

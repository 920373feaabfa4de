"""All measurements as one table: ``python -m tests.benchmarks [GROUP ...]``, which is ``make bench``.

Whole steps are raced against PyTorch eager, which runs in processes of its own on one and on two threads: in each round
every contender works in turn, so that a busy minute of the machine hits all of them. Medians of the rounds are
compared, the least and the most of them shown. Results are kept as JSON, so that two revisions can be compared.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from tests.benchmarks import cases, rows
from tests.benchmarks.children import ROOT, Child
from tests.benchmarks.options import QUICK, Options
from tests.benchmarks.rows import Results, Row

#: What there is to measure: a function that yields rows, and its title.
GROUPS = {
    "steps": ("racing.steps", "Steps through fit with Adam, beside PyTorch eager"),
    "fusing": (
        "racing.fusing",
        "Whole steps with superinstructions, beside the tape as it is written",
    ),
    "memory": ("racing.memory", "Peak memory of training, beside PyTorch's process"),
    "fit": ("racing.fitting", f"What fit adds to a step of {cases.case('tiny').title}"),
    "optimizers": ("racing.optimizers", "Optimizers"),
    "looking": ("looking.neurons", "Prediction"),
    "stepping": (
        "looking.stepping",
        "Every value of every instruction of an epoch read, beside running it",
    ),
    "growth": ("growing.rows", "The cost of a multiply-add as the work grows"),
    "keeping": ("looking.keeping", "Snapshots"),
    "seeking": ("looking.seeking", "Journeys to earlier steps"),
    "compiling": ("compiling.rows", "Compiling"),
    "starting": ("startup.rows", "Starting the program"),
    "painting": ("painting.rows", "Painting"),
    "explaining": ("explaining.rows", "Explanations of a picture, beside Captum on PyTorch"),
    "surfaces": ("surfaces.rows", "Races over surfaces"),
    "racetrack": ("racetrack.rows", "A frame of a race in the window"),
    "slices": ("slicing.rows", "A slice of a network's loss, beside the same loop in PyTorch"),
    "debugger": ("debugger.rows", "From the press of Step until an instruction is shown"),
}


def main(given: list[str] | None = None) -> int:
    """Measure and print; 1 if anything is slower than is asked."""
    chosen = _parser().parse_args(given)
    options = Options(cases=tuple(chosen.case))
    if chosen.quick:
        options = replace(options, **QUICK)
    if chosen.rounds:
        options = replace(options, rounds=chosen.rounds)
    results = Results(rows.machine())
    _begin(results, options)
    began = perf_counter()
    for name in chosen.groups or GROUPS:
        results.load[name] = rows.load()
        print(f"\n{GROUPS[name][1]} (load {results.load[name]:.1f})", flush=True)
        for row in measured(name, options):
            results.rows.append(row)
            print(rows.line(row), flush=True)
    path = chosen.json or ROOT / "build" / "bench" / f"{results.machine['revision']}.json"
    results.write(path)
    late = rows.missed(results.rows)
    asked = sum(row.met is not None for row in results.rows)
    print(
        f"\n{perf_counter() - began:.0f} s. {asked - len(late)} of {asked} are as fast as is asked."
    )
    for row in late:
        print(f"  Missed: {row.title}")
    return int(bool(late))


def measured(name: str, options: Options) -> Iterator[Row]:
    """Rows of a group."""
    module, _, function = GROUPS[name][0].partition(".")
    return getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)(options)


def _begin(results: Results, options: Options) -> None:
    about = results.machine
    print(
        f"Chainrule {about['revision']}, {about['processor']}, {about['cores']} cores, {about['system']}"
    )
    versions = f"Python {about['python']}, NumPy {about['numpy']}, Numba {about['numba']}"
    if options.torch:
        with Child("torch_side", "1") as peer:
            about["torch"] = peer.ask("version")
        versions += f", PyTorch {about['torch']}"
    else:
        versions += (
            "; PyTorch is not installed (the conformance extra brings it): our own numbers alone"
        )
    print(versions)
    began = perf_counter()
    with Child("own_side") as own:
        # Compiled code is found by all that follow.
        for one in options.chosen(cases.RACES):
            own.ask("first_step", case=one.name)
    print(f"Kernels compiled or loaded in {perf_counter() - began:.0f} s.")
    print(rows.header(), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", choices=[[], *GROUPS],
                        help=f"what to measure, by default everything: {', '.join(GROUPS)}")  # fmt: skip
    names = [one.name for one in cases.RACES]
    parser.add_argument("--case", action="append", default=[], choices=names,
                        help="only this shape (may be given several times)")  # fmt: skip
    parser.add_argument("--rounds", type=int, help="in how many each contender works in turn")
    parser.add_argument("--quick", action="store_true", help="a rough look")
    parser.add_argument("--json", type=Path, help="where to keep the results")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Rows of the one table: what was measured, beside what, and whether it is as fast as is asked."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.children import ROOT

#: How numbers are shown: the unit, and from how much on.
_SCALES = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (0.0, "ns")),
    "bytes": ((1e9, "GB"), (1e6, "MB"), (0.0, "kB")),
    "1/s": ((1e6, "M/s"), (1e3, "k/s"), (0.0, "/s")),
    "": ((0.0, ""),),
}
_SMALLEST = {"ns": 1e-9, "kB": 1e3, "/s": 1.0, "": 1.0}


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes
    ----------
    group, title
        What was measured.
    value, unit
        Ours: "s", "bytes", "1/s" or "" (a plain number).
    low, high
        The least and the most of its rounds.
    other, beside
        The number it stands beside, and whose that is.
    ratio
        How many times better ours is, or how many times the other: the group says.
    ratio_low, ratio_high
        Of the rounds.
    asked
        What is asked of the ratio ("at least 3", "at most 3") or of the value ("at most 0.002").
    met
        None where nothing is asked or it cannot be told.
    note
        What else is to be said.
    """

    group: str
    title: str
    value: float
    unit: str = "s"
    low: float | None = None
    high: float | None = None
    other: float | None = None
    beside: str = ""
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    asked: str = ""
    met: bool | None = None
    note: str = ""


def timed(group: str, title: str, times: np.ndarray, **more: Any) -> Row:
    """A row of one contender's rounds."""
    values = {
        "value": float(np.median(times)),
        "low": float(times.min()),
        "high": float(times.max()),
    }
    return Row(group, title, **{**values, **more})


def raced(
    group: str, title: str, times: dict[str, np.ndarray], ours: str, at_least: float | None = None
) -> Row:
    """A row of us beside the best of the others, whose rounds were interleaved with ours."""
    others = [who for who in times if who != ours]
    if not others:
        return timed(group, title, times[ours], asked=_at_least(at_least))
    best = min(others, key=lambda who: np.median(times[who]))
    rounds = np.minimum.reduce([times[who] for who in others]) / times[ours]
    other = float(np.median(times[best]))
    ratio = other / float(np.median(times[ours]))
    return timed(
        group, title, times[ours], other=other, beside=best, ratio=ratio, ratio_low=float(rounds.min()),
        ratio_high=float(rounds.max()), asked=_at_least(at_least),
        met=None if at_least is None else ratio >= at_least,
    )  # fmt: skip


def _at_least(asked: float | None) -> str:
    return "" if asked is None else f"at least {asked:g}"


def shown(value: float | None, unit: str) -> str:
    """A number with a unit that suits it."""
    if value is None:
        return ""
    for least, name in _SCALES[unit]:
        if abs(value) >= least:
            scaled = value / (least or _SMALLEST[name])
            digits = 0 if abs(scaled) >= 100 else 1 if abs(scaled) >= 10 else 2
            return f"{scaled:.{digits}f} {name}".rstrip()
    raise AssertionError(value)


_WIDTHS = (58, 10, 17, 26, 22, 12)


def header() -> str:
    """Of the table."""
    names = ("", "Chainrule", "lowest-highest", "beside", "ratio (lowest-highest)", "asked")
    return "  ".join(name.ljust(w) for name, w in zip(names, _WIDTHS)).rstrip()


def line(row: Row) -> str:
    """A row as it is printed."""
    spread = ""
    if row.low is not None and row.high is not None:
        spread = f"{shown(row.low, row.unit)}-{shown(row.high, row.unit)}".replace(" ", "")
    beside = "" if row.other is None else f"{shown(row.other, row.unit)} {row.beside}"
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
    if row.ratio_low is not None and row.ratio_high is not None:
        ratio += f" ({row.ratio_low:.3g}-{row.ratio_high:.3g})"
    asked = row.asked + {True: "  yes", False: "  MISSED", None: ""}[row.met]
    cells = (row.title, shown(row.value, row.unit), spread, beside, ratio, asked)
    text = "  ".join(cell.ljust(w) for cell, w in zip(cells, _WIDTHS)).rstrip()
    return f"{text}  {row.note}" if row.note else text


# ---- results -------------------------------------------------------------------------------------------------------


@dataclass
class Results:
    """All rows of one time, and of what machine they tell."""

    machine: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    load: dict[str, float] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """As JSON, beside and renamed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        os.replace(beside, path)


def read(path: Path) -> Results:
    """Results from a file."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return Results(found["machine"], [Row(**row) for row in found["rows"]], found["load"])


def missed(rows: Iterable[Row]) -> list[Row]:
    """Those below what is asked."""
    return [row for row in rows if row.met is False]


def machine() -> dict[str, Any]:
    """Processor, cores, versions, revision."""
    import numba

    return {
        "revision": revision(), "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": processor(), "cores": os.cpu_count(), "system": platform.platform(),
        "python": platform.python_version(), "numpy": np.__version__, "numba": numba.__version__,
    }  # fmt: skip


def processor() -> str:
    """The processor's name, and how LLVM calls its kind."""
    from llvmlite import binding

    kind = binding.get_host_cpu_name()
    name = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [one for one in info.read_text().splitlines() if one.startswith("model name")]
        name = names[0].partition(":")[2].strip() if names else name
    return f"{name or platform.machine()} ({kind})"


def load() -> float:
    """Processes that wanted to run during the last minute; NaN where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def revision() -> str:
    """Of the sources, with a mark if they were changed since; "unknown" outside a repository."""
    try:
        asked = ("git", "describe", "--always", "--dirty", "--exclude=*")
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()

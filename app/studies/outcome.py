"""A study's result as a chart, a table and a sentence. No widgets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from app.studies.chart import Curve, Plot
from app.text import number, tr


@dataclass(frozen=True)
class Shown:
    """What the dialog shows of a result.

    Attributes
    ----------
    plot
        The picture.
    table
        Rows of text, the head first.
    sentence
        What it means.
    use
        Label of the button that changes the project, or "".
    values
        What it changes, by dotted name.
    """

    plot: Plot
    table: tuple[tuple[str, ...], ...]
    sentence: str
    use: str = ""
    values: dict[str, Any] | None = None


def shown(result: dict[str, Any]) -> Shown:
    """Return what to show of a result as ``chainrule ... --json`` writes it."""
    if result["kind"] == "rates":
        return _rates(result)
    if result["kind"] == "search":
        return _search(result)
    return _runs(result)


def running(histories: dict[str, dict[str, list[float]]]) -> Plot:
    """Return the chart while a study runs, from what its runs have logged so far: title, name, numbers."""
    name = _name(list(histories.values()))
    curves = tuple(_curve(history.get(name, [])) for history in histories.values())
    return Plot(metric_title(name), tr("epoch"), curves)


def metric_title(name: str) -> str:
    """Return what a metric is called over a chart."""
    words = name.removeprefix("val_").replace("_", " ")
    if name.startswith("val_"):
        return tr("validation {metric}", metric=words)
    return words


def text(value: Any, digits: int = 4) -> str:
    """Return a number of a table; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN"
    if isinstance(value, float):
        return number(float(f"{value:.{digits}g}"))
    return number(value)


def _rates(result: dict[str, Any]) -> Shown:
    rates, best = result["rates"], result["suggestion"]
    curves = (
        Curve(rates, result["losses"], "loss", 0, 0.55),
        Curve(rates, result["smoothed"], "loss", 1.75),
    )
    mark = None if best is None else (best, text(best, 2))
    span = fall(rates, result["smoothed"], result["lowest"])
    plot = Plot(tr("loss over the learning rate; the line is a running mean; where it breaks it leaves the picture"),
                tr("learning rate"), curves, log_x=True, mark=mark, span=span)  # fmt: skip
    rows = [(tr("Rate"), tr("Loss"), tr("Running mean"))]
    rows += [
        (text(rates[k], 2), text(result["losses"][k]), text(result["smoothed"][k]))
        for k in sorted({round(k * (len(rates) - 1) / 9) for k in range(10)})
    ]
    if best is None:
        return Shown(plot, tuple(rows), result["sentence"])
    # As it is shown: nobody wants a rate of 0.0314159.
    best = float(f"{best:.2g}")
    label = tr("Use {rate}", rate=text(best))
    return Shown(plot, tuple(rows), result["sentence"], label, {"optimizer.learning_rate": best})


def fall(rates: list[float], smoothed: list[float], lowest: float) -> tuple[float, float] | None:
    """Return the part of the vertical axis in which the loss falls: where it breaks it is many times as high.

    The fall itself gets about three fifths of the height.
    """
    least = min(range(len(rates)), key=lambda k: abs(rates[k] - lowest))
    # A running mean begins with a single batch.
    before = smoothed[min(3, least) : least + 1]
    low, high = min(before), max(before)
    if not high > low:
        return None
    return low - 0.2 * (high - low), high + 0.45 * (high - low)


def _runs(result: dict[str, Any]) -> Shown:
    histories = [run["history"] for run in result["runs"]]
    name = _name(histories)
    curves = [_curve(history.get(name, [])) for history in histories]
    mean = [one["mean"] for one in result["by_epoch"].get(name, [])]
    curves.append(_curve(mean, "loss" if "loss" in name else "tx", 2.0, 1.0))
    title = tr("{metric}: each run, and their mean", metric=metric_title(name))
    plot = Plot(title, tr("epoch"), tuple(curves))
    names = list(result["final"])
    rows = [("", *(metric_title(one) for one in names))]
    for run in result["runs"]:
        last = [(run["history"].get(one) or [None])[-1] for one in names]
        rows.append((_run_title(run["title"]), *map(text, last)))
    for label, key in ((tr("mean"), "mean"), (tr("± std"), "std")):
        rows.append((label, *(text(result["final"][one][key], 3) for one in names)))
    shown_name = next((one for one in names if one.startswith("val_") and "loss" not in one), name)
    best = result["final"].get(shown_name)
    sentence = ""
    if best is not None:
        sentence = tr("{metric} {mean} ± {std}, from {low} to {high}", metric=metric_title(shown_name),
                      mean=text(best["mean"], 3), std=text(best["std"], 2), low=text(best["low"], 3),
                      high=text(best["high"], 3))  # fmt: skip
    problems = [
        f"{_run_title(run['title'])}: {run['problem']}" for run in result["runs"] if run["problem"]
    ]
    return Shown(plot, tuple(rows), ". ".join([sentence, *problems]))


def _search(result: dict[str, Any]) -> Shown:
    name = result["objective"]
    runs = result["runs"]
    curves = [_curve(run["history"].get(name, [])) for run in reversed(runs[1:])]
    curves.append(_curve(runs[0]["history"].get(name, []), "loss", 2.0, 1.0))
    title = tr("{metric} of each trial; the best one stands out", metric=metric_title(name))
    names = list(result["best"])
    rows = [(tr("trial"), metric_title(name), tr("epochs"), *names)]
    for run in runs:
        drawn = [text(run["values"][one], 3) for one in names]
        rows.append((number(run["number"] + 1), text(run["score"]), number(run["epochs"]), *drawn))
    best = ", ".join(f"{one} {text(value, 3)}" for one, value in result["best"].items())
    problems = [run for run in runs if run["problem"]]
    sentence = tr("Best: {settings}", settings=best)
    if problems:
        sentence += ". " + tr("{n} trials could not be trained; the first: {problem}",
                              n=len(problems), problem=problems[0]["problem"])  # fmt: skip
    sentence = ". ".join([sentence, *(note.removesuffix(".") for note in result.get("notes", ()))])
    plot = Plot(title, tr("epoch"), tuple(curves))
    return Shown(plot, tuple(rows), sentence, tr("Use these settings"), dict(result["best"]))


def _name(histories: list[dict[str, list[float]]]) -> str:
    """Return the metric of the chart: the loss on samples held out, if there are any."""
    for name in ("val_loss", "loss"):
        if any(name in history for history in histories):
            return name
    return "loss"


def _curve(values: list[Any], tone: str = "tx3", width: float = 1.0, opacity: float = 0.9) -> Curve:
    return Curve([float(k + 1) for k in range(len(values))], values, tone, width, opacity)


def _run_title(title: str) -> str:
    kind, _, rest = title.partition(" ")
    words = {"fold": tr("fold {n}", n=rest), "seed": tr("seed {n}", n=rest)}
    return words.get(kind, title)

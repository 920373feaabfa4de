"""Whole steps through `fit` beside PyTorch, the memory they take, optimizers, and what `fit` itself costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from tests.benchmarks.cases import OPTIMIZERS, RACES, Case, case
from tests.benchmarks.children import Child, Contender, interleaved
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row, raced, timed

OURS = "Chainrule"
ALONE = "Chainrule, 1 thread"

#: Those of which whole steps are fused: `core.tape.fusing`.
FUSED = ("lstm", "gru", "time:80")

#: The shape on which optimizers are raced: many parameters for its multiply-adds.
_OPTIMIZED = "medium"


def _torch(stack: ExitStack, options: Options) -> dict[str, Child]:
    """PyTorch on one and on two threads, by what the table calls it."""
    if not options.torch:
        return {}
    return {
        f"({n} thread{'s' if n > 1 else ''})": stack.enter_context(Child("torch_side", str(n)))
        for n in (1, 2)
    }


def steps(options: Options) -> Iterator[Row]:
    """Steps a second of every shape whose speed is asked for."""
    for one in options.chosen(RACES):
        yield from _race(one, options)


def _race(one: Case, options: Options) -> Iterator[Row]:
    with ExitStack() as stack:
        peers = _torch(stack, options)
        own = stack.enter_context(Child("own_side"))
        alone = stack.enter_context(Child("own_side", environment={"CHAINRULE_THREADS": "1"}))
        runners: dict[str, Contender] = {
            OURS: own.contender("steps", case=one.name),
            ALONE: alone.contender("steps", case=one.name),
        }
        for layout in one.asked:
            for who, peer in peers.items():
                theirs = peer.contender("steps", case=one.name, layout=layout)
                runners[f"{who} {layout}".strip()] = theirs
        found = interleaved(runners, options.rounds, options.seconds)
        facts = own.ask("facts", case=one.name)
        same = own.ask("digest", case=one.name) == alone.ask("digest", case=one.name)
    for layout, asked in one.asked.items():
        others = [f"{who} {layout}".strip() for who in peers]
        title = f"{one.title}{', ' * bool(layout)}{layout}"
        mine = {who: found[who] for who in (OURS, *others)}
        yield raced("steps", title, mine, OURS, asked if peers else None)
    others = [f"{who} {layout}".strip() for who in peers for layout in one.asked]
    row = raced("steps", "  on one thread", {who: found[who] for who in (ALONE, *others)}, ALONE)
    yield replace(row, group=f"steps, {one.name}", asked="the bits of two", met=same)
    rate = facts["instructions"] / found[OURS]
    note = f"{facts['instructions']} a step"
    yield timed(f"steps, {one.name}", "  instructions a second", rate, unit="1/s", note=note)


def fusing(options: Options) -> Iterator[Row]:
    """Whole steps of recurrent networks with superinstructions, beside the tape as it is written, on one thread."""
    with Child("own_side", environment={"CHAINRULE_THREADS": "1"}) as own:
        for name in options.cases or FUSED:
            runners = {
                OURS: own.contender("running", case=name),
                "as written": own.contender("as_written", case=name),
            }
            found = interleaved(runners, options.rounds, options.seconds)
            yield raced("fusing", f"a step, {case(name).title}", found, OURS)


def memory(options: Options) -> Iterator[Row]:
    """The most memory a process has while it trains; each in a fresh process, as many steps each."""
    for one in options.chosen(RACES):
        with Child("own_side") as own:
            seconds, count = own.ask("steps", case=one.name, count=one.batches)
            count = min(2000, max(count, int(options.training * count / seconds)))
            _, count = own.ask("steps", case=one.name, count=count)
            ours = own.ask("memory")
        other = None
        if options.torch:
            with Child("torch_side", "1") as peer:
                peer.ask("steps", case=one.name, count=count)
                other = peer.ask("memory")
        yield Row(
            "memory", one.title, ours, "bytes", other=other, beside="PyTorch" if other else "",
            ratio=ours / other if other else None, asked="at most 1",
            met=None if other is None else ours <= other, note=f"after {count} steps",
        )  # fmt: skip


def optimizers(options: Options) -> Iterator[Row]:
    """Whole steps of one shape with every optimizer, beside PyTorch's."""
    one = case(_OPTIMIZED)
    with ExitStack() as stack:
        peers = _torch(stack, options)
        own = stack.enter_context(Child("own_side"))
        for name, theirs in OPTIMIZERS.items():
            runners = {OURS: own.contender("steps", case=one.name, optimizer=name)}
            for who, peer in peers.items() if theirs else ():
                runners[who] = peer.contender("steps", case=one.name, optimizer=theirs)
            found = interleaved(runners, options.rounds, options.seconds / 2)
            yield raced("optimizers", f"{name}, {one.title}", found, OURS)


def fitting(options: Options) -> Iterator[Row]:
    """What comes around the steps of the smallest network: epochs, callbacks, calls."""
    one = case("tiny")
    titles = {
        "steps": "long epochs",
        "short_epochs": "epochs of 10 steps",
        "batch_callbacks": "a callback hears of every batch",
        "single_batches": "train_on_batch",
    }
    with ExitStack() as stack:
        peers = _torch(stack, options)
        own = stack.enter_context(Child("own_side"))
        for question, title in titles.items():
            runners = {OURS: own.contender(question, case=one.name)}
            runners |= {who: p.contender("steps", case=one.name) for who, p in peers.items()}
            found = interleaved(runners, options.rounds, options.seconds / 2)
            yield raced("fit", f"a step, {title}", found, OURS)
        runners = {
            OURS: own.contender("steps", case=one.name, accuracy=True),
            "without": own.contender("steps", case=one.name),
        }
        found = interleaved(runners, options.rounds, options.seconds / 2)
        yield raced("fit", "a step, accuracy measured", found, OURS)

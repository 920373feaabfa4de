"""What all studies have in common: rounds of jobs, progress, an end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from core.errors import ChainruleError, give_advice
from core.studies.crew import Crew, check_processes
from core.studies.job import Job, Moment, Outcome
from core.studies.subject import Subject

Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    """How far a study is, as it changes.

    Attributes
    ----------
    share
        Of the whole study, from 0 to 1.
    title
        Of the run this is about: "fold 2".
    run, runs
        Its number from 1, and how many there are in this round.
    epoch, epochs
        How far it is.
    metrics
        Its latest numbers; empty before there are any.
    done
        It has ended; `problem` says why if it did not come to its end.
    """

    share: float
    title: str
    run: int
    runs: int
    epoch: int
    epochs: int
    metrics: dict[str, float] = field(default_factory=dict)
    done: bool = False
    problem: str = ""


class Study(Generic[Result]):
    """A number of runs of one subject, and what comes out of all of them.

    A subclass says in `rounds` which jobs there are. ``for progress in study.run(): ...`` does them; afterwards
    `result` holds what came out. Leaving the loop early, or closing the generator, ends the children at once.

    Parameters
    ----------
    subject
        What is trained.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._result: Result | None = None
        #: Sentences that a reader of the result should know.
        self.notes: tuple[str, ...] = ()
        #: Where it was carried out, in words: "in this process".
        self.where = ""

    @property
    def result(self) -> Result:
        """What came out.

        Raises
        ------
        core.errors.ChainruleError
            It was not carried out yet.
        """
        if self._result is None:
            message = "The study has not come to its end: go through run() first."
            raise ChainruleError(message)
        return self._result

    @property
    def epochs(self) -> int:
        """Epochs of all its jobs together."""
        raise NotImplementedError

    def rounds(self, crew: Crew) -> Generator[list[Job], list[Outcome], Result]:
        """Yield lists of jobs, get their outcomes in the same order, return the result."""
        raise NotImplementedError

    def run(
        self,
        processes: int | None = None,
        command: Sequence[str] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Progress]:
        """Carry it out.

        Parameters
        ----------
        processes
            Children at once, 0 for none but this process. By default two on a machine with two cores or more, unless
            the first run is so short that starting them would take longer; `where` says what was chosen. The result is
            the same to the bit.
        command
            What starts a child, if that is not this Python.
        stop
            Asked about ten times a second; True ends the study with `core.studies.Stopped`.
        """
        with Crew(
            self.subject, check_processes(processes), command, tiny_here=processes is None
        ) as crew:
            rounds = self.rounds(crew)
            jobs = next(rounds)
            done = 0.0
            while True:
                outcomes: dict[int, Outcome] = {}
                for progress in self._round(crew, jobs, outcomes, done, stop):
                    self.where = crew.where
                    yield progress
                    done = progress.share
                done = min(1.0, done)
                try:
                    jobs = rounds.send([outcomes[job.number] for job in jobs])
                except StopIteration as end:
                    self._result = end.value
                    return

    def _round(
        self,
        crew: Crew,
        jobs: list[Job],
        outcomes: dict[int, Outcome],
        before: float,
        stop: Callable[[], bool] | None,
    ) -> Iterator[Progress]:
        by_number = {job.number: (place, job) for place, job in enumerate(jobs)}
        shares = dict.fromkeys(by_number, 0.0)
        whole = max(self.epochs, 1)
        for message in crew.carry_out(jobs, stop):
            place, job = by_number[message.number]
            ended = isinstance(message, Outcome)
            shares[job.number] = 1.0 if isinstance(message, Outcome) else message.share
            begun = self.begun(job)
            parts = (max(0.0, shares[one.number] * one.epochs - self.begun(one)) for one in jobs)
            share = min(1.0, before + sum(parts) / whole)
            if isinstance(message, Moment):
                epoch, metrics, problem = message.epoch, message.metrics, ""
            else:
                outcomes[job.number] = message
                history = message.history
                metrics = {name: values[-1] for name, values in history.items() if values}
                epoch = max((len(values) for values in history.values()), default=begun)
                problem = message.problem
            yield Progress(
                share, job.title, place + 1, len(jobs), min(epoch, job.epochs), job.epochs, metrics,
                ended, problem,
            )  # fmt: skip

    def begun(self, job: Job) -> int:
        """Epochs of a job that an earlier one has done."""
        return 0


def carried_out(
    study: Study[Result],
    processes: int | None,
    verbose: Any,
    command: Sequence[str] | None = None,
) -> Result:
    """Carry a study out and return its result; with `verbose` a line is printed for every run that ends.

    Runs that did not come to their end are told as advice: in the result alone they are easily overlooked.
    """
    from core import arguments

    loud = arguments.loudness(verbose)

    def say(line: str) -> None:
        if loud:
            print(line)  # noqa: T201 - that is what verbose means

    for note in study.notes:
        say(note)
    done = 0
    problems: dict[str, str] = {}
    for progress in study.run(processes, command):
        if progress.done:
            if progress.problem:
                problems[progress.title] = progress.problem
            if not done:
                say(f"trained {study.where}")
            # Rounds of a search are counted each by itself.
            done = done % progress.runs + 1
            shown = "  ".join(f"{name}: {value:.4g}" for name, value in progress.metrics.items())
            say(f"{done} of {progress.runs}  {progress.title}  {progress.problem or shown}")
    if problems:
        (title, sentence), *others = problems.items()
        more = f" Nor did {', '.join(other for other, _ in others)}." if others else ""
        give_advice(
            f"{title.capitalize()} did not come to its end, and what is told is of the other runs. {sentence}{more}"
        )
    return study.result


def require_some(outcomes: Sequence[Outcome]) -> None:
    """Say what went wrong if no run came to its end.

    Raises
    ------
    core.errors.ChainruleError
        All of them have a problem; the first one's is told.
    """
    if all(outcome.problem for outcome in outcomes):
        raise ChainruleError(outcomes[0].problem)


def last_of(history: dict[str, list[float]], problem: str = "") -> str:
    """A run in few words: its last numbers, or what went wrong."""
    shown = (f"{name} {values[-1]:.4g}" for name, values in history.items() if values)
    return problem or ", ".join(shown) or "nothing logged"


def several(found: Any, what: str, count: int) -> str:
    """Folds or seeds in few words."""
    broken = len(found.problems)
    ended = f" ({broken} did not come to {'its' if broken == 1 else 'their'} end)" if broken else ""
    shown = ", ".join(f"{name} {value}" for name, value in found.final.items())
    return f"<{what.capitalize()}s: {count} {what}{'s' if count != 1 else ''}{ended}: {shown}>"


@dataclass(frozen=True, repr=False)
class Spread:
    """Several numbers in few.

    Attributes
    ----------
    mean, std
        Their mean and standard deviation, divided by their number as NumPy does.
    low, high
        The least and the largest.
    """

    mean: float
    std: float
    low: float
    high: float

    def __repr__(self) -> str:
        return f"{self.mean:.4g} ± {self.std:.2g}"


def spread(values: Sequence[float]) -> Spread:
    """Mean, standard deviation, least and largest of at least one number."""
    import numpy as np

    given = np.asarray(values, np.float64)
    return Spread(float(given.mean()), float(given.std()), float(given.min()), float(given.max()))


def spreads(histories: Sequence[dict[str, list[float]]]) -> dict[str, Spread]:
    """The last epoch's metrics of several runs by name, each as its spread."""
    if not histories:
        return {}
    return {
        name: spread([history[name][-1] for history in histories])
        for name in histories[0]
        if all(history.get(name) for history in histories)
    }


def curves(histories: Sequence[dict[str, list[float]]]) -> dict[str, list[Spread]]:
    """The same for every epoch that all of them have."""
    if not histories:
        return {}
    found: dict[str, list[Spread]] = {}
    for name in histories[0]:
        rows = [history.get(name, []) for history in histories]
        found[name] = [spread(values) for values in zip(*rows, strict=False)]
    return found

"""The child processes of a study: started, given jobs, listened to, ended."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from core.errors import ChainruleError, SettingError
from core.io.files import has_ended, machine
from core.studies.job import Job, Moment, Outcome, carry_out, decode
from core.studies.subject import Subject

#: Beginning of the names of the folders through which jobs are handed over.
PREFIX = "chainrule-study-"


#: Seconds after which a job is given to a child after all, and how many all the rest has to take to be worth
#: children: two of them need one to three seconds to load.
_PATIENCE, _WORTH = 2.5, 4.0


def usual_processes() -> int:
    """How many processes at once where nothing is said: two if there are two cores."""
    return max(1, min(2, os.cpu_count() or 1))


def check_processes(processes: int | None) -> int:
    """A number of processes, 0 for none but this one.

    Raises
    ------
    core.errors.SettingError
        It is something else.
    """
    if processes is None:
        return usual_processes()
    if isinstance(processes, bool) or not isinstance(processes, int) or not 0 <= processes <= 64:
        raise SettingError(
            f"processes must be a whole number from 0 (everything in this process) to 64; it is {processes!r}.",
            "processes",
        )
    return processes


@dataclass(eq=False)
class _Child:
    process: subprocess.Popen[str]
    errors: Path
    reader: threading.Thread | None = None
    job: Job | None = None

    def end(self) -> None:
        """Kill it, and let go of what belongs to it."""
        self.process.kill()
        self.process.wait()
        if self.reader is not None and self.reader is not threading.current_thread():
            self.reader.join(2)
        for pipe in (self.process.stdin, self.process.stdout):
            _close(pipe)


class Crew:
    """Carries out jobs, in child processes or (with 0 `processes`) in this one.

    Parameters
    ----------
    subject
        What they are about.
    processes
        How many at once.
    command
        What starts a child; it is given the folder as its last argument. A frozen program has another one than a
        Python installation.
    tiny_here
        Do jobs in this process after all where they are so short that children would take longer to start: the first
        one tells.

    Notes
    -----
    Whether a job is done here or there, first or last, changes no bit of its outcome: it begins from documents, tables
    and a seed, and shares nothing with another one. Leaving the context ends the children and removes the folder.
    """

    def __init__(
        self,
        subject: Subject,
        processes: int,
        command: Sequence[str] | None = None,
        *,
        tiny_here: bool = False,
    ) -> None:
        self._subject, self._processes = subject, processes
        # Nothing is known yet of how long a job takes.
        self._undecided = tiny_here and processes > 0
        self._saved = False
        self._tries = 0
        self._command = list(command or _usual_command())
        self._children: list[_Child] = []
        self._said: queue.Queue[tuple[_Child, str | None]] = queue.Queue()
        self._started = 0
        self.folder = Path()

    def __enter__(self) -> Crew:
        clear_left_behind()
        self.folder = own_folder()
        try:
            if self._processes and not self._undecided:
                self._save()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every child and remove the folder."""
        for child in self._children:
            child.process.kill()
        for child in self._children:
            child.end()
        self._children.clear()
        _remove(self.folder)

    def _save(self) -> None:
        if not self._saved:
            self._subject.save(self.folder)
            self._saved = True

    @property
    def where(self) -> str:
        """In words, where jobs are done."""
        if not self._processes or self._undecided:
            return "in this process"
        count = self._processes
        return "in a process of its own" if count == 1 else f"in {count} processes at once"

    @property
    def pids(self) -> tuple[int, ...]:
        """Ids of the children there are."""
        return tuple(child.process.pid for child in self._children)

    # ---- doing jobs -------------------------------------------------------------------------------------------------

    def carry_out(
        self, jobs: Sequence[Job], stop: Callable[[], bool] | None = None
    ) -> Iterator[Moment | Outcome]:
        """Do these jobs; yields how far each is, and its outcome once.

        `stop` is asked about ten times a second; when it says True the children are ended and `Stopped` is raised.
        """
        jobs = list(jobs)
        while self._undecided and jobs:
            tried = self._tried(jobs[0], stop)
            # The first job of a process loads kernels all along, which a child would do as well: it tells little.
            self._tries += 1
            took = tried[1] if tried is not None and self._tries > 1 else 0.0
            self._undecided = tried is not None and took * (len(jobs) - 1) < _WORTH
            if tried is not None:
                jobs = jobs[1:]
                yield tried[0]
        if not jobs:
            return
        if not self._processes:
            yield from self._here(jobs, stop)
            return
        self._save()
        waiting = list(reversed(jobs))
        open_jobs = len(jobs)
        while open_jobs:
            if stop is not None and stop():
                raise Stopped
            self._hand_out(waiting)
            try:
                child, line = self._said.get(timeout=0.1)
            except queue.Empty:
                continue
            if child not in self._children:
                continue
            if line is None:
                self._children.remove(child)
                lost, sentence = child.job, self._obituary(child)
                if lost is None:
                    raise ChainruleError(sentence)
                open_jobs -= 1
                yield Outcome(lost.number, problem=sentence)
                continue
            try:
                message = decode(line)
            except (ValueError, msgspec.ValidationError):
                continue
            if isinstance(message, Outcome):
                child.job = None
                open_jobs -= 1
            yield message

    def _tried(self, job: Job, stop: Callable[[], bool] | None) -> tuple[Outcome, float] | None:
        """Do a job in this process, and say how many seconds it took; None if it is long: then it was for nothing.

        Seconds are counted from the first report on. How far the job is is not told, for children would begin again.
        """
        work = carry_out(self._subject, job, self.folder)
        began = time.monotonic()
        reported = False
        while True:
            if stop is not None and stop():
                raise Stopped
            try:
                next(work)
            except StopIteration as done:
                return done.value, time.monotonic() - began
            if not reported:
                began, reported = time.monotonic(), True
            elif time.monotonic() - began > _PATIENCE:
                work.close()
                return None

    def _here(
        self, jobs: Sequence[Job], stop: Callable[[], bool] | None
    ) -> Iterator[Moment | Outcome]:
        for job in jobs:
            work = carry_out(self._subject, job, self.folder)
            while True:
                if stop is not None and stop():
                    raise Stopped
                try:
                    yield next(work)
                except StopIteration as end:
                    yield end.value
                    break

    def _hand_out(self, waiting: list[Job]) -> None:
        idle = [child for child in self._children if child.job is None]
        while waiting and (idle or len(self._children) < self._processes):
            child = idle.pop() if idle else self._start()
            job = waiting.pop()
            path = self.folder / f"job-{job.number}.json"
            path.write_bytes(msgspec.json.encode(job))
            child.job = job
            assert child.process.stdin is not None
            try:
                child.process.stdin.write(f"{job.number}\n")
                child.process.stdin.flush()
            except OSError:
                # It has died: its reader tells so, and the job with it.
                return

    def _start(self) -> _Child:
        self._started += 1
        errors = self.folder / f"errors-{self._started}.txt"
        with errors.open("wb") as log:
            process = subprocess.Popen(
                [*self._command, str(self.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env=_environment(self._processes), text=True, encoding="utf-8", errors="replace", **_apart(),
            )  # fmt: skip
        child = _Child(process, errors)
        self._children.append(child)
        child.reader = threading.Thread(target=self._read, args=(child,), daemon=True)
        child.reader.start()
        return child

    def _read(self, child: _Child) -> None:
        assert child.process.stdout is not None
        try:
            for line in child.process.stdout:
                self._said.put((child, line))
        except ValueError:
            # Closed while we read: the study is over.
            pass
        self._said.put((child, None))

    def _obituary(self, child: _Child) -> str:
        code = child.process.wait()
        child.end()
        said = child.errors.read_text("utf-8", "replace").strip().splitlines()
        what = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        doing = f"the process that did {child.job.title}" if child.job else "a process of the study"
        why = (
            " The machine may have run out of memory: try fewer processes, or smaller batches."
            if code == -9
            else f" It said: {said[-1]}"
            if said
            else ""
        )
        return f"{doing[0].upper()}{doing[1:]} {what} before it was done.{why}"


def own_folder(what: str = "") -> Path:
    """A new temporary folder whose name says which process of which machine it belongs to."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{machine()}-{os.getpid()}-{what}"))


def clear_left_behind() -> None:
    """Remove folders of studies whose process is gone: it was killed, and nobody tidied up."""
    mine = f"{PREFIX}{machine()}-"
    for folder in Path(tempfile.gettempdir()).glob(f"{mine}*"):
        number = folder.name.removeprefix(mine).partition("-")[0]
        ours = number.isdecimal() and folder.is_dir() and not folder.is_symlink()
        if ours and has_ended(int(number)):
            # What is another user's cannot be removed, and stays.
            shutil.rmtree(folder, ignore_errors=True)


class Stopped(Exception):
    """A study was asked to stop."""


def _usual_command() -> list[str]:
    # -P: a folder called core where the program happens to be started must not be taken for ours.
    return [sys.executable, "-P", "-m", "core.studies.worker"]


def _environment(processes: int) -> dict[str, str]:
    import core

    # Several at once leave no processor for a second thread in each.
    shared = {"CHAINRULE_THREADS": "1"} if processes > 1 else {}

    root = str(Path(core.__file__).resolve().parents[1])
    rest = os.environ.get("PYTHONPATH")
    path = root + (os.pathsep + rest if rest else "")
    if getattr(sys, "frozen", False):
        return {**os.environ, "PYTHONIOENCODING": "utf-8", **shared}
    return {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **shared}


def _apart() -> dict[str, Any]:
    """Keep the terminal's Ctrl-C from the children: they would print tracebacks over ours."""
    if sys.platform == "win32":
        group, hidden = subprocess.CREATE_NEW_PROCESS_GROUP, subprocess.CREATE_NO_WINDOW
        return {"creationflags": group | hidden}
    return {"process_group": 0}


def _close(pipe: IO[str] | None) -> None:
    if pipe is not None:
        # What was still to be written has nobody to read it.
        with contextlib.suppress(OSError):
            pipe.close()


def _remove(folder: Path) -> None:
    if not folder.name.startswith(PREFIX):
        return
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        # Windows lets go of the files of an ended process a little later.
        time.sleep(0.05)

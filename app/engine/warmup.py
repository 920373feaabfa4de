"""Compiling kernels in a child process while the window is already in use. Interface thread side."""

from __future__ import annotations

import hashlib
import logging
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal, Slot

from app.cli.command import HELPER, own_command, own_environment

if TYPE_CHECKING:
    from app.engine.state import Work

log = logging.getLogger("chainrule.engine")

#: The one job that the third child gets, as a line.
_SURFACES = b"float64:surfaces\n"


class WarmUp(QObject):
    """Run ``chainrule warm`` for what is open, one child at a time.

    The child fills Numba's cache folder; afterwards the worker thread loads the kernels from there in
    milliseconds. Compiling on the worker thread would work too, but it holds the interpreter lock for
    long stretches, and the window would stutter in its first seconds.

    Signals
    -------
    progressed(done, total)
        Kernels ready so far.
    finished(problem)
        The child ended; the text is empty when all went well.
    precise_finished()
        A second child has compiled what numeric checks need, long after the window is in use.
    surfaces_finished()
        A third one has compiled what races over surfaces need.
    """

    progressed = Signal(int, int)
    finished = Signal(str)
    precise_finished = Signal()
    surfaces_finished = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._waiting: Work | None = None
        #: Whether it is to be explained only, not trained.
        self._alone = False
        self._warmed: set[bytes] = set()
        self._subject = b""
        self._rest = b""
        #: What the child is for that nobody waits for: "precise", "surfaces", or "".
        self._later = ""
        self._work: Work | None = None

    def begin(self, work: Work, *, alone: bool = False) -> None:
        """Compile what this needs, `alone` to be explained without being trained; `finished` follows in any case."""
        self._waiting, self._alone = work, alone
        if self._process is not None and self._later:
            # Nobody waits for that one; what it compiled so far stays in the cache.
            self._end_process()
        if self._process is None:
            self._next()

    def _next(self) -> None:
        work, self._waiting = self._waiting, None
        if work is None:
            return
        self._later = ""
        if not self._alone:
            self._work = work
        self._subject = _subject(work, alone=self._alone)
        if self._subject in self._warmed or _marker(self._subject).exists():
            self.finished.emit("")
            return
        self._start()

    @Slot()
    def begin_precise(self) -> None:
        """Compile what numeric checks need, now that a run is open: loading it should not have to share a processor."""
        if self._work is not None:
            self._begin_later("precise", _subject(self._work, precise=True))

    def _begin_later(self, what: str, subject: bytes) -> None:
        if self._process is not None or self._waiting is not None or self._work is None:
            return
        self._later, self._subject = what, subject
        if self._subject in self._warmed or _marker(self._subject).exists():
            self._end_later()
            return
        self._start()

    def _end_later(self) -> None:
        if self._later == "precise":
            self.precise_finished.emit()
            self._begin_later("surfaces", _SURFACES)
        else:
            self.surfaces_finished.emit()

    def _start(self) -> None:
        program, *arguments = [*own_command(), "warm"]
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        for name, value in own_environment().items():
            environment.insert(name, value)
        if self._later == "surfaces":
            environment.insert(HELPER, "1")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._on_output)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process, self._rest = process, b""
        process.start(program, arguments)
        process.write(self._subject)
        process.closeWriteChannel()

    def close(self) -> None:
        """End the child; what it compiled so far stays in the cache."""
        self._waiting = self._work = None
        self._end_process()

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.readyReadStandardOutput.disconnect(self._on_output)
            process.finished.disconnect(self._on_finished)
            process.errorOccurred.disconnect(self._on_error)
            process.kill()
            process.waitForFinished(2000)

    @Slot()
    def _on_output(self) -> None:
        assert self._process is not None
        self._rest += bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            try:
                message = msgspec.json.decode(line)
                if self._later:
                    continue
                self.progressed.emit(int(message["done"]), int(message["total"]))
            except (msgspec.DecodeError, KeyError, TypeError, ValueError):
                log.debug("warm-up said %r", line)

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, _status: QProcess.ExitStatus) -> None:
        process = self._process
        assert process is not None
        said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        if code == 0:
            self._warmed.add(self._subject)
            _mark(self._subject)
        self._end("" if code == 0 else said or f"exit code {code}")

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # Every other error is followed by `finished`.
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._end(self._process.errorString())

    def _end(self, problem: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        if self._waiting is not None:
            # Something else was opened meanwhile: only its end counts.
            self._next()
        elif self._later:
            if problem:
                told = "numeric checks" if self._later == "precise" else "races over surfaces"
                log.warning("%s could not be prepared: %s", told, problem)
            self._end_later()
        else:
            self.finished.emit(problem)


def _marker(subject: bytes) -> Path:
    """The file that says that everything this needs lies in the cache: no child has to look.

    A home may be shared by several machines: what one has compiled may be of no use to another's processor.
    """
    from core.tape import cache  # neither Numba nor an engine comes with it

    digest = hashlib.sha256(f"{platform.node()} {platform.machine()} ".encode() + subject)
    return cache.prepare() / "warm" / digest.hexdigest()[:24]


def _mark(subject: bytes) -> None:
    marker = _marker(subject)
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError as error:
        log.debug("the warm-up cannot be noted: %s", error)


def _subject(work: Work, *, precise: bool = False, alone: bool = False) -> bytes:
    return msgspec.json.encode(
        {
            "network": work.network,
            "training": work.training,
            "data": work.data,
            "parameters": dict(work.parameters),
            "precise": precise,
            "alone": alone,
        }
    )

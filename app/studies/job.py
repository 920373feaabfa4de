"""The window's side of a study: a child process of our own command line, its progress, its result."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

from app.cli.command import own_command, own_environment
from app.text import tr
from core.io.project import write
from core.studies.crew import own_folder

if TYPE_CHECKING:
    from core.io import Contents

#: How long the child may take to end its own children before it is killed; they notice that, too.
_PATIENCE = 1500


def processes() -> int:
    """Return how many runs go on at once: one core stays for the window."""
    return max(1, min(2, (os.cpu_count() or 1) - 1))


class StudyJob(QObject):
    """One study at work. Interface thread only.

    Signals
    -------
    progressed(dict)
        As `core.studies.Progress`, by field.
    finished(dict)
        The result, as ``chainrule ... --json`` writes it.
    failed(sentence)
        There is none.
    cancelled()
        By the learner.
    """

    # Not dict: Qt would sort its keys.
    progressed = Signal(object)
    finished = Signal(object)
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._folder: Path | None = None
        self._rest = b""
        self._result: dict[str, Any] | None = None
        self._cancelling = False
        self._killer = QTimer(self)
        self._killer.setSingleShot(True)
        self._killer.timeout.connect(self._kill)

    @property
    def running(self) -> bool:
        """Whether the child is at work."""
        return self._process is not None

    def start(self, kind: str, arguments: list[str], contents: Contents) -> None:
        """Begin; one of the signals tells the end.

        Raises
        ------
        core.io.ProjectError
            When the project cannot be handed over because the disk is full.
        """
        assert self._process is None, "one study at a time"
        self._cancelling, self._rest, self._result = False, b"", None
        self._folder = own_folder("project-")
        project = self._folder / "project.chainrule"
        try:
            write(project, contents)
        except BaseException:
            self._tidy()
            raise
        program, *words = own_command()
        words += [kind, str(project), "--json", *arguments]
        if processes() == 1:
            # That one is the child itself: one program to load instead of two.
            words += ["--processes", "0"]
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        for name, value in own_environment().items():
            environment.insert(name, value)
        # The window paints meanwhile; the study's result does not depend on it.
        environment.insert("CHAINRULE_THREADS", "1")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._on_output)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        process.start(program, words)

    @Slot()
    def cancel(self) -> None:
        """Stop; the child ends its own children first."""
        if self._process is None or self._cancelling:
            return
        self._cancelling = True
        self._process.terminate()
        self._killer.start(_PATIENCE)

    def close(self) -> None:
        """Cancel and wait: the window is closing."""
        process, self._process = self._process, None
        if process is None:
            return
        self._killer.stop()
        for signal in (process.readyReadStandardOutput, process.finished, process.errorOccurred):
            signal.disconnect()
        process.terminate()
        if not process.waitForFinished(_PATIENCE):
            process.kill()
            process.waitForFinished(_PATIENCE)
        self._tidy()

    @Slot()
    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    @Slot()
    def _on_output(self) -> None:
        if self._process is None:
            return
        self._rest += bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = self._rest.split(b"\n")
        latest: dict[str, Any] | None = None
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if "result" in message:
                self._result = message["result"]
            elif "progress" in message:
                latest = message["progress"]
                if latest["done"]:
                    self.progressed.emit(latest)
                    latest = None
        if latest is not None and not self._cancelling:
            self.progressed.emit(latest)

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._on_output()
        process, self._process = self._process, None
        self._killer.stop()
        if process is None:
            return
        said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        process.deleteLater()
        self._tidy()
        well = code == 0 and status == QProcess.ExitStatus.NormalExit
        if self._cancelling:
            self.cancelled.emit()
        elif well and self._result is not None:
            self.finished.emit(self._result)
        else:
            sentence = said.splitlines()[-1].removeprefix("chainrule: ") if said else ""
            self.failed.emit(
                sentence or tr("The study ended unexpectedly (exit code {c}).", c=code)
            )

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # Every other error is followed by `finished`.
        if error != QProcess.ProcessError.FailedToStart or self._process is None:
            return
        process, self._process = self._process, None
        self._tidy()
        self.failed.emit(
            tr("The study could not be started: {reason}.", reason=process.errorString())
        )
        process.deleteLater()

    def _tidy(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

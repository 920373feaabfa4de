"""The window's side of an export: a child process of our own command line, its progress, its end."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

from app.cli.command import own_command, own_environment
from app.export.encoder import partial_name, remove
from app.text import tr
from core.io.project import write

if TYPE_CHECKING:
    from app.export.recipe import Recipe
    from core.io import Contents

#: How long the child may take to tidy up after a cancel before it is killed.
_PATIENCE = 1500


class ExportJob(QObject):
    """One running export. Interface thread only.

    The child replays the run from the project it is given, so the window can go on training meanwhile,
    and closing the window or a crash of the encoder takes nothing with it.

    Signals
    -------
    prepared(share)
        How much is done of what comes before the first frame, from 0 to 1.
    progressed(done, of)
        Frames written so far.
    finished(path)
        The file is complete.
    failed(sentence)
        It is not, and nothing was left behind.
    cancelled()
        By the learner; nothing was left behind.
    """

    prepared = Signal(float)
    progressed = Signal(int, int)
    finished = Signal(str)
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._folder: Path | None = None
        self._target = Path()
        self._rest = b""
        self._cancelling = False
        self._began = 0.0
        self.done = 0
        self.of = 0
        self._killer = QTimer(self)
        self._killer.setSingleShot(True)
        self._killer.timeout.connect(self._kill)

    @property
    def running(self) -> bool:
        """Whether the child is at work."""
        return self._process is not None

    @property
    def seconds(self) -> float:
        """How long the frames have taken so far."""
        return monotonic() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Estimate of the time left, or None while there is nothing to go by."""
        if self.done < 1 or self.of < 1:
            return None
        return (monotonic() - self._began) / self.done * (self.of - self.done)

    def start(self, recipe: Recipe, contents: Contents, target: Path) -> None:
        """Begin; one of the signals tells the end.

        Raises
        ------
        core.io.ProjectError
            When the project cannot be handed over because the disk is full.
        """
        assert self._process is None, "one export at a time"
        self._target, self._cancelling, self._rest = target, False, b""
        self.done = self.of = 0
        self._began = monotonic()
        self._folder = Path(tempfile.mkdtemp(prefix="chainrule-export-"))
        project = self._folder / "project.chainrule"
        try:
            write(project, contents)
            (self._folder / "recipe.json").write_bytes(msgspec.json.encode(recipe))
        except BaseException:
            self._tidy()
            raise
        program, *arguments = own_command()
        arguments += ["export", str(project), "-o", str(target), "--json"]
        arguments += ["--recipe", str(self._folder / "recipe.json")]
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        for name, value in own_environment().items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._on_output)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        process.start(program, arguments)

    @Slot()
    def cancel(self) -> None:
        """Stop; the child removes what it wrote, and what it cannot remove we do."""
        if self._process is None or self._cancelling:
            return
        self._cancelling = True
        self._process.terminate()
        self._killer.start(_PATIENCE)

    def close(self) -> None:
        """Cancel and wait: the window is closing."""
        process = self._process
        if process is None:
            return
        self._cancelling = True
        process.terminate()
        if not process.waitForFinished(_PATIENCE):
            process.kill()
            process.waitForFinished(_PATIENCE)

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
        for line in lines:
            try:
                message = msgspec.json.decode(line)
                if "prepared" in message:
                    # Frames come faster than what they need: the time left is theirs.
                    self._began = monotonic()
                    self.prepared.emit(float(message["prepared"]))
                    continue
                self.done, self.of = int(message["frame"]), int(message["of"])
            except (msgspec.DecodeError, KeyError, TypeError, ValueError):
                continue
            if self.done == 0:
                self._began = monotonic()
            self.progressed.emit(self.done, self.of)

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process, self._process = self._process, None
        self._killer.stop()
        if process is None:
            return
        self._process_said(process, code, status)
        process.deleteLater()

    def _process_said(self, process: QProcess, code: int, status: QProcess.ExitStatus) -> None:
        said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        self._tidy()
        if code == 0 and status == QProcess.ExitStatus.NormalExit:
            self.finished.emit(str(self._target))
            return
        remove(partial_name(self._target))
        if self._cancelling:
            self.cancelled.emit()
            return
        sentence = said.splitlines()[-1].removeprefix("chainrule: ") if said else ""
        self.failed.emit(sentence or tr("The export ended unexpectedly (exit code {c}).", c=code))

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # Every other error is followed by `finished`.
        if error != QProcess.ProcessError.FailedToStart or self._process is None:
            return
        process, self._process = self._process, None
        self._tidy()
        self.failed.emit(
            tr("The export could not be started: {reason}.", reason=process.errorString())
        )
        process.deleteLater()

    def _tidy(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

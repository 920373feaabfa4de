"""What happens when something breaks: a sentence for the learner, a log for whoever mends it."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.settings import home
from app.text import tr

if TYPE_CHECKING:
    from app.window.main import MainWindow

log = logging.getLogger("chainrule")

_KEEP = 10


class CrashReporter(QObject):
    """Catch what nobody caught, on every thread.

    An error in a slot or on the engine's thread does not end the program: the learner's work is
    still there and can be saved. A crash of the process leaves its stacks in a file.
    """

    _caught = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._folder = home() / "logs"
        self._faults: IO[str] | None = None
        self._window: MainWindow | None = None
        self._caught.connect(self._show)
        self._old = (sys.excepthook, threading.excepthook)

    @property
    def log_file(self) -> Path:
        """Where errors are written."""
        return self._folder / "errors.log"

    def install(self) -> None:
        """Hook the interpreter and open the files."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._keep_last_fault()
            self._faults = (self._folder / "fault.log").open("w", encoding="utf-8")
            faulthandler.enable(self._faults)
        except OSError as error:
            log.warning("errors are not written to a file: %s", error)

    def attach(self, window: MainWindow) -> None:
        """Show errors in this window from now on."""
        self._window = window

    def close(self) -> None:
        """Take the hooks away: the program ends in an orderly way."""
        sys.excepthook, threading.excepthook = self._old
        if self._faults is not None:
            faulthandler.disable()
            self._faults.close()
            self._faults = None
            with contextlib.suppress(OSError):
                (self._folder / "fault.log").unlink()

    def _keep_last_fault(self) -> None:
        last = self._folder / "fault.log"
        if last.is_file() and last.stat().st_size:
            stamp = time.strftime("%Y%m%d-%H%M%S")
            last.replace(self._folder / f"crash-{stamp}.log")
            for old in sorted(self._folder.glob("crash-*.log"))[:-_KEEP]:
                old.unlink()

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self._report(kind, error, trace, "")

    def _on_thread_exception(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is None or arguments.exc_type is SystemExit:
            return
        name = arguments.thread.name if arguments.thread is not None else ""
        self._report(arguments.exc_type, arguments.exc_value, arguments.exc_traceback, name)

    def _report(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
        thread: str,
    ) -> None:
        lines = "".join(traceback.format_exception(kind, error, trace))
        log.error("unexpected error %s\n%s", thread, lines)
        with contextlib.suppress(OSError), self.log_file.open("a", encoding="utf-8") as stream:
            stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {thread}\n{lines}\n")
        # A signal, because this may be any thread.
        self._caught.emit(tr(
            "Something went wrong inside Chainrule ({error}). Your project is still open: save it. "
            "Details are in {file}.", error=f"{kind.__name__}: {error}", file=self.log_file,
        ))  # fmt: skip

    @Slot(str)
    def _show(self, sentence: str) -> None:
        if self._window is not None:
            self._window.show_problem(sentence)

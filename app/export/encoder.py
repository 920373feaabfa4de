"""The encoder thread: paints and encodes at once, keeps few frames, leaves nothing half-done."""

from __future__ import annotations

import logging
import os
import queue
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from app.export.formats import ExportError, ExportUsageError, Format
from app.export.writers import writer_for
from app.text import tr
from core.io.errors import explain_os_error
from core.io.files import replace

if TYPE_CHECKING:
    from app.export.writers import FrameWriter

log = logging.getLogger("chainrule.export")

#: Frames between the painter and the encoder: 8 of 1920x1080 are 50 MB.
_BOUND = 8

#: Bytes of a file name that leave room for what is put around it while it is incomplete.
_LONGEST = 230


class Encoder:
    """Write a film beside its target and put it in place when it is complete.

    Used as a context manager: leaving it in an orderly way completes the film; leaving it by an
    exception, or after `cancel`, removes what was written.

    Parameters
    ----------
    fmt, path, size, fps
        What to write, where, how large, how fast.
    """

    def __init__(self, fmt: Format, path: Path, size: tuple[int, int], fps: int) -> None:
        self._path = real_path(path)
        self._partial = partial_name(path)
        self._frames: queue.Queue[np.ndarray | None] = queue.Queue(_BOUND)
        self._error: BaseException | None = None
        self._abandoned = threading.Event()
        self._finished = False
        self._open: Callable[[], FrameWriter] = lambda: writer_for(fmt, self._partial, size, fps)
        self._thread = threading.Thread(target=self._run, name="chainrule-encoder", daemon=True)

    def add(self, frame: np.ndarray) -> None:
        """Hand over a frame ``(height, width, 3)`` uint8; waits while the encoder is behind.

        Raises
        ------
        ExportError
            When the encoder has failed.
        """
        while True:
            self._raise_error()
            try:
                self._frames.put(frame, timeout=0.2)
            except queue.Full:
                continue
            return

    def __enter__(self) -> Encoder:
        remove(self._partial)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._abandoned.set()
        while self._thread.is_alive():
            try:
                self._frames.put(None, timeout=0.2)
                break
            except queue.Full:
                continue
        self._thread.join()
        try:
            if kind is None:
                self._raise_error()
                self._put_in_place()
        finally:
            remove(self._partial)

    def _put_in_place(self) -> None:
        try:
            if self._partial.is_dir() and self._path.is_dir():
                # An empty folder the learner made for the pictures.
                self._path.rmdir()
            replace(self._partial, self._path)
        except OSError as error:
            raise ExportError(explain_os_error(error, self._path, "save")) from error

    def _raise_error(self) -> None:
        error = self._error
        if error is None:
            return
        if isinstance(error, OSError):
            raise ExportError(explain_os_error(error, self._path, "save")) from error
        raise ExportError(
            tr("The film could not be written: {reason}.", reason=str(error) or repr(error))
        ) from error

    def _run(self) -> None:
        writer: FrameWriter | None = None
        try:
            writer = self._open()
            while (frame := self._frames.get()) is not None and not self._abandoned.is_set():
                writer.add(frame)
            if self._abandoned.is_set():
                writer.abandon()
            else:
                writer.finish()
        except BaseException as error:
            # This is a thread of its own: whoever hands in frames raises it there.
            log.debug("the encoder failed", exc_info=error)
            self._error = error
            if writer is not None:
                writer.abandon()
            # Somebody may wait for room in the queue.
            while not self._frames.empty():
                self._frames.get_nowait()


def partial_name(path: Path) -> Path:
    """Return the name under which an export is written until it is complete."""
    path = real_path(path)
    # Two more words must not make a long name one the system refuses.
    name = path.name.encode()[:_LONGEST].decode(errors="ignore")
    return path.with_name(f".{name}.partial")


def real_path(path: Path) -> Path:
    """Return where a link leads to: the link stays, its target is written."""
    return Path(os.path.realpath(path))


def remove(path: Path) -> None:
    """Remove a partial export, file or folder, and what belongs to it."""
    for name in (path, path.with_name(path.name + ".pass1")):
        if name.is_dir() and not name.is_symlink():
            shutil.rmtree(name, ignore_errors=True)
        else:
            name.unlink(missing_ok=True)


def check_target(path: Path, fmt: Format) -> None:
    """Refuse a target that cannot be written before any work is done.

    Raises
    ------
    ExportError
        With a sentence.
    """
    try:
        if fmt.kind == "frames":
            if path.is_dir() and any(path.iterdir()):
                raise ExportUsageError(
                    tr("The folder {path} is not empty. Choose a new one.", path=str(path))
                )
            if path.is_file():
                raise ExportUsageError(tr("{path} is a file, not a folder.", path=str(path)))
        elif path.is_dir():
            raise ExportUsageError(tr("{path} is a folder, not a file.", path=str(path)))
        real = real_path(path)
        if real.is_symlink() or (real.exists() and not (real.is_file() or real.is_dir())):
            raise ExportUsageError(
                tr(
                    "{path} is not an ordinary file, so it was not replaced. Choose another name.",
                    path=str(path),
                )
            )
        probe = partial_name(path)
        remove(probe)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ExportError(explain_os_error(error, path, "save")) from error

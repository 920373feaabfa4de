"""What can go wrong with a file, said so that a learner knows what to do."""

from __future__ import annotations

import errno
import re
from pathlib import Path

from core.errors import ChainruleError

#: Words longer than this are cut after so many letters.
_SHOWN = 40
_ENDLESS = re.compile(r"\S{80,}")
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


class ProjectError(ChainruleError):
    """A file could not be read or written; the text is a sentence for the learner."""


def readable(sentence: str) -> str:
    """Return a sentence with what nobody reads cut: a damaged file may call something by thousands of letters."""
    return _ENDLESS.sub(lambda found: f"{found[0][:_SHOWN]}…{found[0][-1]}", sentence)


def explain_os_error(error: OSError, path: Path, doing: str) -> str:
    """Return the sentence for an operating system error.

    Parameters
    ----------
    error
        What the system reported.
    path
        The file it is about.
    doing
        The verb, "save" or "open".
    """
    name = path.name
    if error.errno in _FULL:
        return (
            f"The disk is full, so {name} could not be written. What was saved before is unchanged. "
            "Make room, or save somewhere else."
        )
    if error.errno in _DENIED:
        return f"You may not {doing} {name} in {path.parent}. Choose another folder."
    if error.errno == errno.ENOENT:
        if doing == "open":
            return f"There is no file {path}."
        if path.parent.is_dir():
            # Folders of the system's own that take no files say so in this way.
            return f"Nothing can be written in {path.parent}. Choose another folder."
        return f"The folder {path.parent} does not exist. Choose another folder."
    if error.errno == errno.EISDIR:
        return f"{path} is a folder, not a file."
    if error.errno == errno.ENOTDIR:
        return f"{path.parent} is not a folder. Choose another folder."
    if error.errno == errno.ENAMETOOLONG:
        return "The file name is too long. Choose a shorter one."
    reason = error.strerror or str(error)
    return f"Could not {doing} {name}: {reason}."

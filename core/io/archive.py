"""The zip container of a project: read with limits, so that no file can fill memory or the disk."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path

from core.io.errors import ProjectError, explain_os_error

_MIB = 1 << 20

#: Every member a project may have and how large it may be once unpacked.
LIMITS: dict[str, int] = {
    "project.json": 16 * _MIB,
    "history.json": 256 * _MIB,
    "journal.json": 64 * _MIB,
    "weights.safetensors": 1024 * _MIB,
    "optimizer.safetensors": 2048 * _MIB,
    "data.safetensors": 64 * _MIB,
    "runs.json": 256 * _MIB,
    "runs.safetensors": 2048 * _MIB,
    "thumbnail.png": 8 * _MIB,
}

#: Arrays of trained weights hardly compress; text compresses 20 to 50 times. A thousand times is a trap.
_LARGEST_RATIO = 1000

_CHUNK = 1 * _MIB


def read_members(path: Path) -> dict[str, bytes]:
    """Read the known members of a project file.

    Raises
    ------
    ProjectError
        For a missing, foreign, damaged, encrypted or unreasonably large file.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            message = f"{path} is a folder, not a file."
            raise ProjectError(message)
        if not stat.S_ISREG(mode):
            # A pipe would never answer, a device never end.
            raise ProjectError(_foreign(path))
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise ProjectError(_foreign(path))
            file.seek(0)
            with zipfile.ZipFile(file) as archive:
                return _read_all(archive, path)
    except OSError as error:
        raise ProjectError(explain_os_error(error, path, "open")) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        if isinstance(error, ProjectError):
            raise
        raise ProjectError(damaged(path)) from error


def _read_all(archive: zipfile.ZipFile, path: Path) -> dict[str, bytes]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if "project.json" not in names:
        raise ProjectError(_foreign(path))
    if len(set(names)) != len(names) or len(names) > 64:
        raise ProjectError(damaged(path))
    return {
        info.filename: _read_one(archive, info, path) for info in infos if info.filename in LIMITS
    }


def _read_one(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    if info.flag_bits & 1:
        message = f"{path.name} is protected by a password. Save it without one and open it again."
        raise ProjectError(message)
    limit = LIMITS[info.filename]
    if info.file_size > limit or info.file_size > _MIB + _LARGEST_RATIO * info.compress_size:
        message = (
            f"{path.name} claims to hold {info.file_size / _MIB:,.0f} MB of {info.filename}, which no project "
            "needs, so it was not opened. Use a copy of the file from a source you trust."
        )
        raise ProjectError(message)
    # The sizes in the header are the file's own claim: count while unpacking as well.
    pieces: list[bytes] = []
    size = 0
    with archive.open(info) as member:
        while piece := member.read(_CHUNK):
            size += len(piece)
            if size > info.file_size:
                raise ProjectError(damaged(path))
            pieces.append(piece)
    return b"".join(pieces)


def damaged(path: Path, where: str = "") -> str:
    """Return the sentence for a damaged file, naming the place if it is known."""
    place = f" ({where})" if where else ""
    return (
        f"{path.name} is damaged{place} and cannot be opened. If you have an earlier copy, open that one; "
        "Chainrule also keeps recovery copies of unsaved work and offers them at the next start."
    )


def _foreign(path: Path) -> str:
    return f"{path.name} is not a Chainrule project. Projects are files ending in .chainrule."

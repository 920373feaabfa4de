"""Reading and writing the project a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.errors import UsageError
from app.text import tr

if TYPE_CHECKING:
    from core.io import Contents


def load(name: str) -> tuple[Path, Contents]:
    """Read a project.

    Raises
    ------
    UsageError
        When there is no such file.
    core.io.ProjectError
        When it is damaged, foreign or newer.
    """
    from core.io import read

    path = Path(name)
    if not path.is_file():
        what = tr("is a folder, not a project") if path.is_dir() else tr("does not exist")
        raise UsageError(f"{path} {what}")
    return path, read(path)


def target(name: str, *, force: bool = True) -> Path:
    """Return a path that may be written to.

    Raises
    ------
    UsageError
        When its folder is not there, or it exists and must not be replaced.
    """
    path = output_path(name)
    if not path.parent.is_dir():
        raise UsageError(tr("there is no folder {path}", path=path.parent))
    if path.is_dir():
        raise UsageError(tr("{path} is a folder, not a file", path=path))
    if path.exists() and not path.is_file():
        raise UsageError(tr("{path} is not an ordinary file", path=path))
    if path.exists() and not force:
        raise UsageError(tr("{path} exists; --force replaces it", path=path))
    return path


def output_path(name: str, project: str | None = None) -> Path:
    """Return the path that ``-o`` names.

    Parameters
    ----------
    name
        As typed.
    project
        The project the output is made from, which it must not replace.

    Raises
    ------
    UsageError
        When it is empty, or the project itself.
    """
    if not name.strip():
        raise UsageError(tr("-o needs the name of a file"))
    path = Path(name)
    both = project is not None and path.exists() and Path(project).exists()
    if both and path.samefile(str(project)):
        raise UsageError(tr("{path} is the project itself; choose another name", path=path))
    return path


def check_network(contents: Contents) -> None:
    """Refuse a network that cannot run, with the sentence the window would show.

    Raises
    ------
    core.errors.ChainruleError
        For its first problem.
    """
    from core.errors import ChainruleError
    from core.spec import inspect

    project = contents.project
    for problem in inspect(project.network, batch_size=project.training.batch_size).problems:
        where = f"{problem.layer}: " if problem.layer else ""
        raise ChainruleError(f"{where}{problem.sentence}")

"""Between a project file and what the engine goes on from. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.engine.state import SavedState, Work
from core.io import Contents, DataRef, Project

if TYPE_CHECKING:
    from core.spec import Network, Training


def contents_of(
    name: str,
    network: Network,
    training: Training,
    data: DataRef,
    saved: SavedState | None,
    thumbnail: bytes = b"",
    view: Mapping[str, Any] | None = None,
) -> Contents:
    """Return what a project file holds: the document, and the run if there is one."""
    run = dict(saved.run) if saved is not None else {}
    history = run.pop("history", None)
    journal = run.pop("journal", None)
    project = Project(
        name=name, network=network, training=training, data=data, run=run, view=dict(view or {})
    )
    weights = dict(saved.weights) if saved is not None else {}
    optimizer = dict(saved.optimizer) if saved is not None else {}
    others = saved.others if saved is not None else ()
    return Contents(project, weights, optimizer, history, journal, thumbnail, others)


def saved_of(contents: Contents) -> SavedState | None:
    """Return what the engine goes on from, or None for a project that was never trained."""
    if not contents.project.run and not contents.weights:
        return None
    grown = {"history": contents.history, "journal": contents.journal}
    run: dict[str, Any] = dict(contents.project.run)
    run |= {name: value for name, value in grown.items() if value is not None}
    return SavedState(contents.weights, contents.optimizer, run, contents.runs)


def work_of_contents(contents: Contents, *, resume: bool = True) -> Work:
    """Return what the engine opens for a project file."""
    project = contents.project
    saved = saved_of(contents) if resume else None
    data = project.data
    return Work(project.network, project.training, data.id, dict(data.parameters), saved)

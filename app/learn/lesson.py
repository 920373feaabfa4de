"""Lessons as data: one JSON file each in `assets/lessons`; adding a lesson is adding a file.

A task names the event it waits for and compares facts; nothing in a lesson is ever executed.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import msgspec

log = logging.getLogger("chainrule.learn")

FORMAT = 1


class LessonError(Exception):
    """A lesson that cannot be used; a sentence."""


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``fact op to``; `to` is a constant, or another fact named by `than`."""

    fact: str
    op: Literal["=", "!=", "<", "<=", ">", ">=", "contains"] = "="
    to: bool | float | str | list[float] | None = None
    than: str = ""


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command of the bus that "Show me" performs, repeated until the facts hold."""

    command: str
    arguments: dict[str, Any] = {}
    times: int = 1


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to do.

    Attributes
    ----------
    id
        Stable: progress is remembered by it.
    text, hint
        What to do, and what helps.
    events
        Names of commands or events that must be seen before the facts are looked at.
    where
        Comparisons that must all hold then. Facts named ``event.<value>`` are those of the event.
    answer
        For a number to type: the fact it must equal, within `tolerance` of it.
    show
        What "Show me" does.
    """

    id: str
    text: str
    hint: str = ""
    events: tuple[str, ...] = ()
    where: tuple[Comparison, ...] = ()
    answer: str = ""
    tolerance: float = 0.0006
    show: tuple[Action, ...] = ()


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paragraph, or a formula (one line of TeX each) with a quiet line under it."""

    text: str = ""
    formula: tuple[str, ...] = ()
    caption: str = ""


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One page: prose, then tasks."""

    title: str
    blocks: tuple[Block, ...]
    tasks: tuple[Task, ...] = ()


class Lesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lesson: pages over a template."""

    format: int
    kind: Literal["lesson"]
    id: str
    title: str
    group: str
    order: int
    minutes: int
    summary: str
    template: str
    pages: tuple[Page, ...]
    icon: str = "chain"

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks of all pages."""
        return tuple(task for page in self.pages for task in page.tasks)


def read(raw: bytes, name: str) -> Lesson:
    """Return a lesson from its file's content.

    Raises
    ------
    LessonError
        With the place in the file where it is wrong.
    """
    try:
        document = json.loads(raw)
        version = document.get("format") if isinstance(document, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise LessonError(
                f"The lesson {name!r} was made for a newer Chainrule (format {version}). "
                "Update the program to follow it."
            )
        document = migrate(document)
        lesson = msgspec.convert(document, Lesson)
    except (ValueError, msgspec.ValidationError, AttributeError) as error:
        raise LessonError(f"The lesson {name!r} cannot be read: {error}") from error
    ids = [task.id for task in lesson.tasks]
    if len(set(ids)) != len(ids):
        raise LessonError(f"The lesson {name!r} names two tasks alike.")
    if not lesson.pages:
        raise LessonError(f"The lesson {name!r} has no pages.")
    return lesson


def migrate(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document in the present format. Format 1 is the first."""
    return document


@lru_cache(maxsize=1)
def all_lessons() -> tuple[Lesson, ...]:
    """Return every lesson in the folder, in order; a damaged one is logged and left out."""
    lessons = []
    folder = resources.files("assets") / "lessons"
    if folder.is_dir():
        for entry in sorted(folder.iterdir(), key=lambda item: item.name):
            if not entry.name.endswith(".json"):
                continue
            try:
                lessons.append(read(entry.read_bytes(), entry.name))
            except LessonError:
                log.exception("a lesson was left out")
    return tuple(sorted(lessons, key=lambda lesson: (lesson.order, lesson.id)))


def find(identifier: str) -> Lesson:
    """Return a lesson by id.

    Raises
    ------
    LessonError
        When there is none.
    """
    for lesson in all_lessons():
        if lesson.id == identifier:
            return lesson
    raise LessonError(f"There is no lesson called {identifier!r}.")

"""Bringing older project documents up to date: pure functions of a dict, one for each format.

To change the format: raise `FORMAT`, add a function under the old number to `MIGRATIONS`, and put a
file of the old format into ``tests/core/io/corpus``, where it stays for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: The format this version writes.
FORMAT = 2

#: ``MIGRATIONS[n]`` turns a document of format n into one of format n + 1.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def _one_run(raw: dict[str, Any]) -> dict[str, Any]:
    """Format 2 has several runs; that of a file of format 1 is the first of its tree."""
    project = raw["project"]
    run = project.get("run") or {}
    if not run or "id" in run:
        return raw
    return {**raw, "project": {**project, "run": {**run, "id": "1"}}}


MIGRATIONS[1] = _one_run


def migrate(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the document in the present format; `raw` is not changed."""
    while raw["format"] < FORMAT:
        version = raw["format"]
        raw = {**MIGRATIONS[version](raw), "format": version + 1}
    return raw

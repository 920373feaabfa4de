"""Files: projects, recovery copies, generated code."""

from __future__ import annotations

from core.io.errors import ProjectError
from core.io.project import Contents, DataRef, Project, read, write
from core.io.runs import RunNote, SavedRun

__all__ = ["Contents", "DataRef", "Project", "ProjectError", "RunNote", "SavedRun", "read", "write"]

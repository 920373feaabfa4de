"""Files: projects, recovery copies, generated code."""

from __future__ import annotations

from core.io.errors import ProjectError
from core.io.project import Contents, Project, read, write
from core.io.runs import DataRef, RunNote, SavedRun

__all__ = ["Contents", "DataRef", "Project", "ProjectError", "RunNote", "SavedRun", "read", "write"]

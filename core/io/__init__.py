"""Files: projects, recovery copies, generated code."""

from __future__ import annotations

from core.io.errors import ProjectError
from core.io.project import Contents, DataRef, Project, read, write

__all__ = ["Contents", "DataRef", "Project", "ProjectError", "read", "write"]

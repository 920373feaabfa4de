"""Running code that Chainrule wrote: from a file, as a learner does."""

from __future__ import annotations

import runpy
import tempfile
from pathlib import Path
from typing import Any


def run_written(text: str, **names: Any) -> dict[str, Any]:
    """What stands in a module of this text after it has run; `names` stand there before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "written.py"
        path.write_text(text, encoding="utf-8")
        return runpy.run_path(str(path), init_globals=names)


def function(name: str, lines: list[str], *arguments: str) -> str:
    """A function of these lines."""
    body = "".join(f"    {line}\n" for line in lines or ["pass"])
    return f"def {name}({', '.join(arguments)}):\n{body}\n"

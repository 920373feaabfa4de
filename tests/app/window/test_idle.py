"""What the workspaces need is imported while nobody clicks."""

from __future__ import annotations

import subprocess
import sys


def test_every_module_is_there_and_none_brings_numba() -> None:
    code = (
        "import sys; from PySide6.QtWidgets import QApplication; a = QApplication([]);"
        "from app.idle import MODULES, IdleImports; imports = IdleImports(a)\n"
        "while not imports.done: imports.take_one()\n"
        "assert all(name.removesuffix('.*') in sys.modules for name in MODULES)\n"
        "assert 'app.step.sections.chain' in sys.modules\n"
        "assert 'app.scenes.closeups.convolution' in sys.modules\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

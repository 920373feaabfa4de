"""Install the oldest versions that pyproject.toml allows and run the tests against them.

Keeps the lower bounds honest: whoever raises what the program needs has to raise the bound too.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def oldest(requirement: str) -> str:
    """Turn ``name>=1.2,<3`` into ``name==1.2``."""
    name, bound = re.match(r"([\w-]+)[^>]*>=([\d.]+)", requirement).groups()
    return f"{name}=={bound}"


def main() -> int:
    """Create a throw-away environment with the oldest versions and return pytest's exit code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = [oldest(requirement) for requirement in project["dependencies"]]
    print("\n".join(versions), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        scripts = "Scripts" if sys.platform == "win32" else "bin"
        python = str(Path(folder) / scripts / "python")
        install = [python, "-m", "pip", "install", "--quiet"]
        tests = project["optional-dependencies"]["test"]
        subprocess.run([*install, *versions, *tests], check=True)
        subprocess.run([*install, "--no-deps", "--editable", str(ROOT)], check=True)
        return subprocess.run(
            [python, "-m", "pytest", *sys.argv[1:]], cwd=ROOT, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Projects to export, trained a little once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.engine.saved import contents_of
from app.engine.session import Session
from app.engine.state import Work
from app.export.painting import offscreen_application
from core import io, templates
from core.io import Contents


@pytest.fixture(scope="session", autouse=True)
def _fonts(qapp: object) -> None:
    offscreen_application()


def trained(name: str, steps: int) -> Contents:
    template = templates.load(name)
    session = Session(
        Work(template.network, template.training, template.data.id, template.data.parameters)
    )
    while session.position.step < steps:
        session.advance(steps - session.position.step)
    return contents_of(
        template.title, template.network, template.training, template.data, session.saved_state()
    )


@pytest.fixture(scope="session")
def xor() -> Contents:
    """The XOR network after 60 steps."""
    return trained("xor-mlp", 60)


@pytest.fixture
def xor_file(xor: Contents, tmp_path: Path) -> Path:
    path = tmp_path / "xor.chainrule"
    io.write(path, xor)
    return path

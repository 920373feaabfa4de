"""A network whose numbers are NaN is called that: no class, no percentages, no pictures of nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.cli import main
from app.engine.questions.inside import NOT_FINITE
from app.inside.panels.explanation import ExplanationPanel
from app.inside.panels.mistakes import MistakesPanel
from app.inside.panels.sanity import SanityPanel
from app.scenes import explained
from core import io, templates, trained
from core.io.project import write
from tests.app.inside.conftest import Inside
from tests.app.window.windows import action, open_window


@pytest.fixture(scope="module")
def ruined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits network with weights that are no numbers any more."""
    template = templates.load("digits-cnn")
    project = io.Project(
        name="Ruined", network=template.network, training=template.training, data=template.data
    )
    weights = {k: np.full_like(v, np.nan) for k, v in trained.weights("digits-cnn").items()}
    path = tmp_path_factory.mktemp("unsound") / "ruined.chainrule"
    write(path, io.Contents(project, weights))
    return path


@pytest.fixture
def inside(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, ruined: Path) -> Iterator[Inside]:
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")

    def prepare(window: object) -> None:
        window.context.bus.do("project.open", path=str(ruined))  # type: ignore[attr-defined]

    with open_window(qtbot, engine=True, prepare=prepare) as opened:
        action(opened, "workspace-inside").trigger()
        found = Inside(qtbot, opened, "digits-cnn")
        found.looked()
        yield found


def test_one_banner_says_what_to_do_and_nothing_looks_like_an_answer(inside: Inside) -> None:
    session, view = inside.session, inside.view
    assert not np.isfinite(session.look.scores).any()
    assert view.notice.isVisible()
    assert NOT_FINITE in {w.text() for w in view.notice.findChildren(QWidget) if hasattr(w, "text")}
    assert session.predicted is None
    assert session.class_index is None
    inside.do("inside.class", class_index=4)
    assert session.class_index is None
    buttons = inside.window.findChild(QWidget, "inside-class")
    assert buttons is None or not buttons.isVisible()
    bars = inside.window.findChild(QWidget, "inside-input-bars")
    assert "nan" not in bars.accessibleDescription().lower()
    shown = bars.grab().toImage()
    filled = theme.current().pos.rgb()
    assert not any(
        shown.pixel(x, y) == filled for x in range(0, shown.width(), 3) for y in range(18)
    )
    inside.do("inside.view", value="mistakes")
    mistakes = inside.window.findChild(MistakesPanel)
    inside.until(lambda: mistakes.job.problem)
    assert mistakes.job.problem == NOT_FINITE
    assert mistakes.gallery.count() == 0
    inside.do("inside.view", value="sanity")
    sanity = inside.window.findChild(SanityPanel)
    assert sanity.wanted() is None
    assert "not finite" in sanity.refusal()
    inside.do("inside.view", value="explanation")
    large = inside.window.findChild(ExplanationPanel)
    assert "not finite" in large.words_instead()
    # Good weights again: the banner goes, and there is a class.
    inside.do("template.open", name="digits-cnn", trained=True)
    inside.until(lambda: session.look is not None and session.predicted is not None)
    assert not view.notice.isVisible()
    assert inside.window.findChild(QWidget, "inside-class").isVisible()


@pytest.mark.parametrize("scene", ["occlusion", "integrated-gradients", "attribution"])
def test_a_film_of_it_ends_before_it_begins_with_a_sentence(
    scene: str, ruined: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "film.mp4"
    asked = ["--size", "320x180", "--fps", "5", "--seconds", "0.4"]
    assert main(["export", str(ruined), "-o", str(out), "--scene", scene, *asked]) != 0
    said = capfd.readouterr().err
    assert "not finite" in said
    assert "inside" not in said.replace("Look inside", "")
    assert not out.exists()


def test_a_trace_without_numbers_is_painted_empty() -> None:
    image = QImage(300, 200, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    try:
        nan = float("nan")
        line = explained.Line(np.arange(3), np.full(3, nan), theme.current().pos, "sum")
        box = explained.Box(*QRectF(50, 30, 220, 120).getRect())
        for extent in ((nan, nan), (-float("inf"), 2.0), (1e30, 1e30)):
            explained.trace(painter, box, theme.current(), (line,), (0, 2), extent, ((nan, "end"),))
    finally:
        painter.end()

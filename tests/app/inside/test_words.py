"""Pictures look like what they are in both themes, and words say what is meant."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.engine.program_view import view_of_program
from app.engine.questions.inside_walk import _without_window
from app.inside.completeness import Completeness
from app.inside.panels.attribution import AttributionPanel
from app.inside.panels.mistakes import MistakesPanel
from app.scenes import images
from app.scenes.attribution import ground
from app.theme import DARK, LIGHT
from core import templates
from core.explain.explainer import Explainer
from tests.app.inside.conftest import Inside
from tests.app.window.windows import action


def grays(picture: QImage) -> np.ndarray:
    """The red of each pixel, (height, width)."""
    rows = range(picture.height())
    return np.array(
        [[picture.pixelColor(c, r).red() for c in range(picture.width())] for r in rows]
    )


def test_a_photograph_is_no_negative_in_the_light_theme() -> None:
    x = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4, 1)
    for theme in (DARK, LIGHT):
        shown = grays(images.photo(theme, x, images.GRAY))
        assert (shown[0, 0], shown[-1, -1]) == (0, 255)
        assert (np.diff(shown.ravel()) > 0).all()
        under = ground(theme, x, images.GRAY)[..., 0].ravel()
        assert (np.diff(under) > 0).all()
    # Ink stays ink on paper.
    assert grays(images.photo(LIGHT, x))[0, 0] > grays(images.photo(LIGHT, x))[-1, -1]


def test_the_greys_go_with_the_photograph(inside: Inside) -> None:
    session = inside.session
    assert session.input.ramp == images.INK
    action(inside.window, "view-theme").trigger()
    try:
        inside.do("inside.example", name="camera")
        inside.until(lambda: session.input.photographed)
        x = session.input.x[..., 0]
        panel = inside.window.findChild(AttributionPanel)
        inside.until(
            lambda: panel.input.values is not None and np.array_equal(panel.input.values, x)
        )
        bright, dark = np.unravel_index(x.argmax(), x.shape), np.unravel_index(x.argmin(), x.shape)
        shown = grays(panel.input.picture)
        assert shown[bright] > shown[dark]
        inside.until(lambda: panel.tiles["saliency"].picture is not None)
        stage = inside.window.findChild(QWidget, "inside-walk")
        inside.until(lambda: stage.seen is not None and stage.seen.ramp == images.GRAY)
        # Painting on it does not turn it round.
        inside.do("inside.stroke", points=[[2.0, 2.0]], size=1.0)
        inside.until(lambda: session.input.source == "drawn")
        assert session.input.ramp == images.GRAY
        inside.do("inside.clear")
        inside.do("inside.stroke", points=[[9.0, 9.0]], size=2.0)
        inside.until(lambda: session.input.ramp == images.INK)
    finally:
        action(inside.window, "view-theme").trigger()


def test_mistakes_say_which_class_is_said_and_which_it_is(inside: Inside) -> None:
    inside.do("inside.view", value="mistakes")
    panel = inside.window.findChild(MistakesPanel)
    inside.until(lambda: panel.job.found is not None and panel.job.found.scan.whole)
    found, first, gallery = panel.job.found, panel.shown[0], panel.gallery
    said, label = found.predicted[first], found.labels[first]
    assert gallery.lines_of(0, 300)[0] == f"says {said}, is {label}"
    assert gallery.lines_of(0, 20) == (f"says {said}", f"is {label}")


def test_a_recurrent_layer_is_said_to_sum_up() -> None:
    of = Explainer(templates.load("gru-remember").network)
    name = next(one.id for one in of.network.layers if one.kind == "GRU")
    view = view_of_program(of.predictor)
    words = _without_window(name, of, [one for one in view.instructions if one.layer == name])
    assert "GRU sums up inputs and its state" in words


def test_the_completeness_check_says_what_it_waits_for() -> None:
    check = Completeness()
    assert check.why == ("comes with the map",)

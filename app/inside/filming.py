"""What a film takes over from Look inside: the scene of what is shown, and the input, layer and class chosen there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.inside.attributing import Attributing
from app.inside.methods import AT_WORK
from app.inside.panels.maximization import MaximizationPanel
from app.inside.panels.playground import PlaygroundPanel

if TYPE_CHECKING:
    from app.inside.session import InsideSession
    from app.inside.view import InsideView

#: Scenes by the panel that shows the same.
_SCENES = {
    "filters": "filters", "playground": "convolution-playground", "maximization": "activation-maximization",
}  # fmt: skip


def filmed(view: InsideView) -> tuple[str, dict[str, Any]]:
    """Return a scene and its toggles; a sample that is held out is named, other inputs are given with their numbers.

    Under ``"of"`` stand toggles of single scenes, by the scene's name.
    """
    panel = view.spots["rows"].panel
    scene = _SCENES.get(panel.id if panel is not None else "", "feature-maps")
    session = view.session
    of: dict[str, dict[str, Any]] = {
        "feature-maps": {"scale": session.toggles["scale"]},
        "filters": {
            "scale": session.toggles["filters_scale"], "colour": session.toggles["filters_colour"],
            "gradients": session.toggles["filters_gradients"],
        },
    }  # fmt: skip
    if session.toggles["filters_layers"] == "all":
        of["filters"]["layer"] = ""
    work = Attributing.of(session)
    of |= _of_attribution(work)
    if panel is not None and panel.id == "explanation":
        scene = AT_WORK.get(work.large, "attribution")
    for maximizing in view.findChildren(MaximizationPanel):
        of["activation-maximization"] = maximizing.filmed()
    for shown in view.findChildren(PlaygroundPanel):
        of["convolution-playground"] = _of_playground(shown)
    return scene, of_session(session) | {"of": of}


def of_session(session: InsideSession) -> dict[str, Any]:
    """The input, layer, channel and class that are looked at."""
    toggles: dict[str, Any] = {
        "layer": session.layer, "channel": session.channel, "opacity": session.toggles["opacity"],
    }  # fmt: skip
    if session.class_chosen is not None:
        toggles["class"] = session.class_index
    given = session.input
    if given is None:
        return toggles
    toggles["ramp"] = given.ramp
    if given.sample is not None and given.sample[:2] == ("", "validation"):
        return toggles | {"sample": given.sample[2]}
    return toggles | {"x": [float(v) for v in given.x.reshape(-1)], "label": given.label}


def _of_attribution(work: Attributing) -> dict[str, dict[str, Any]]:
    """The methods' settings, and which number of which class is explained."""
    explained: dict[str, Any] = {"on": work.on}
    if work.against is not None:
        explained["against"] = work.against
    found = {
        scene: explained | {"settings": work.settings(method)} for method, scene in AT_WORK.items()
    }
    method = work.large
    if method not in AT_WORK:
        found["attribution"] = explained | {
            "method": method, "settings": work.settings(method), "signed": work.signed(method),
        }  # fmt: skip
    return found


def _of_playground(panel: PlaygroundPanel) -> dict[str, Any]:
    """The kernel and the picture of the playground."""
    settings = asdict(panel.model.settings)
    found = {name: value for name, value in settings.items() if name != "size"}
    found["kernel"] = [list(row) for row in settings["kernel"]]
    picture = panel.model.picture
    return found | ({"picture": picture.path or picture.source} if picture is not None else {})

"""What films take over from the race on the learner's network: the race that is shown, and the slice of its loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.optimizers.network_task import NetworkTask
from app.optimizers.slice_task import SliceTask
from app.scenes.network_settings import NETWORK, SLICE
from app.scenes.network_slide import found_of
from core.io.races import race_document

if TYPE_CHECKING:
    from app.optimizers.session import RaceSession
    from app.scenes.network_settings import NetworkSettings
    from core.landscape.race import Race
    from core.landscape.relief import Relief


class NetworkFilms:
    """See the module's text.

    Parameters
    ----------
    session
        Of the workspace.
    task, slice_task
        The race and the slice.
    """

    def __init__(self, session: RaceSession, task: NetworkTask, slice_task: SliceTask) -> None:
        self._session, self._task, self._slice = session, task, slice_task

    @property
    def scene(self) -> str:
        """The scene of what is shown."""
        return "network-race" if self._session.toggles["network_view"] == "curves" else "loss-slice"

    def filmed(self, sight: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the toggles of both scenes: of the race and the slice that are shown, else of what is set."""
        shown = {"racer": self._session.racer, "log": bool(self._session.toggles["network_log"])}
        seen = "solid" if self._session.toggles["network_view"] == "solid" else "map"
        return {
            "network-race": shown | self._without_those_gone(self._of_race()),
            "loss-slice": shown | {"seen": seen, "sight": sight["sight"]} | self._of_slice(),
        }

    def _of_race(self) -> dict[str, Any]:
        task = self._task
        if task.asked is None:
            return _as_set(self._session.race, task.settings)
        found = _as_set(*task.asked)
        answer = task.found
        if answer is not None and task.is_of_present:
            if answer.start == "present":
                found["at"] = answer.position.step
            if not task.goes_on and 0 < task.reach < answer.race.steps:
                # It was stopped there.
                found["steps"] = task.reach
        return found

    def _without_those_gone(self, toggles: dict[str, Any]) -> dict[str, Any]:
        """Leave out racers of the race that is shown who were taken out of the list since, as its curves do."""
        task = self._task
        if task.found is None:
            return toggles
        ids = {one.id for one in task.shown}
        race = toggles["race"]
        racers = [one for one in race["racers"] if one["id"] in ids]
        return toggles | {"race": {**race, "racers": racers}}

    def _of_slice(self) -> dict[str, Any]:
        sliced = self._slice
        if sliced.asked is None or sliced.found is None or sliced.is_old:
            return self._of_race() | {SLICE: sliced.values()}
        values, begun = sliced.asked
        found = self._of_race() if self._is_of_race or begun is None else _as_set(*begun)
        found[SLICE] = values
        x, y = sliced.found.found.x, sliced.found.found.y
        found |= {"x_range": [float(x[0]), float(x[-1])], "y_range": [float(y[0]), float(y[-1])]}
        if values["source"] == "run":
            found["at"] = sliced.found.position.step
        return found

    @property
    def _is_of_race(self) -> bool:
        raced, sliced = self._task.found, self._slice.found
        return raced is not None and sliced is not None and sliced.race == raced.number

    def found(self, relief: Relief | None) -> dict[str, dict[str, Any]]:
        """Return by scene what its film would find out and is known already: for previews, with the slice as drawn."""
        if not self._task.is_of_present and self._task.found is not None:
            return {}
        task, sliced = self._task, self._slice.found
        known: dict[str, dict[str, Any]] = {}
        raced: dict[str, Any] = {}
        if task.found is not None and any(lane.done for lane in task.found.race.lanes):
            log = bool(self._session.toggles["network_log"])
            raced = known["network-race"] = found_of(task.found, task.shown, log=log)
        if (
            sliced is not None
            and not self._slice.is_old
            and (not sliced.race or (raced and self._is_of_race))
        ):
            known["loss-slice"] = {"sliced": sliced, "relief": relief} | (
                raced if sliced.race else {}
            )
        return known


def _as_set(race: Race, settings: NetworkSettings) -> dict[str, Any]:
    return {"race": race_document(race), NETWORK: settings.document()}


def network_films(session: RaceSession) -> NetworkFilms | None:
    """Return what films take over; None before the panel was ever shown: the project's settings are filmed then."""
    task, slice_task = session.findChild(NetworkTask), session.findChild(SliceTask)
    return None if task is None or slice_task is None else NetworkFilms(session, task, slice_task)

"""Race files: what is written is read again, and what cannot be raced is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.io.errors import ProjectError
from core.io.races import FORMAT, load_race, race_document, race_of, save_race
from core.landscape.race import KINDS, MOST_RACERS, first_race, new_racer


def _document(**changes: Any) -> dict[str, Any]:
    return {"format": FORMAT, "version": 1, "race": {**race_document(first_race()), **changes}}


def test_a_race_is_read_as_it_was_written(tmp_path: Path) -> None:
    race = first_race()
    for kind in KINDS[-4:]:
        race = msgspec.structs.replace(race, racers=(*race.racers, new_racer(race, kind.name)))
    schedule = {"kind": "CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 100}
    lion = msgspec.structs.replace(
        race.racers[-1], optimizer={"kind": "Lion", "learning_rate": schedule}
    )
    race = msgspec.structs.replace(
        race, start=(-1.25, 1 / 3), racers=(*race.racers[:-1], lion), steps=900, seed=7,
        surface={"kind": "formula", "text": "x^2 + 3*y^2"},
    )  # fmt: skip
    path = tmp_path / "a.race"
    save_race(race, path)
    assert load_race(path) == race
    assert [one.name for one in tmp_path.iterdir()] == ["a.race"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "from 1 to"),
        ({"steps": 10**9}, "from 1 to"),
        ({"steps": "many"}, "damaged"),
        ({"start": [0.0]}, "damaged: what stands at start cannot be read"),
        ({"start": ["here", 0.0]}, r"damaged: what stands at start\[0\] cannot be read"),
        ({"racers": [{"id": "a", "kind": "adam"}]}, "'optimizer' is missing at racers"),
        (
            {"racers": [{"id": "a", "kind": "lion", "optimizer": {"kind": "Adam"}}]},
            "Lion: this kind of racer goes by Lion, not by Adam",
        ),
        (
            {"racers": [{"id": "a", "kind": "batch", "optimizer": {"kind": "Adam"}}]},
            "goes by SGD, not by Adam",
        ),
        ({"start": [float("inf"), 0.0]}, "two finite numbers"),
        ({"surface": {"kind": "hole in the ground"}}, "cannot be raced"),
        ({"surface": {"kind": "formula", "text": "x +"}}, "cannot be raced"),
        ({"racers": [{"id": "a", "kind": "adam", "optimizer": {"kind": "Adom"}}]}, "Adom"),
        ({"racers": [{"id": "a", "kind": "nobody", "optimizer": {"kind": "Adam"}}]}, "nobody"),
        ({"unknown": 1}, "no race has anything called 'unknown'"),
    ],
)
def test_what_cannot_be_raced_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = tmp_path / "a.race"
    path.write_text(json.dumps(_document(**changes)))
    with pytest.raises(ProjectError, match=words):
        load_race(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a race"),
        ("[" * 100_000, "not a race"),
        ("{}", "not a race"),
        (json.dumps({"format": FORMAT, "version": 2, "race": {}}), "newer version"),
        (json.dumps({"format": FORMAT, "race": {}}), "which version"),
        (json.dumps({"format": FORMAT, "version": 1, "race": None}), "there is no race in it"),
        (json.dumps({"format": "chainrule", "version": 1}), "not a race"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.race"
    path.write_text(text)
    with pytest.raises(ProjectError, match=words):
        load_race(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"nowhere\.race"):
        load_race(tmp_path / "nowhere.race")


def test_too_many_racers_and_twins_are_refused() -> None:
    race = first_race()
    document = race_document(race)
    document["racers"] = [{**document["racers"][0], "id": f"r{k}"} for k in range(MOST_RACERS + 1)]
    with pytest.raises(ProjectError, match="at most"):
        race_of(document)
    document["racers"] = document["racers"][:1] * 2
    with pytest.raises(ProjectError, match="same id"):
        race_of(document)


@pytest.mark.parametrize(("named", "settings", "is_one"), [
    ("batch", {"kind": "SGD", "momentum": 0.5}, "momentum"),
    ("mini-batch", {"kind": "SGD", "momentum": 0.5, "nesterov": True}, "nesterov"),
    ("momentum", {"kind": "SGD", "momentum": 0.9, "nesterov": True}, "nesterov"),
    ("amsgrad", {"kind": "Adam", "amsgrad": False}, "adam"),
    ("adam", {"kind": "Adam", "amsgrad": True}, "amsgrad"),
    ("momentum", {"kind": "SGD", "momentum": 0.0}, "momentum"),
])  # fmt: skip
def test_a_racer_of_an_older_file_is_read_as_what_its_settings_make_it(
    named: str, settings: dict[str, Any], is_one: str
) -> None:
    settings = {"learning_rate": 0.25} | settings
    document = race_document(first_race())
    document["racers"] = [{"id": "a", "kind": named, "optimizer": settings, "batch_size": 4}]
    racer = race_of(document).racers[0]
    assert (racer.kind, racer.optimizer, racer.batch_size) == (is_one, settings, 4)


@pytest.mark.parametrize("settings", [{"kind": "NoSuch"}, {"learning_rate": 1}, {"kind": 3}, {}])
def test_a_racer_without_an_optimizer_is_refused(settings: dict[str, Any]) -> None:
    document = race_document(first_race())
    document["racers"] = [{"id": "a", "kind": "adam", "optimizer": settings}]
    with pytest.raises(ProjectError):
        race_of(document)
    document["racers"][0]["kind"] = "none-of-ours"
    with pytest.raises(ProjectError):
        race_of(document)


@pytest.mark.parametrize("place", ["kind", "optimizer", "argument", "rate", "schedule", "surface"])
def test_refusals_are_sentences_however_long_what_is_refused(place: str) -> None:
    word = "a" * 100_000
    racer: dict[str, Any] = {"id": "a", "kind": "adam", "optimizer": {"kind": "Adam"}}
    document = race_document(first_race())
    if place == "kind":
        racer["kind"] = word
    elif place == "optimizer":
        racer["optimizer"] = {"kind": word}
    elif place == "argument":
        racer["optimizer"][word] = 1
    elif place == "rate":
        racer["optimizer"]["learning_rate"] = word
    elif place == "schedule":
        racer["optimizer"]["learning_rate"] = {"kind": word}
    else:
        document["surface"] = {"kind": word}
    with pytest.raises(ProjectError) as refused:
        race_of({**document, "racers": [racer]})
    assert len(str(refused.value)) < 500

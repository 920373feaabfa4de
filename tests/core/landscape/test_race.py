"""Kinds of racers: what makes each of them what it is called cannot be set otherwise."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core import optimizers
from core.errors import SettingError
from core.landscape.race import KINDS, Kind, Race, Racer, check, first_race, kind, new_racer


def _race(found: Kind, **settings: Any) -> Race:
    """A race of one racer of a kind, with other settings."""
    one = new_racer(Race(), found.name)
    one = msgspec.structs.replace(one, optimizer={**one.optimizer, **settings})
    return Race(racers=(one,))


@pytest.mark.parametrize("name", [one.name for one in KINDS])
def test_what_makes_a_kind_cannot_be_set_otherwise(name: str) -> None:
    found = kind(name)
    made = optimizers.get(dict(found.optimizer))
    check(_race(found))
    for setting in type(made).own:
        value = made.config[setting.name]
        if setting.type == "bool":
            other: Any = not value
        elif setting.name == "momentum":
            other = 0.5
        else:
            continue
        check(_race(found, **{setting.name: value}))
        if setting.name in found.fixed:
            with pytest.raises(
                SettingError, match=f"{found.title}: {setting.name} is .* cannot be {other}"
            ) as refused:
                check(_race(found, **{setting.name: other}))
            assert refused.value.setting == setting.name
        else:
            check(_race(found, **{setting.name: other}))
    assert all(made.config[one] == value for one, value in found.fixed.items())


@pytest.mark.parametrize("name", [one.name for one in KINDS])
def test_nobody_races_under_the_name_of_another(name: str) -> None:
    found = kind(name)
    plain = {"batch", "stochastic", "mini-batch"}
    for other in KINDS:
        raced = Race(racers=(Racer(id="a", kind=name, optimizer=dict(other.optimizer)),))
        # Samples make the first three, which every racer may have as many of as is wanted; momentum may be 0.
        alike = other.name == name or (other.name in plain and name in {*plain, "momentum"})
        if alike:
            check(raced)
        else:
            with pytest.raises(SettingError, match=f"^{found.title}: "):
                check(raced)


def test_momentum_may_be_any() -> None:
    for share in (0.0, 0.3, 0.99):
        for name in ("momentum", "nesterov"):
            check(_race(kind(name), momentum=share))


def test_racers_that_were_there_are_not_looked_at_again() -> None:
    race = first_race()
    odd = Racer(id="odd", kind="amsgrad", optimizer={"kind": "Adam"})
    before = msgspec.structs.replace(race, racers=(*race.racers, odd))
    check(msgspec.structs.replace(before, steps=7), before)
    with pytest.raises(
        SettingError, match="AMSGrad: amsgrad is True in this kind of racer, and cannot be False"
    ):
        check(before)

"""What registers itself is found, in order, once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.registering import Registry, modules
from app.scenes import closeups, registry


@dataclass(frozen=True)
class One:
    name: str
    rank: int = 0


def test_things_come_in_order_and_by_name():
    known: Registry[One] = Registry("app.step.views", "thing", lambda one: (-one.rank, one.name))
    for one in (One("b"), One("a"), One("c", 2)):
        assert known.register(one) is one
    assert [one.name for one in known.all()] == ["c", "a", "b"]
    known.register(One("d", 1))
    assert [one.name for one in known.all()] == ["c", "d", "a", "b"]
    assert known.get("d").rank == 1
    with pytest.raises(KeyError, match=r"no thing 'e'; there are a, b, c, d"):
        known.get("e")


def test_another_of_the_same_name_is_a_mistake():
    @dataclass(frozen=True)
    class Other:
        name: str

    known: Registry = Registry("app.step.views", "thing")
    known.register(One("a"))
    # A module that is imported anew registers the same again.
    known.register(One("a", 1))
    with pytest.raises(ValueError, match="two things are called 'a'"):
        known.register(Other("a"))


def test_every_file_of_a_package_is_searched_and_kernels_are_left_alone():
    names = [module.__name__ for module in modules("app.scenes")]
    assert "app.scenes.story_film" in names
    assert not [name for name in names if name.endswith("_kernels")]
    assert {"closeup", "story", "step"} <= set(registry.names())
    ranks = [one.rank for one in closeups.closeups()]
    assert ranks == sorted(ranks, reverse=True)
    assert len(ranks) > 10

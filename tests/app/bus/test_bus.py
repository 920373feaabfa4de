from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bus import Bus, Command, CommandError, Event


def test_a_command_reaches_its_handler_by_keyword_and_returns_its_answer() -> None:
    bus = Bus()
    bus.register("layer.add", lambda kind, index: f"{kind}_{index}")
    assert bus.do("layer.add", kind="Dense", index=2) == "Dense_2"


def test_an_argument_may_be_called_name() -> None:
    bus = Bus()
    seen: list[str] = []
    bus.register("workspace.show", lambda name: seen.append(name))
    bus.do("workspace.show", name="build")
    bus.emit("workspace.shown", name="build")
    assert seen == ["build"]
    assert bus.log[-1] == Event("workspace.shown", {"name": "build"})


def test_an_unknown_command_is_refused_with_its_name() -> None:
    with pytest.raises(CommandError, match=r"layer\.explode"):
        Bus().do("layer.explode")


def test_a_second_handler_is_a_programming_error() -> None:
    bus = Bus()
    bus.register("run.play", lambda: None)
    with pytest.raises(ValueError, match=r"run\.play"):
        bus.register("run.play", lambda: None)
    bus.unregister("run.play")
    bus.register("run.play", lambda: None)


def test_names_and_labels() -> None:
    bus = Bus()
    bus.register("b", lambda: None, label="Second")
    bus.register("a", lambda: None)
    assert bus.names() == ("a", "b")
    assert (bus.label("a"), bus.label("b")) == ("a", "Second")
    assert bus.knows("a")
    assert not bus.knows("c")


def test_subscribers_see_a_command_after_it_was_carried_out() -> None:
    bus = Bus()
    order: list[str] = []
    bus.register("x.do", lambda: order.append("done"))
    bus.subscribe(lambda message: order.append(message.name))
    bus.do("x.do")
    assert order == ["done", "x.do"]


def test_a_refused_command_is_not_published() -> None:
    bus = Bus()

    def refuse() -> None:
        raise CommandError("no")

    bus.register("x.do", refuse)
    seen: list[object] = []
    bus.subscribe(seen.append)
    with pytest.raises(CommandError):
        bus.do("x.do")
    assert not seen
    assert not bus.log


def test_subscriptions_by_name_by_subject_and_their_end() -> None:
    bus = Bus()
    exact: list[str] = []
    subject: list[str] = []
    stop = bus.subscribe(lambda m: exact.append(m.name), names=["run.stepped"])
    bus.subscribe(lambda m: subject.append(m.name), names=["run.*"])
    bus.emit("run.stepped", step=1)
    bus.emit("run.paused")
    bus.emit("layer.added")
    stop()
    stop()
    bus.emit("run.stepped", step=2)
    assert exact == ["run.stepped"]
    assert subject == ["run.stepped", "run.paused", "run.stepped"]


def test_a_subscriber_may_unsubscribe_from_inside_its_callback() -> None:
    bus = Bus()
    seen: list[str] = []

    def once(message: Command | Event) -> None:
        seen.append(message.name)
        stop()

    stop = bus.subscribe(once)
    later: list[str] = []
    bus.subscribe(lambda m: later.append(m.name))
    bus.emit("a")
    bus.emit("b")
    assert seen == ["a"]
    assert later == ["a", "b"]


def test_a_failing_subscriber_does_not_keep_it_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = Bus()

    def fail(message: Command | Event) -> None:
        raise RuntimeError(message.name)

    seen: list[str] = []
    bus.subscribe(fail)
    bus.subscribe(lambda m: seen.append(m.name))
    with caplog.at_level(logging.ERROR, "chainrule.bus"):
        bus.emit("a")
    assert seen == ["a"]
    assert "a subscriber failed on a" in caplog.text


def test_the_log_is_bounded() -> None:
    bus = Bus(remember=3)
    for step in range(5):
        bus.emit("run.stepped", step=step)
    assert [message.values["step"] for message in bus.log] == [2, 3, 4]  # type: ignore[union-attr]


def test_replay_carries_out_a_recorded_command() -> None:
    bus = Bus()
    seen: list[int] = []
    bus.register("x.do", lambda value: seen.append(value))
    bus.replay(Command.from_json(Command("x.do", {"value": 3}).to_json()))
    assert seen == [3]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(min_size=1), st.dictionaries(st.text(), VALUES, max_size=4))
def test_commands_and_events_survive_json(name: str, values: dict[str, object]) -> None:
    assert Command.from_json(Command(name, values).to_json()) == Command(name, values)
    assert Event.from_json(Event(name, values).to_json()) == Event(name, values)

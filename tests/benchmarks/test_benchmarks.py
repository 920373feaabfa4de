"""The measuring itself: it asks, compares and tells rightly. How fast anything is, `make bench` says."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import cases, compare, own_side, rows
from tests.benchmarks.__main__ import GROUPS
from tests.benchmarks.children import Child, interleaved, peak_memory
from tests.benchmarks.growing import rise_of
from tests.benchmarks.rows import Results, Row


def test_contenders_work_in_turn_and_their_units_are_counted() -> None:
    asked: list[tuple[str, int]] = []

    def contender(name: str, seconds: float):
        def work(count: int) -> tuple[float, int]:
            asked.append((name, count))
            return seconds * (count + 1), count + 1

        return work

    found = interleaved({"a": contender("a", 0.5), "b": contender("b", 0.25)}, 3, 2.0)
    assert [name for name, _ in asked] == ["a", "a", "b", "b"] + ["a", "b"] * 3
    assert asked[-2:] == [("a", 4), ("b", 8)]
    assert found["a"].tolist() == [0.5] * 3
    assert found["b"].tolist() == [0.25] * 3


def test_the_better_of_the_others_is_what_counts() -> None:
    times = {
        "ours": np.array([1.0, 2.0, 1.0]),
        "one": np.array([4.0, 4.0, 9.0]),
        "two": np.array([3.0, 3.0, 3.0]),
    }
    row = rows.raced("steps", "a shape", times, "ours", 3.0)
    assert (row.value, row.other, row.beside, row.ratio) == (1.0, 3.0, "two", 3.0)
    assert (row.ratio_low, row.ratio_high) == (1.5, 3.0)
    assert row.met
    assert rows.raced("steps", "a shape", times, "ours", 3.1).met is False
    alone = rows.raced("steps", "a shape", {"ours": times["ours"]}, "ours", 3.0)
    assert alone.ratio is None
    assert alone.met is None


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5e-6, "s", "2.50 us"), (0.0321, "s", "32.1 ms"), (14.0, "s", "14.0 s"), (3e-10, "s", "0.30 ns"),
        (161e6, "bytes", "161 MB"), (13.2e6, "1/s", "13.2 M/s"), (1.5, "", "1.50"), (None, "s", ""),
    ],
)  # fmt: skip
def test_numbers_have_units_that_suit_them(value: float | None, unit: str, text: str) -> None:
    assert rows.shown(value, unit) == text


def test_a_row_says_whether_enough_is_reached() -> None:
    row = Row(
        "steps", "a shape", 1e-3, low=1e-3, high=2e-3, ratio=2.0, asked="at least 3", met=False
    )
    assert "at least 3  MISSED" in rows.line(row)
    assert "1.00ms-2.00ms" in rows.line(row)
    assert rows.missed([row, Row("steps", "another", 1.0)]) == [row]


def test_results_are_kept_and_set_side_by_side(tmp_path: Path) -> None:
    old = Results({"revision": "old"}, [Row("steps", "a", 4e-3), Row("steps", "gone", 1.0),
                                        Row("rate", "b", 10.0, "1/s")], {"steps": 0.5})  # fmt: skip
    new = Results({"revision": "new"}, [Row("steps", "a", 2e-3), Row("rate", "b", 5.0, "1/s")])
    old.write(tmp_path / "of" / "old.json")
    assert rows.read(tmp_path / "of" / "old.json") == old
    lines = list(compare.of_files(old, new))
    assert len(lines) == 2
    assert lines[0].split() == ["a", "4.00", "ms", "2.00", "ms", "2.00"]
    assert lines[1].endswith("0.50")


def test_a_rise_is_that_of_most_rounds() -> None:
    assert rise_of(np.array([1.0, 1.0, 1.0]), np.array([1.2, 9.0, 0.8])) == pytest.approx(1.2)


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_is_there(group: str) -> None:
    module, _, function = GROUPS[group][0].partition(".")
    if module == "painting":
        pytest.importorskip("PySide6")
    assert callable(getattr(importlib.import_module(f"tests.benchmarks.{module}"), function))


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("steps", {"case": "tiny"}), ("steps", {"case": "tiny", "optimizer": "Lion"}),
        ("short_epochs", {"case": "tiny"}), ("batch_callbacks", {"case": "tiny"}),
        ("single_batches", {"case": "tiny"}), ("every_neuron", {}), ("predictions", {"case": "tiny"}),
        ("running", {"case": "tiny"}), ("reading", {"case": "tiny"}), ("stepping", {"case": "tiny"}),
        ("checkpoints", {"case": "tiny"}),
    ],
)  # fmt: skip
def test_work_is_done_and_counted(question: str, values: dict[str, str]) -> None:
    seconds, units = own_side.ANSWERS[question](**values, count=3)
    assert seconds > 0
    assert units >= 3


def test_a_long_run_is_travelled() -> None:
    assert len(own_side.seeks("tiny", 60, 4)) == 4
    assert own_side.kept("tiny", 60)["checkpoints"] >= 1


def test_the_same_steps_give_the_same_bits_and_others_do_not() -> None:
    assert own_side.digest("tiny") == own_side.digest("tiny") != own_side.digest("tiny", epochs=2)


def test_a_child_answers_tells_its_problems_and_its_end() -> None:
    with Child("own_side") as child:
        facts = child.ask("facts", case="tiny")
        assert facts["parameters"] == 2 * 8 + 8 + 8 * 8 + 8 + 8 * 2 + 2
        assert facts["multiply_adds"] == 10 * (2 * 8 + 8 * 8 + 8 * 2)
        with pytest.raises(RuntimeError, match="There is no case 'huge'"):
            child.ask("facts", case="huge")
        assert child.ask("memory") > 1e6
        child._process.terminate()
        child._process.wait()
        with pytest.raises(RuntimeError, match="ended with exit code"):
            child.ask("memory")


def test_memory_is_that_of_this_process() -> None:
    before = peak_memory()
    filled = np.ones(8 * 1024**2)
    assert peak_memory() >= before
    assert peak_memory() >= filled.nbytes


@pytest.mark.conformance
@pytest.mark.parametrize("one", cases.RACES, ids=lambda one: one.name)
def test_both_sides_race_the_same_network(one: cases.Case) -> None:
    pytest.importorskip("torch")
    from tests.benchmarks import torch_side

    # A recurrent layer of PyTorch has two biases, ours one (and a GRU's the second for its state).
    more = {"lstm": 4 * 32, "gru": 0}.get(one.name, 0)
    assert torch_side.parameters(one.name) == own_side.facts(one.name)["parameters"] + more

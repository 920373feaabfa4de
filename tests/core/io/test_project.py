"""Project files: what goes in comes out, and nothing else is let in."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core import io, templates
from core.io import archive, files, migrations
from core.io.project import KIND
from core.spec import new_layer

CORPUS = Path(__file__).parent / "corpus"


def contents(name: str = "xor-mlp", **more: Any) -> io.Contents:
    template = templates.load(name)
    project = io.Project(
        name=template.title,
        network=template.network,
        training=template.training,
        data=template.data,
        run={"step": 12, "pc": 3},
        view={"workspace": "train"},
    )
    return io.Contents(project, **more)


def rewrite(path: Path, change: dict[str, bytes | None]) -> None:
    """Replace members of a project file; None removes one."""
    with zipfile.ZipFile(path) as source:
        members = {name: source.read(name) for name in source.namelist()}
    for name, data in change.items():
        if data is None:
            members.pop(name)
        else:
            members[name] = data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members.items():
            target.writestr(name, data)


def document(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as source:
        return json.loads(source.read("project.json"))


def test_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {
        "a/kernel": rng.normal(size=(3, 4)).astype(np.float32),
        "a/bias": np.arange(4, dtype=np.float32),
        "count": np.array(7, dtype=np.int64),
        "empty": np.zeros((0, 3), np.float32),
    }
    optimizer = {"a/kernel/m": rng.normal(size=(3, 4)).astype(np.float64)}
    given = contents(
        weights=weights, optimizer=optimizer, history={"loss": [1.5, 0.25]},
        journal=[[3, "learning_rate", 0.1]], thumbnail=b"\x89PNG",
    )  # fmt: skip
    path = tmp_path / "a b é.chainrule"
    io.write(path, given)
    found = io.read(path)
    assert found.project == given.project
    assert (found.history, found.journal) == (given.history, given.journal)
    assert found.thumbnail == given.thumbnail
    for before, after in ((weights, found.weights), (optimizer, found.optimizer)):
        assert set(before) == set(after)
        for name, array in before.items():
            assert after[name].dtype == array.dtype
            assert after[name].shape == array.shape
            np.testing.assert_array_equal(after[name], array)


@pytest.mark.parametrize("name", templates.names())
def test_every_template_survives(name: str, tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents(name))
    assert io.read(path).project == contents(name).project


def test_transposed_and_strided_arrays_keep_their_values(tmp_path: Path) -> None:
    # safetensors writes the bytes as they lie in memory, without a word.
    base = np.arange(12, dtype=np.float32).reshape(3, 4)
    weights = {"t": base.T, "s": base[:, ::2], "f": np.asfortranarray(base), "r": base[::-1]}
    path = tmp_path / "p.chainrule"
    io.write(path, contents(weights=weights))
    found = io.read(path).weights
    for name, array in weights.items():
        np.testing.assert_array_equal(found[name], array)


def test_equal_projects_are_equal_files(tmp_path: Path) -> None:
    a, b = tmp_path / "a.chainrule", tmp_path / "b.chainrule"
    for path in (a, b):
        io.write(path, contents(weights={"w": np.ones(3, np.float32)}))
    assert a.read_bytes() == b.read_bytes()


def test_an_unknown_layer_kind_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    raw = document(path)
    raw["project"]["network"]["layers"][1]["kind"] = "Hologram"
    raw["project"]["network"]["layers"][1]["config"] = {"depth": [1, 2]}
    rewrite(path, {"project.json": json.dumps(raw).encode()})
    network = io.read(path).project.network
    assert network.layers[1].kind == "Hologram"
    io.write(path, msgspec.structs.replace(io.read(path).project, name="x") and io.read(path))
    assert io.read(path).project.network == network


def test_unknown_members_and_fields_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    raw = document(path)
    raw["project"]["mood"] = "good"
    rewrite(path, {"project.json": json.dumps(raw).encode(), "../evil.txt": b"x"})
    assert io.read(path).project == contents().project
    assert not (tmp_path.parent / "evil.txt").exists()


# What is refused, and how


def refused(path: Path) -> str:
    with pytest.raises(io.ProjectError) as caught:
        io.read(path)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    return sentence


def test_a_missing_file(tmp_path: Path) -> None:
    assert "There is no file" in refused(tmp_path / "none.chainrule")


def test_a_folder(tmp_path: Path) -> None:
    refused(tmp_path)


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04rubbish", os.urandom(1000)])
def test_a_foreign_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p.chainrule"
    path.write_bytes(data)
    assert "not a Chainrule project" in refused(path)


def test_another_zip(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("word/document.xml", "<x/>")
    assert "not a Chainrule project" in refused(path)


def test_another_json(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("project.json", '{"kind": "something"}')
    assert "not a Chainrule project" in refused(path)


def test_a_newer_file(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    raw = document(path) | {"format": migrations.FORMAT + 1}
    rewrite(path, {"project.json": json.dumps(raw).encode()})
    sentence = refused(path)
    assert "newer version" in sentence
    assert "Update" in sentence


@pytest.mark.parametrize("version", [0, -1, "1", None, True, 1.5])
def test_a_strange_format_number(tmp_path: Path, version: object) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    rewrite(path, {"project.json": json.dumps(document(path) | {"format": version}).encode()})
    assert "damaged" in refused(path)


def test_truncation_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents(weights={"w": np.ones((40, 40), np.float32)}))
    whole = path.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        refused(path)


def test_a_flipped_byte_never_escapes_as_another_error(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents(weights={"w": np.ones((4, 4), np.float32)}))
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(150):
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(data))
        with contextlib.suppress(io.ProjectError):
            io.read(path)


def test_damaged_arrays(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents(weights={"w": np.ones(4, np.float32)}))
    rewrite(path, {"weights.safetensors": b"\xff" * 100})
    assert "weights.safetensors" in refused(path)


def test_a_wrong_type_inside_says_where(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    raw = document(path)
    raw["project"]["training"]["batch_size"] = "many"
    rewrite(path, {"project.json": json.dumps(raw).encode()})
    assert "batch_size" in refused(path)


def test_json_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    rewrite(path, {"project.json": b"[" * 100_000})
    refused(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    rewrite(path, {"project.json": b" " * 17_000_000})
    assert "claims to hold" in refused(path)


def test_a_member_larger_than_its_header_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents(history=list(range(1000))))
    monkeypatch.setitem(archive.LIMITS, "history.json", 100)
    assert "claims to hold" in refused(path)


# Writing


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(io.ProjectError, match="disk is full"):
            io.write(path, contents(weights={"w": np.ones((200, 200), np.float32)}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_one_may_not_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(io.ProjectError, match="Choose another folder"):
            io.write(tmp_path / "p.chainrule", contents())
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(io.ProjectError, match="does not exist"):
        io.write(tmp_path / "no" / "p.chainrule", contents())


def test_a_folder_as_target(tmp_path: Path) -> None:
    with pytest.raises(io.ProjectError, match="is a folder"):
        io.write(tmp_path, contents())


def test_replacing_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = os.replace

    def busy(source: Path, target: Path) -> None:
        calls.append(1)
        if len(calls) < 3:
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(files.os, "replace", busy)
    monkeypatch.setattr(files.os, "name", "nt")
    monkeypatch.setattr(files.time, "sleep", lambda seconds: None)
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"new")
    b.write_bytes(b"old")
    files.replace(a, b)
    assert (b.read_bytes(), len(calls)) == (b"new", 3)


def test_permissions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    path.chmod(0o640)
    io.write(path, contents())
    assert path.stat().st_mode & 0o777 == 0o640


# Migrations


def test_migrations_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "FORMAT", 3)
    monkeypatch.setattr(
        migrations,
        "MIGRATIONS",
        {1: lambda raw: raw | {"a": 1}, 2: lambda raw: raw | {"b": raw["a"] + 1}},
    )
    given = {"format": 1, "kind": KIND}
    assert migrations.migrate(given) == {"format": 3, "kind": KIND, "a": 1, "b": 2}
    assert given == {"format": 1, "kind": KIND}


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.chainrule")), ids=lambda path: path.stem)
def test_every_file_ever_written_opens(path: Path) -> None:
    found = io.read(path)
    assert found.project.network.layers
    assert all(np.isfinite(array).all() for array in found.weights.values())


def test_the_corpus_has_every_format() -> None:
    formats = {document(path)["format"] for path in CORPUS.glob("*.chainrule")}
    assert formats == set(range(1, migrations.FORMAT + 1))


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("training", "epochs", 0),
        ("training", "epochs", -3),
        ("training", "batch_size", 0),
        ("training", "batch_size", -5),
        ("training", "loss", "guess"),
        ("training", "optimizer", {"kind": "Magic"}),
        ("training", "optimizer", {}),
        ("network", "outputs", ["nowhere"]),
        ("network", "outputs", []),
    ],
)
def test_settings_nothing_can_be_done_with(
    tmp_path: Path, part: str, name: str, value: Any
) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    raw = document(path)
    raw["project"][part][name] = value
    rewrite(path, {"project.json": json.dumps(raw).encode()})
    with pytest.raises(io.ProjectError, match=r"p\.chainrule"):
        io.read(path)


def test_a_network_in_progress_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    given = contents()
    network = given.project.network
    project = msgspec.structs.replace(
        given.project, network=network.insert(1, new_layer("Conv2D", network))
    )
    io.write(path, io.Contents(project))
    assert io.read(path).project == project


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among files")
def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "p.chainrule"
    os.mkfifo(pipe)
    with pytest.raises(io.ProjectError, match="not a Chainrule project"):
        io.read(pipe)
    with pytest.raises(io.ProjectError, match="not an ordinary file"):
        io.write(pipe, contents())
    assert pipe.is_fifo()
    with pytest.raises(io.ProjectError, match="not a Chainrule project"):
        io.read("/dev/zero")


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few people make links")
def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "real.chainrule", tmp_path / "link.chainrule"
    link.symlink_to(target.name)
    for name in ("xor-mlp", "digits-cnn"):
        io.write(link, contents(name))
        assert link.is_symlink()
        assert io.read(target).project == contents(name).project
    assert sorted(os.listdir(tmp_path)) == [link.name, target.name]
    io.write(tmp_path / "elsewhere.chainrule", contents())
    link.unlink()
    link.symlink_to(link.name)
    with pytest.raises(io.ProjectError, match="not an ordinary file"):
        io.write(link, contents())


@pytest.mark.skipif(os.name == "nt", reason="processes are killed otherwise there")
def test_what_a_killed_program_left_is_removed_at_the_next_save(tmp_path: Path) -> None:
    path = tmp_path / "p.chainrule"
    io.write(path, contents())
    code = (
        "import os, pathlib, sys; from core.io.files import write_beside;"
        "write_beside(pathlib.Path(sys.argv[1]), lambda file: os.kill(os.getpid(), 9))"
    )
    root = str(Path(io.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root}
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, env=env)
    assert len(os.listdir(tmp_path)) == 2
    old, fresh = tmp_path / ".p-abcd1234.partial", tmp_path / ".p-abcd1235.partial"
    for other in (old, fresh):
        other.touch()
    os.utime(old, (0, 0))
    io.write(path, contents())
    # The fresh one may be of a program that is still writing.
    assert sorted(os.listdir(tmp_path)) == [fresh.name, path.name]

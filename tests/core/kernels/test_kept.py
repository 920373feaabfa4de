"""Compiled code on disk: damaged files are thrown away, and a disk that cannot be written keeps nobody from working."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import types
from numba.core import config
from numba.core.caching import IndexDataCacheFile

from core.kernels import kept as module
from core.kernels.kept import SealedFiles, kept
from core.tape.cache import can_write, is_ours_alone

ROOT = Path(__file__).resolve().parents[3]
SIGNATURE = types.void(types.float32[::1])
CHILD = """
import warnings
import numpy as np
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    from core.kernels.kept import kept
    from core.kernels import elementwise
    from core.kernels.state import SIZE
    from numba import types
    relu, tanh = kept(elementwise.relu), kept(elementwise.tanh)
    for kernel in (relu, tanh):
        kernel.compile(types.void(types.float32[::1], types.int64[::1], types.float64[::1], types.int64[::1]))
    mem = np.array([-1, 2, 0, 0], np.float32)
    relu(mem, np.array([2, 2, 0, 0, 2, 0]), np.zeros(1), np.zeros(SIZE, np.int64))
    print(mem.tolist(), sum(relu.stats.cache_hits.values()), sum(tanh.stats.cache_hits.values()))
    print(*[str(w.message) for w in said if w.category is RuntimeWarning], sep="\\n")
"""


def start(folder: Path, **environment: str) -> tuple[str, list[str]]:
    """Compile, or load, two kernels in a process of its own; what it printed and what it warned of."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder), **environment},
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "Exception ignored" not in done.stderr
    first, *said = done.stdout.strip().splitlines()
    return first, said


RIGHT = "[-1.0, 2.0, 0.0, 2.0]"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with code in it."""
    folder = tmp_path_factory.mktemp("kernels")
    assert start(folder) == (f"{RIGHT} 0 0", [])
    assert start(folder) == (f"{RIGHT} 1 1", [])
    return folder


def _cut_short(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _overwritten(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def _one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [_cut_short, _emptied, _overwritten, _one_bit])
def test_a_damaged_file_is_thrown_away(filled: Path, ending: str, damage: Any) -> None:
    (path,) = filled.rglob(f"elementwise.relu-*.{ending}")
    damage(path)
    # Compiled anew, the other one not, and nothing said: nothing is lost.
    assert start(filled) == (f"{RIGHT} 0 1", [])
    assert start(filled) == (f"{RIGHT} 1 1", [])


def test_a_file_of_code_that_is_gone_is_written_again(filled: Path) -> None:
    for path in filled.rglob("elementwise.relu-*.nbc"):
        path.unlink()
    assert start(filled) == (f"{RIGHT} 0 1", [])
    assert start(filled) == (f"{RIGHT} 1 1", [])


def test_two_programs_fill_one_folder_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as both:
        for first, said in both.map(start, [tmp_path, tmp_path]):
            assert first.startswith(RIGHT)
            assert said == []
    assert start(tmp_path) == (f"{RIGHT} 1 1", [])


def test_what_two_programs_compile_at_once_is_not_taken_for_each_other(tmp_path: Path) -> None:
    single, double = ("float32", "this processor"), ("float64", "this processor")
    one, other = (SealedFiles(str(tmp_path), "function", "stamp") for _ in range(2))
    write = one._save_data

    def write_late(name: str, data: Any) -> None:
        # The other program read the index before this one wrote it, and writes first.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(other, "_load_index", dict)
            other.save(double, "code for float64")
        write(name, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one, "_save_data", write_late)
        one.save(single, "code for float32")
    for files in (one, other):
        # What was lost would be compiled again; what is there is its own.
        assert files.load(single) in (None, "code for float32")
        assert files.load(double) in (None, "code for float64")


def doubled(x: Any) -> None:
    """A function to compile."""
    for k in range(x.size):
        x[k] += x[k]


def _compiled() -> np.ndarray:
    dispatcher = kept(doubled)
    dispatcher.compile(SIGNATURE)
    x = np.ones(3, np.float32)
    dispatcher(x)
    return x


def test_a_disk_that_is_full_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def no_room(self: IndexDataCacheFile, path: str) -> Iterator[io.BytesIO]:
        yield io.BytesIO()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", no_room)
    monkeypatch.setattr(module, "_SAID", [])
    with pytest.warns(RuntimeWarning, match="cannot be kept .*CHAINRULE_HOME") as said:
        assert _compiled().tolist() == [2, 2, 2]
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert _compiled().tolist() == [2, 2, 2]


def test_without_any_folder_the_engine_works_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Numba does where neither its folder nor the sources' nor the user's can be written.
    from numba.core import caching

    def nowhere(self: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", nowhere)
    monkeypatch.setattr(module, "_SAID", [])
    with pytest.warns(RuntimeWarning, match="cannot be kept"):
        assert _compiled().tolist() == [2, 2, 2]


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "kernels"
    file.write_text("not a folder")
    assert not can_write(file)
    assert not can_write(file / "deeper")
    assert can_write(tmp_path / "new" / "one")


def _prepared(folder: Path) -> Path:
    """Where kernels are kept by a program whose home is no folder, and whose temporary files lie here."""
    home = folder / "home"
    home.write_text("a file")
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", "from core.tape import cache; print(cache.prepare())"],
        cwd=ROOT,
        env={**environment, "CHAINRULE_HOME": str(home), "TMPDIR": str(temporary), "TEMP": str(temporary),
             "TMP": str(temporary)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return Path(done.stdout.strip())


def test_temporary_files_serve_where_the_home_is_a_file(tmp_path: Path) -> None:
    assert _prepared(tmp_path).parent == tmp_path / "temporary"


@pytest.mark.skipif(sys.platform == "win32", reason="every user has temporary files of their own")
def test_a_folder_somebody_else_could_write_to_is_not_read(tmp_path: Path) -> None:
    # What Numba finds there it unpickles.
    ours = _prepared(tmp_path)
    assert is_ours_alone(ours)
    assert not ours.stat().st_mode & 0o077
    ours.chmod(0o777)
    assert _prepared(tmp_path).parent != tmp_path / "temporary"
    ours.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ours.symlink_to(elsewhere)
    assert _prepared(tmp_path).parent != tmp_path / "temporary"


def test_numba_still_keeps_its_files_as_these_expect(filled: Path) -> None:
    dispatcher = kept(doubled)
    assert isinstance(dispatcher._cache._cache_file, SealedFiles)
    names = {path.suffix for path in filled.rglob("*") if path.is_file()}
    assert names == {".nbi", ".nbc"}
    assert all(module.intact(str(path)) for path in filled.rglob("*.nb?"))

"""What every data set owes to those who use it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import assets
from core import data


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(data.DataError) as caught:
        data.load("cats")
    sentence = str(caught.value)
    assert "'cats'" in sentence
    assert all(name in sentence for name in data.names())
    with pytest.raises(data.DataError, match="'cats'"):
        data.info("cats")


def test_an_unknown_parameter_lists_the_known_ones() -> None:
    with pytest.raises(data.DataError, match=r"no parameter called 'size'.*samples, noise, seed"):
        data.load("spirals", size=10)
    with pytest.raises(data.DataError, match=r"'noise'\. Its parameters: none"):
        data.load("digits", noise=0.1)


@pytest.mark.parametrize("name", data.names())
def test_contract(name: str) -> None:
    info = data.info(name)
    loaded = data.load(name)
    assert loaded.info is info
    assert info.id == name
    assert info.title
    assert info.summary.endswith(".")
    assert info.licence
    assert info.origin
    assert info.kind in ("image", "points", "table")
    for x, y in ((loaded.x_train, loaded.y_train), (loaded.x_test, loaded.y_test)):
        assert x.shape[1:] == info.input_shape
        assert len(x) == len(y) > 0
        assert x.dtype == (np.float32 if info.scale == 1 else np.uint8)
        assert x.flags.c_contiguous
        assert y.flags.c_contiguous
        assert not x.flags.writeable
        assert not y.flags.writeable
        assert y.shape[1:] == info.output_shape
        if info.output_shape:
            assert y.dtype == np.float32
        else:
            assert y.dtype == np.int64
            assert set(np.unique(y)) == set(range(len(info.classes)))
    scaled = loaded.inputs("train", slice(0, 5))
    assert scaled.dtype == np.float32
    assert info.as_printed or np.abs(scaled).max() < 6
    if info.kind != "image":
        assert len(info.features) == info.input_shape[-1]


def test_every_file_of_data_has_its_licence_told() -> None:
    told = assets.path("data", "LICENSES.md").read_text(encoding="utf-8")
    for file in assets.path("data").iterdir():
        assert file.name in told or file.name == "LICENSES.md"


def test_names_cost_neither_numba_nor_qt_nor_numpy() -> None:
    code = (
        "import sys\n"
        "from core import data\n"
        "data.infos()\n"
        "bad = {'numba', 'numpy', 'PySide6'} & set(sys.modules)\n"
        "assert not bad, bad\n"
        "data.load('digits8x8')\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

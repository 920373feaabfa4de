"""Every container: the frames that go in come out, and nothing is left when they do not."""

from __future__ import annotations

import os
import resource
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.export import encoder, writers
from app.export.encoder import Encoder, check_target, partial_name
from app.export.formats import FORMATS, ExportError, ExportUsageError, Format, by_id, of_path
from app.export.places import default_target

SIZE = (128, 96)
COUNT = 12
FILMS = [fmt for fmt in FORMATS if fmt.kind == "film"]

#: Mean difference a pixel may have, in 255ths: lossy video, 256 colours, lossless.
TOLERANCE = {"mp4": 3.0, "webm": 3.5, "gif": 1.0, "apng": 0.0, "webp": 0.0}


def frame(index: int) -> np.ndarray:
    image = Image.new("RGB", SIZE, "#0d1015")
    draw = ImageDraw.Draw(image)
    draw.rectangle((8 * index, 20, 8 * index + 24, 60), fill="#4a9df0")
    draw.rectangle((80, 4, 120, 14), fill="#ffdb57")
    draw.line((0, 90, 127, 90 - 4 * index), fill="#e04fae", width=3)
    return np.asarray(image).copy()


def write(fmt: Format, path: Path, count: int = COUNT, fps: int = 25) -> None:
    with Encoder(fmt, path, SIZE, fps) as film:
        for index in range(count):
            film.add(frame(index))


def decode(fmt: Format, path: Path) -> list[np.ndarray]:
    if fmt.id in ("apng", "webp"):
        with Image.open(path) as picture:
            found = []
            for index in range(picture.n_frames):
                picture.seek(index)
                found.append(np.asarray(picture.convert("RGB")))
            return found
    with av.open(str(path)) as film:
        return [item.to_ndarray(format="rgb24") for item in film.decode(video=0)]


@pytest.mark.parametrize("fmt", FILMS, ids=lambda fmt: fmt.id)
def test_frames_survive(fmt: Format, tmp_path: Path) -> None:
    path = tmp_path / f"film{fmt.suffix}"
    write(fmt, path)
    found = decode(fmt, path)
    assert len(found) == COUNT
    for index, pixels in enumerate(found):
        difference = np.abs(pixels.astype(int) - frame(index))
        assert difference.mean() <= TOLERANCE[fmt.id]
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("fmt", FILMS, ids=lambda fmt: fmt.id)
def test_colours_of_flat_areas_are_right(fmt: Format, tmp_path: Path) -> None:
    # A player that takes one colour matrix for another is off by twenty.
    path = tmp_path / f"film{fmt.suffix}"
    write(fmt, path)
    pixels = decode(fmt, path)[5].astype(int)
    for x, y in ((50, 40), (100, 9), (4, 4)):
        assert np.abs(pixels[y, x] - frame(5)[y, x]).max() <= 6


def test_the_frame_rate(tmp_path: Path) -> None:
    for name in ("mp4", "webm"):
        fmt = by_id(name)
        path = tmp_path / f"film{fmt.suffix}"
        write(fmt, path, fps=24)
        with av.open(str(path)) as film:
            assert film.streams.video[0].average_rate == 24


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    write(by_id("frames"), path)
    names = sorted(os.listdir(path))
    assert names[0] == "frame-00001.png"
    assert len(names) == COUNT
    np.testing.assert_array_equal(np.asarray(Image.open(path / names[3])), frame(3))
    assert os.listdir(tmp_path) == ["frames"]


def test_gif_uses_one_palette(tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    write(by_id("gif"), path)
    data = path.read_bytes()
    with Image.open(path) as picture:
        assert picture.info["loop"] == 0
        first = picture.getpalette()
        for index in range(picture.n_frames):
            picture.seek(index)
    assert first
    assert data[10] & 0x80  # a global colour table


@pytest.mark.parametrize("fmt", [f for f in FORMATS if f.kind != "still"], ids=lambda f: f.id)
def test_an_interrupted_film_leaves_nothing(fmt: Format, tmp_path: Path) -> None:
    path = tmp_path / f"film{fmt.suffix}"
    old = b"what was there before"
    if fmt.kind == "film":
        path.write_bytes(old)
    with pytest.raises(KeyboardInterrupt), Encoder(fmt, path, SIZE, 25) as film:  # noqa: PT012
        for index in range(5):
            film.add(frame(index))
        raise KeyboardInterrupt
    if fmt.kind == "film":
        assert path.read_bytes() == old
        path.unlink()
    assert os.listdir(tmp_path) == []


def test_a_failing_encoder_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, frame: np.ndarray) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writers.VideoWriter, "add", fail)
    with (  # noqa: PT012 - the error may come with any frame
        pytest.raises(ExportError, match="disk is full"),
        Encoder(by_id("mp4"), tmp_path / "film.mp4", SIZE, 25) as film,
    ):
        for index in range(100):
            film.add(frame(index))
    assert os.listdir(tmp_path) == []
    assert not [t for t in threading.enumerate() if t.name == "chainrule-encoder"]


def test_a_full_disk(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with (  # noqa: PT012 - the error may come with any frame
            pytest.raises(ExportError, match=r"disk is full|could not be written"),
            Encoder(by_id("mp4"), tmp_path / "film.mp4", SIZE, 25) as film,
        ):
            for _ in range(60):
                film.add(rng.integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == []


def test_the_queue_is_bounded(tmp_path: Path) -> None:
    film = Encoder(by_id("mp4"), tmp_path / "film.mp4", SIZE, 25)
    assert film._frames.maxsize == 8


def test_targets_are_refused_before_anything_is_done(tmp_path: Path) -> None:
    mp4, folder = by_id("mp4"), by_id("frames")
    with pytest.raises(ExportError, match="does not exist"):
        encoder.check_target(tmp_path / "no" / "film.mp4", mp4)
    with pytest.raises(ExportError, match="is a folder"):
        encoder.check_target(tmp_path, mp4)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(ExportError, match="not empty"):
        encoder.check_target(tmp_path / "full", folder)
    with pytest.raises(ExportError, match="is a file"):
        encoder.check_target(tmp_path / "full" / "x", folder)
    encoder.check_target(tmp_path / "film.mp4", mp4)
    assert os.listdir(tmp_path) == ["full"]


def test_formats_by_name() -> None:
    assert of_path(Path("a/b.GIF")).id == "gif"
    assert of_path(Path("a/frames")).id == "frames"
    with pytest.raises(ExportUsageError, match="\\.avi"):
        of_path(Path("film.avi"))


def test_a_long_name_of_a_project_gives_a_name_a_file_can_have(tmp_path: Path) -> None:
    for name in ("long " * 100, "\u00fc" * 500, "\U0001d54f" * 500):
        path = default_target(name, by_id("mp4"), str(tmp_path))
        path.touch()
        assert partial_name(path).name.endswith(".partial")
        assert default_target(name, by_id("mp4"), str(tmp_path)).name.endswith("-2.mp4")


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few people make links")
def test_a_film_is_written_where_a_link_leads_to(tmp_path: Path) -> None:
    target, link = tmp_path / "film.apng", tmp_path / "link.apng"
    link.symlink_to(target.name)
    check_target(link, by_id("apng"))
    with Encoder(by_id("apng"), link, (64, 64), 10) as encoder:
        encoder.add(np.zeros((64, 64, 3), np.uint8))
    assert link.is_symlink()
    assert target.is_file()
    assert sorted(os.listdir(tmp_path)) == [target.name, link.name]
    with pytest.raises(ExportError, match="not an ordinary file"):
        check_target(Path("/dev/null"), by_id("png"))

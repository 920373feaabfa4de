"""The panel Input in a real window: painting, photographs, samples; what is computed is compared with NumPy."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.bus import CommandError
from app.inside import photos
from app.inside.canvas import Canvas
from app.inside.cropping import Crop, cropped
from app.inside.pad import Pad
from app.inside.photo_popover import CropView
from app.inside.resampling import centred, window
from app.inside.sample_popover import SamplePopover
from core import data
from core.errors import ChainruleError
from tests.app.inside.conftest import Inside
from tests.app.window.windows import click, control

colour = pytest.mark.parametrize("inside", ["emoji-cnn"], indirect=True)


def pad_of(inside: Inside) -> Pad:
    found = inside.window.findChild(Pad, "inside-input-picture")
    assert found is not None
    return found


def at(pad: Pad, row: float, column: float) -> QPoint:
    area, shape = pad.area(), pad._session.input_shape
    return QPointF(
        area.x() + column / shape[1] * area.width(), area.y() + row / shape[0] * area.height()
    ).toPoint()


def drag(pad: Pad, *places: tuple[float, float], button: Qt.MouseButton) -> None:
    QTest.mousePress(pad, button, pos=at(pad, *places[0]))
    for place in places[1:]:
        QTest.mouseMove(pad, at(pad, *place))
    QTest.mouseRelease(pad, button, pos=at(pad, *places[-1]))


def settle(inside: Inside) -> None:
    """Wait until the network has looked at what is shown now."""
    inside.looked()
    x = inside.x
    expected = inside.explainer.outputs(x)[0]
    inside.until(lambda: np.array_equal(inside.session.look.scores, expected))


def test_a_digit_is_drawn_and_the_network_says_what_it_is(inside: Inside) -> None:
    pad, session = pad_of(inside), inside.session
    click(control(inside.window, "inside-clear"))
    assert session.input.source == "drawn"
    assert not session.input.x.any()
    drag(pad, (4, 15), (12, 14.6), (24, 14), button=Qt.MouseButton.LeftButton)
    settle(inside)
    x = session.input.x[..., 0]
    # Centred like MNIST: 20 rows of 28, the mass in the middle.
    rows = np.flatnonzero((x > 0.05).any(1))
    assert 19 <= len(rows) <= 22
    total = x.sum()
    assert (x.sum(1) * (np.arange(28) + 0.5)).sum() / total == pytest.approx(14, abs=0.6)
    assert (x.sum(0) * (np.arange(28) + 0.5)).sum() / total == pytest.approx(14, abs=0.6)
    assert session.predicted == 1
    assert "MNIST" in session.input.words
    # What was drawn stands where it was drawn.
    inside.do("inside.show", name="centred", value=False)
    settle(inside)
    x = session.input.x[..., 0]
    assert x[12, 14] > 0.9
    assert not x[12, :10].any()
    assert np.array_equal(x, session.painting.canvas.pixels()[..., 0])


def test_strokes_are_laid_on_a_sample_erased_and_taken_back(inside: Inside) -> None:
    pad, session = pad_of(inside), inside.session
    sample = session.input
    drag(pad, (2.5, 2.5), (2.5, 8.5), button=Qt.MouseButton.LeftButton)
    settle(inside)
    painted = session.input
    assert painted.source == "drawn"
    assert painted.x[2, 5, 0] == pytest.approx(1)
    # Elsewhere it is the sample.
    assert np.allclose(painted.x[8:], sample.x[8:], atol=1e-6)
    assert painted.label == sample.label
    drag(pad, (2.5, 2.5), (2.5, 8.5), button=Qt.MouseButton.RightButton)
    assert session.input.x[2, 5, 0] == pytest.approx(0)
    click(control(inside.window, "inside-erase"))
    assert session.painting.erasing
    click(control(inside.window, "inside-draw"))
    pad.setFocus()
    QTest.keyClick(pad, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(session.input.x, painted.x)
    click(control(inside.window, "inside-undo-stroke"))
    assert session.input is sample
    settle(inside)
    with pytest.raises(CommandError, match="no stroke"):
        inside.do("inside.undo_stroke")
    QTest.keyClick(pad, Qt.Key.Key_Up)
    QTest.keyClick(pad, Qt.Key.Key_Space)
    assert session.input is not sample


@colour
def test_a_colour_brush_paints_on_a_colour_network(inside: Inside) -> None:
    pad, session = pad_of(inside), inside.session
    before = session.input.x
    inside.do("inside.brush", ink="red", size=4.0)
    drag(pad, (6, 6), (6, 20), button=Qt.MouseButton.LeftButton)
    settle(inside)
    assert np.allclose(session.input.x[6, 12], (1, 0, 0), atol=1e-6)
    assert np.allclose(session.input.x[20:], np.clip(before[20:], 0, 1), atol=1e-6)
    assert not session.painting.is_centred


def test_a_stroke_passes_over_itself_without_growing_and_is_the_same_in_one_go() -> None:
    shape, points = (28, 28, 1), [[5.0, 5.0], [20.0, 9.0], [5.0, 5.0], [8.0, 22.0]]
    once, often = Canvas(np.zeros(shape, np.float32)), Canvas(np.zeros(shape, np.float32))
    for canvas, times in ((once, 1), (often, 3)):
        canvas.begin()
        for _ in range(times):
            for start, end in pairwise(points):
                canvas.line(start, end, 2.4, (1.0,))
    assert np.array_equal(once.values, often.values)
    y, x = np.mgrid[0:112, 0:112] / 4 + 1 / 8
    p = np.stack([y, x], -1)
    away = np.full(y.shape, np.inf)
    for a, b in pairwise(points):
        a, b = np.array(a), np.array(b)
        t = np.clip(((p - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
        away = np.minimum(away, np.linalg.norm(p - a - t[..., None] * (b - a), axis=-1))
    expected = np.clip(1.2 + 1 / 2 - away, 0, 1)
    assert np.allclose(once.values[..., 0], expected, atol=0.02)


def test_pictures_are_averaged_over_areas() -> None:
    values = np.random.default_rng(0).random((30, 45, 3), np.float32)
    found = window(values, 0, 0, (30, 45), (10, 15))
    assert np.allclose(found, values.reshape(10, 3, 15, 3, 3).mean((1, 3)), atol=1e-6)
    same = window(values, 4, 7, (10, 12), (10, 12))
    assert np.allclose(same, values[4:14, 7:19], atol=1e-6)
    beyond = window(values, -10, 0, (50, 50), (50, 50))
    assert not beyond[:9].any()
    assert not beyond[:, 46:].any()
    assert np.allclose(beyond[10:40, :45], values, atol=1e-6)
    assert not centred(np.zeros((56, 56, 1), np.float32), (28, 28)).any()


# -- photographs


def test_a_photograph_of_the_program_is_cropped_and_the_crop_is_moved(inside: Inside) -> None:
    session = inside.session
    click(control(inside.window, "inside-photo-choose"))
    click(control(inside.window, "inside-photo-cat"))
    inside.until(lambda: session.input.source == "photo")
    settle(inside)
    pixels = photos.of_example("cat").pixels
    assert session.input.picture.shape == (170, 256, 3)
    luma = (pixels / 255) @ [0.299, 0.587, 0.114]
    expected = window(luma[..., None], 0, 43, (170, 170), (28, 28))
    assert np.allclose(session.input.x, expected, atol=1e-5)
    view = inside.window.findChild(CropView, "inside-crop")
    assert view.isVisible()
    start = view.rect().center()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, start + QPoint(20, 0))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(20, 0))
    moved = session.photography.crop
    assert moved.left == pytest.approx(43 + 20 / view.zoom()[2], abs=0.1)
    expected = cropped(pixels, moved, (28, 28, 1))
    inside.until(lambda: np.array_equal(session.input.x, expected))
    click(control(inside.window, "inside-crop-fit-whole"))
    whole = Crop.whole(pixels.shape, (28, 28))
    inside.until(lambda: np.array_equal(session.input.x, cropped(pixels, whole, (28, 28, 1))))
    # Bars above and below are black.
    assert not session.input.x[:3].any()
    assert "black" in session.photography.photo_words()
    inside.do("inside.show", name="invert", value=True)
    expected = cropped(pixels, whole, (28, 28, 1), True)
    inside.until(lambda: np.array_equal(session.input.x, expected))
    assert not session.input.x[:3].any()
    settle(inside)


@colour
def test_a_file_is_dropped_and_clear_places_are_white(inside: Inside, tmp_path: Path) -> None:
    session, pixels = inside.session, np.zeros((64, 64, 4), np.uint8)
    pixels[:32] = (255, 0, 0, 255)
    path = tmp_path / "flag.png"
    Image.fromarray(pixels).save(path)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    how = (
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    held = QDragEnterEvent(QPoint(50, 50), *how)
    QApplication.sendEvent(inside.view, held)
    assert held.isAccepted()
    assert pad_of(inside).expecting
    QApplication.sendEvent(inside.view, QDropEvent(QPointF(50, 50), *how))
    assert not pad_of(inside).expecting
    inside.until(lambda: session.input.source == "photo")
    settle(inside)
    assert np.allclose(session.input.x[:16], (1, 0, 0))
    assert np.allclose(session.input.x[16:], 1)
    assert session.input.picture.shape == (64, 64, 4)
    assert "white" in session.photography.photo_words()


@colour
def test_a_picture_on_the_clipboard_is_pasted(inside: Inside) -> None:
    clipboard = QGuiApplication.clipboard()
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(0xFF0080FF)
    clipboard.setImage(image)
    inside.window.activateWindow()
    pad = pad_of(inside)
    pad.setFocus()
    QTest.keyClick(pad, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    inside.until(lambda: inside.session.input.source == "photo")
    assert np.allclose(inside.session.input.x, (0, 128 / 255, 1), atol=1e-6)
    clipboard.setText("no picture")
    with pytest.raises(CommandError, match="no picture on the clipboard"):
        inside.do("inside.paste")


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def test_pictures_of_every_kind_are_read() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(48, 0)
    gray = Image.fromarray(ramp)
    for kind in ("PNG", "BMP", "TIFF", "WEBP", "GIF", "PPM"):
        options = {"lossless": True} if kind == "WEBP" else {}
        found = photos.of_bytes(encoded(gray, kind, **options), "ramp")
        assert np.array_equal(found.pixels[..., 0], ramp), kind
        assert found.size == (64, 48)
    deep = Image.fromarray(ramp.astype(np.uint16) * 257)
    found = photos.of_bytes(encoded(deep, "PNG"), "deep")
    assert np.array_equal(found.pixels[..., 1], ramp)
    assert any("16 bit" in note for note in found.notes)
    for low, high in ((0, 1), (0, 255), (0, 65535), (-3, 1e9)):
        # Floating point numbers are black to white whichever of the usual ranges they have.
        numbers = (low + ramp.astype(np.float64) / 255 * (high - low)).astype(np.float32)
        found = photos.of_bytes(encoded(Image.fromarray(numbers), "TIFF"), "measured")
        assert np.abs(found.pixels[..., 0].astype(int) - ramp).max() <= 1, (low, high)
        assert any("32 bit" in note for note in found.notes)
    numbers[3, 7], numbers[3, 8] = np.inf, np.nan
    found = photos.of_bytes(encoded(Image.fromarray(numbers), "TIFF"), "measured")
    assert found.pixels[3, 7:9, 0].tolist() == [255, 0]
    assert np.abs(found.pixels[5, :, 0].astype(int) - ramp[5]).max() <= 1
    dim = photos.of_bytes(encoded(Image.fromarray(ramp.astype(np.uint16)), "PNG"), "dim")
    assert np.array_equal(dim.pixels[..., 0], ramp)
    assert any("its own range" in note for note in dim.notes)
    ink = photos.of_bytes(encoded(Image.new("CMYK", (30, 30), (255, 0, 0, 0)), "TIFF"), "ink")
    assert ink.pixels[0, 0].tolist() == [0, 255, 255]
    frames = [Image.new("RGB", (20, 20), c) for c in ("red", "blue", "lime")]
    film = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    found = photos.of_bytes(film, "film")
    assert found.pixels[0, 0].tolist() == [255, 0, 0]
    assert "first of 3 pictures" in found.notes
    turned = Image.Exif()
    turned[0x0112] = 6
    found = photos.of_bytes(encoded(gray.convert("RGB"), "JPEG", exif=turned), "turned")
    assert found.pixels.shape == (64, 48, 3)
    wide = photos.of_bytes(encoded(Image.new("RGB", (5000, 100), "lime"), "PNG"), "wide")
    assert wide.pixels.shape == (20, 1024, 3)
    assert wide.size == (5000, 100)
    assert "shown reduced" in wide.notes


def bomb() -> bytes:
    """A small file that says it holds 60,000 by 60,000 pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


NOISE = np.random.default_rng(1).integers(0, 255, (80, 80, 3), np.uint8)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no picture"),
        (b"hello, I am no picture", "no picture"),
        (bomb(), "million"),
        (encoded(Image.new("RGB", (1, 1)), "PNG"), "too few"),
        (encoded(Image.new("RGB", (9000, 1)), "PNG"), "too few"),
        (encoded(Image.fromarray(NOISE), "JPEG")[:2000], "damaged or incomplete"),
        (encoded(Image.fromarray(NOISE), "PNG")[:9000], "damaged or incomplete"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "damaged or incomplete|no picture"),
    ],
)
def test_broken_pictures_are_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(ChainruleError, match=sentence) as refused:
        photos.of_bytes(content, "holiday.png")
    assert "holiday.png" in str(refused.value)


def test_files_that_are_none_or_too_large_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ChainruleError, match="no file"):
        photos.of_file(tmp_path / "absent.png")
    with pytest.raises(ChainruleError, match="no file"):
        photos.of_file(tmp_path)
    large = tmp_path / "large.png"
    with large.open("wb") as stream:
        stream.truncate(65 * 2**20)
    with pytest.raises(ChainruleError, match="64 MB"):
        photos.of_file(large)


def test_a_broken_file_is_told_in_the_window_and_the_input_stays(
    inside: Inside, tmp_path: Path
) -> None:
    before = inside.session.input
    path = tmp_path / "broken.png"
    path.write_bytes(b"nothing of the kind")
    inside.do("inside.photo", path=str(path))
    inside.until(lambda: "broken.png" in inside.window.banner.text)
    assert inside.session.input is before
    assert not inside.session.photography.reading


REFUSED: tuple[tuple[str, dict[str, object], str], ...] = (
    ("inside.stroke", {"points": [[1.0]]}, "row and its column"),
    ("inside.stroke", {"points": [[1.0, 999.0]]}, "28 rows"),
    ("inside.stroke", {"points": [[1.0, 1.0]], "ink": "plaid"}, "plaid"),
    ("inside.brush", {"ink": "plaid"}, "plaid"),
    ("inside.photo", {"path": "/no/such/file.png"}, "no file"),
    ("inside.example", {"name": "unicorn"}, "cat"),
    ("inside.crop", {"left": 3.0}, "no photograph"),
    ("inside.undo_stroke", {}, "no stroke"),
)


def test_what_cannot_be_done_is_refused(inside: Inside) -> None:
    before = inside.session.input
    for command, arguments, sentence in REFUSED:
        with pytest.raises(CommandError, match=sentence):
            inside.do(command, **arguments)
        assert inside.session.input is before


# -- samples


def test_wrong_samples_of_a_class_are_found_and_gone_through(inside: Inside) -> None:
    session = inside.session
    click(control(inside.window, "inside-sample-choose"))
    popover = inside.window.findChild(SamplePopover, "inside-samples")
    inside.until(lambda: popover.chooser.found is not None)
    assert popover.chooser.found.index == session.input.sample[2]
    popover.chooser.wrong.click()
    loaded = data.load("digits")
    before = session.input

    def wrong() -> bool:
        return session.input is not before and session.input.source == "sample"

    inside.until(lambda: wrong() and popover.chooser.found.predicted != popover.chooser.found.label)
    settle(inside)
    first = session.input.sample[2]
    assert session.predicted != session.input.label == loaded.y_test[first]
    popover.close_popover()
    click(control(inside.window, "inside-sample-on"))
    inside.until(lambda: session.input.sample[2] > first)
    settle(inside)
    assert session.predicted != session.input.label
    click(control(inside.window, "inside-sample-back"))
    inside.until(lambda: session.input.sample[2] == first)
    # What is drawn stays when the samples are opened, until one is chosen.
    click(control(inside.window, "inside-clear"))
    drawn = session.input
    popover.chooser.found = None
    click(control(inside.window, "inside-sample-choose"))
    inside.until(lambda: popover.chooser.found is not None)
    assert session.input is drawn
    popover.chooser.number.setValue(8)
    inside.until(lambda: session.input.sample == ("", "validation", 7))


def test_a_project_remembers_the_sample(inside: Inside, tmp_path: Path) -> None:
    inside.sample(41)
    path = tmp_path / "kept.chainrule"
    with inside.qtbot.waitSignal(inside.window.projects.saved, timeout=60_000):
        inside.do("project.save", path=str(path))
    inside.do("template.open", name="emoji-cnn", trained=True)
    inside.until(
        lambda: inside.session.input is not None and inside.session.input.x.shape == (32, 32, 3)
    )
    inside.do("project.open", path=str(path))
    inside.until(lambda: inside.session.input is not None)
    inside.until(lambda: inside.session.input.sample == ("", "validation", 41))
    inside.looked()


def test_what_a_project_has_kept_may_be_anything(inside: Inside) -> None:
    for kept in (
        None,
        3,
        {"sample": 7},
        {"sample": ["", "test", 1]},
        {"sample": ["", "train", -1]},
    ):
        inside.window.context.view["inside"] = kept
        inside.session._on_opened(None)
        inside.until(lambda: inside.session.input is not None)
        assert inside.session.input.source == "sample"


def test_a_sample_of_another_data_set_is_no_label_of_the_network(inside: Inside) -> None:
    inside.do("inside.sample", index=3, data="garments")
    inside.until(lambda: inside.session.input.sample == ("garments", "validation", 3))
    loaded = data.load("garments")
    name = data.info("garments").classes[loaded.y_test[3]]
    assert inside.session.input.words == f"Garments, sample 4 · {name}"
    assert inside.session.input.label is None
    assert np.allclose(inside.session.input.x, loaded.inputs("test")[3], atol=1e-6)


def test_choosing_something_else_ends_reading_a_photo(inside: Inside) -> None:
    session = inside.session
    inside.do("inside.example", name="cat")
    assert session.photography.reading
    inside.do("inside.clear")
    assert not session.photography.reading
    inside.until(lambda: not session.photography._work.busy)
    QApplication.processEvents()
    assert session.input.source == "drawn"


def test_the_panel_is_whole_in_a_small_window(inside: Inside) -> None:
    inside.window.resize(1024, 600)
    QApplication.processEvents()
    names = ("inside-draw", "inside-clear", "inside-brush", "inside-undo-stroke", "inside-input-bars")  # fmt: skip
    spot = inside.view.spots["input"]
    boxes = []
    for name in (*names, "inside-input-picture"):
        widget = inside.window.findChild(QWidget, name)
        box = widget.rect().translated(widget.mapTo(spot, QPoint(0, 0)))
        assert spot.rect().contains(box), name
        boxes.append(box)
    for k, one in enumerate(boxes):
        assert not any(one.intersects(other) for other in boxes[:k])

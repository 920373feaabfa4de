from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QFontMetricsF
from pytestqt.qtbot import QtBot

import app
from app import icons, text, theme, theme_fonts


def contrast(a: QColor, b: QColor) -> float:
    def luminance(color: QColor) -> float:
        parts = [color.redF(), color.greenF(), color.blueF()]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [theme.DARK, theme.LIGHT], ids=lambda colors: colors.name)
def test_text_can_be_read_on_its_grounds(colors: theme.Theme) -> None:
    for ground in ("bg0", "bg1", "bg2"):
        for ink in ("tx", "tx2", "tx3"):
            assert contrast(colors.color(ink), colors.color(ground)) >= 4.5, (ink, ground)
    assert contrast(colors.tx2, colors.selbg) >= 4.5
    assert contrast(colors.priText, colors.pri) >= 4.5


@pytest.mark.parametrize("colors", [theme.DARK, theme.LIGHT], ids=lambda colors: colors.name)
def test_ramps_have_the_ends_and_the_middle_of_the_design(colors: theme.Theme) -> None:
    assert colors.signed(0.0) == colors.mid
    assert colors.signed(2.0) == colors.pos
    assert colors.signed(-1.0) == colors.neg
    assert colors.signed(float("nan")) == colors.mid
    table = colors.table("signed")
    assert table.shape == (256, 4)
    assert table.dtype == np.uint8
    assert not table.flags.writeable
    assert (table[128, :3] == [colors.mid.red(), colors.mid.green(), colors.mid.blue()]).all()
    middle = colors.table("activation")[round(0.6 * 255)]
    assert (
        np.abs(
            middle[:3].astype(int) - [colors.pos.red(), colors.pos.green(), colors.pos.blue()]
        ).max()
        <= 1
    )


def test_the_bundled_fonts_are_used_and_have_the_signs_of_formulas(qtbot: QtBot) -> None:
    app.create_application()
    for role in theme_fonts.roles():
        font = theme.font(role)
        metrics = QFontMetricsF(font)
        assert font.family() in ("Inter", "JetBrains Mono")
        for sign in "−×·∂αδΣ→≥":
            assert metrics.inFontUcs4(ord(sign)), (role, sign)


def test_every_icon_the_program_names_exists() -> None:
    from app.window.actions import _entries
    from app.workspace import workspaces
    from core.layers import registry

    wanted = {entry.icon for entry in _entries() if entry.icon}
    wanted |= {item.icon for item in workspaces()} | {kind.icon for kind in registry.kinds()}
    wanted |= {"player-pause", "chevron-down", "alert-triangle", "plus", "search", "x", "sun"}
    assert not [name for name in sorted(wanted) if not icons.exists(name)]


def test_numbers_have_a_true_minus() -> None:
    assert text.number(-3) == "−3"
    assert text.number(1234567) == "1,234,567"
    assert text.number(0.00025) == "0.00025"
    assert text.number(0.0000025) == "2.5e−6"
    assert text.number(-0.5, 3) == "−0.500"
    assert (text.count(999), text.count(1168), text.count(25_120)) == ("999", "1.2k", "25.1k")
    assert (text.size(512), text.size(1_900_000)) == ("512 B", "1.9 MB")
    assert (text.shape((28, 28, 1)), text.shape(None)) == ("28×28×1", "unknown")
    assert text.tr("step {n}", n=3) == "step 3"

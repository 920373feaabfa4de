"""Controls, all drawn from the theme and usable from the keyboard."""

from __future__ import annotations

from app.widgets.buttons import Button, Control
from app.widgets.chip import Chip
from app.widgets.field import Choice, NumberField, TextField
from app.widgets.hints import Hints
from app.widgets.labels import Header, Key, Label, Line, RichLabel
from app.widgets.overlay import Overlay
from app.widgets.panels import Banner, Panel, ProgressLine, ScrollPanel, Toast
from app.widgets.popover import Popover
from app.widgets.segmented import Segmented
from app.widgets.sentence import Sentence
from app.widgets.slider import Slider
from app.widgets.sparkline import Sparkline
from app.widgets.toggle import Toggle

__all__ = [
    "Banner",
    "Button",
    "Chip",
    "Choice",
    "Control",
    "Header",
    "Hints",
    "Key",
    "Label",
    "Line",
    "NumberField",
    "Overlay",
    "Panel",
    "Popover",
    "ProgressLine",
    "RichLabel",
    "ScrollPanel",
    "Segmented",
    "Sentence",
    "Slider",
    "Sparkline",
    "TextField",
    "Toast",
    "Toggle",
]

"""Close-up of a convolution, forward and as the gradient of its input: the filter slides, patch times weights."""

from __future__ import annotations

from app.scenes.closeups import register
from app.scenes.closeups.windows import WindowCloseup

CONVOLUTION = register(WindowCloseup("convolution", {"conv2d": ("x",), "depthwise2d": ("x",)}))

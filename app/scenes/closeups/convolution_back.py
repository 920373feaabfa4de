"""Close-ups of a convolution's gradients: of its weights, of its bias, and of its input where channels are apart.

The gradient of the input of a convolution over all channels is a convolution itself: `app.scenes.closeups.convolution`.
"""

from __future__ import annotations

from app.scenes.closeups import register
from app.scenes.closeups.windows import WindowCloseup

CONVOLUTION_BACK = register(
    WindowCloseup(
        "convolution gradients",
        {
            "conv2d_weight_grad": ("x", "dy"),
            "depthwise2d_weight_grad": ("x", "dy"),
            "depthwise2d_input_grad": ("dy",),
            "column_sum": ("x",),
        },
    )
)

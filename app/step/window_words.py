"""Sentences for the instructions of convolutions, pooling and frames."""

from __future__ import annotations

WINDOWS = {
    "conv2d": "The filter is laid over a patch of its input; products of pixels and weights are added up.",
    "conv2d_weight_grad": "A weight of a filter has met one pixel of every patch: those pixels, times the errors "
    "there, added up.",
    "depthwise2d": "Each channel has a filter of its own, laid over its patch; channels are not mixed.",
    "depthwise2d_input_grad": "The errors of the patches a pixel was part of, times the weights it met there.",
    "depthwise2d_weight_grad": "The pixels a weight has met in its channel, times the errors there, added up.",
    "turn_kernel": "Every filter is turned by half a turn: what was read from the left now writes to the right.",
    "spread2d": "Zeros are put between the values and around them, so that a filter with stride 1 reaches as far as "
    "one with a larger stride.",
    "pad2d": "Zeros are put around the image, so that the filter can reach over its edge.",
    "crop2d": "The inside of the image is kept, the frame is left out.",
    "max_pool2d": "Only the largest value of each patch goes on.",
    "max_pool2d_grad": "The error goes to the place that held the largest value; the others get nothing.",
    "average_pool2d": "The mean of each patch goes on.",
    "average_pool2d_grad": "Every pixel of a patch gets the same share of its error.",
    "global_max": "Only the largest value of the whole feature map goes on.",
    "global_max_grad": "The error goes to the place that held the largest value; equal ones share it.",
    "mean_of_steps": "The mean of the steps that are not padding goes on.",
    "mean_of_steps_grad": "Every step that is not padding gets the same share of the error.",
    "repeat2d": "Every pixel becomes a block of equal pixels.",
    "repeat2d_grad": "A pixel's error is the sum over the block it became.",
    "bilinear2d": "A pixel between others is a mix of them: the nearer, the larger the share.",
    "bilinear2d_grad": "Every error goes back to the pixels its value was mixed from, in the same shares.",
}

"""The chain rule of a gradient that is no weight's: how the error of a neuron came back from the loss."""

from __future__ import annotations

from app.step.sections import Section
from app.step.sections.chain import paint, path_of_others, tex

SECTION = Section("path", 40, path_of_others, paint, tex)

"""``chainrule study-worker``: a child of a study; a frozen program starts it from itself."""

from __future__ import annotations

import argparse

from core.studies.worker import main


def run(arguments: argparse.Namespace) -> int:
    """Do jobs until the parent is gone."""
    return main([arguments.folder])

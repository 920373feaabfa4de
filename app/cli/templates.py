"""``chainrule templates``: what there is to start from."""

from __future__ import annotations

import argparse

from core import templates


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each template."""
    found = templates.all_templates()
    width = max(len(template.name) for template in found)
    for template in found:
        print(f"{template.name.ljust(width)}  {template.summary}")
    return 0

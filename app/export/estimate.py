"""What an export will take, judged by what earlier ones took on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.export.recipe import Recipe
    from app.settings import Settings

_KEY = "export_measured"


def measured(settings: Settings, recipe: Recipe, frames: int) -> tuple[float, float] | None:
    """Return bytes and seconds for an export, or None if no such film was made yet."""
    known = settings.get(_KEY, {})
    entry = known.get(_name(recipe)) if isinstance(known, dict) else None
    if not isinstance(entry, list) or len(entry) != 2:
        return None
    pixels = frames * recipe.width * recipe.height
    return float(entry[0]) * pixels, float(entry[1]) * pixels


def remember(settings: Settings, recipe: Recipe, frames: int, path: Path, seconds: float) -> None:
    """Note what an export took, by pixel."""
    try:
        files = [path] if path.is_file() else list(path.iterdir())
        space = sum(file.stat().st_size for file in files)
    except OSError:
        return
    pixels = max(1, frames * recipe.width * recipe.height)
    known = settings.get(_KEY, {})
    entry = [space / pixels, seconds / pixels]
    settings.set(_KEY, {**(known if isinstance(known, dict) else {}), _name(recipe): entry})


def _name(recipe: Recipe) -> str:
    return f"{recipe.format}-{recipe.theme}"

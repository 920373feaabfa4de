"""Visible strings: one function that every one of them passes through."""

from __future__ import annotations

_catalogue: dict[str, str] = {}


def tr(text: str, **values: object) -> str:
    """Return ``text`` in the interface language with ``values`` filled in.

    Parameters
    ----------
    text : str
        The English sentence, which is also the key of the catalogue. Placeholders are written
        ``{name}`` so that a translation may reorder them.
    **values : object
        Values for the placeholders. Without any, braces in ``text`` are left alone.

    Returns
    -------
    str
        The translated sentence.
    """
    translated = _catalogue.get(text, text)
    return translated.format(**values) if values else translated


def set_catalogue(catalogue: dict[str, str]) -> None:
    """Replace the table of translations (an empty table means English)."""
    _catalogue.clear()
    _catalogue.update(catalogue)


def number(value: float, digits: int | None = None) -> str:
    """Return a number as it is shown to a reader.

    Parameters
    ----------
    value : float
        The number. Integers get thousands separators.
    digits : int, optional
        Fixed number of decimals; by default as many as the value needs.

    Returns
    -------
    str
        Text with a true minus sign (U+2212).
    """
    if digits is not None:
        text = f"{value:,.{digits}f}"
    elif isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        text = f"{int(value):,}"
    elif value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e6):
        text = _short_exponent(f"{value:.2g}" if abs(value) < 1e-3 else f"{value:.3g}")
    else:
        text = f"{value:.6g}"
    return text.replace("-", "\N{MINUS SIGN}")


def powers(value: float, digits: int) -> str:
    """Return a number with a power of ten, with at most so many digits: ``1.5e6``, ``1e6``."""
    mantissa, exponent = f"{value:.{max(digits, 1) - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}".replace("-", "\N{MINUS SIGN}")


def count(value: int) -> str:
    """Return a count in at most five characters: ``999``, ``1.2k``, ``25.1k``, ``3.4M``."""
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if abs(value) >= limit:
            scaled = value / limit
            return number(scaled, 1 if scaled < 100 else 0) + unit
    return number(value)


def size(value: float) -> str:
    """Return a number of bytes in the largest fitting unit: ``1.9 MB``."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= limit:
            return f"{number(value / limit, 1)} {unit}"
    return f"{number(int(value))} B"


def shape(dimensions: tuple[int | None, ...] | None) -> str:
    """Return a shape as ``28×28×1``; an unknown extent is a question mark."""
    if dimensions is None:
        return tr("unknown")
    return "\N{MULTIPLICATION SIGN}".join("?" if d is None else str(d) for d in dimensions) or "1"


def _short_exponent(text: str) -> str:
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if mark else text

"""Names a learner may have misspelt: what is closest, and the sentence that says so."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

#: More names than this are not listed where a close one is known, but so many of the closest.
_MANY, _CLOSEST = 16, 5
#: Where what a name is made of goes on to tell more: the noun before it has the plural.
_GOES_ON = re.compile(r" (?=(?:of|to|that|for|in|with) )")

#: Words of papers and of other programs for what Keras calls otherwise; tried within a longer name.
_WORDS = {
    "xavier": "glorot",
    "kaiming": "he",
    "logistic": "sigmoid",
    "gaussian": "normal",
    "lr": "learningrate",
}


def closest(name: str, options: Iterable[str]) -> str:
    """The option that `name` was probably meant to be, or "".

    Capitals and underscores do not count, and "xavier_uniform" is close to "glorot_uniform".
    """
    known = {_plain(option): option for option in reversed(list(options))}
    wanted = _plain(name)
    for word, ours in _WORDS.items():
        if wanted not in known and wanted.replace(word, ours) in known:
            wanted = wanted.replace(word, ours)
    if wanted in known:
        return known[wanted]
    # Letters in another order, before a longer name that has them all: "adma" is Adam, not Adamax.
    found = [one for one in reversed(known) if sorted(one) == sorted(wanted)][:1]
    found = found or difflib.get_close_matches(wanted, known, 1, 0.6)
    if not found and len(wanted) > 1:
        # "he" is how people speak of he_uniform, "xavier" of glorot_uniform.
        begins = _WORDS.get(wanted, wanted)
        found = [one for one in reversed(known) if one.startswith(begins)][:1]
    return known[found[0]] if found else ""


def suggestion(name: str, options: Iterable[str]) -> str:
    """`` Did you mean 'relu'?`` with a space before it, or "" if nothing is close."""
    found = closest(name, options)
    return f" Did you mean {found!r}?" if found else ""


def unknown(what: str, name: str, options: Iterable[str]) -> str:
    """The sentence about a name that is not known: ``There is no loss called 'msee'. Did you mean 'mse'? ...``.

    Parameters
    ----------
    what
        "loss", "activation", ...
    name
        As given.
    options
        What is known, told in this order; of many only the closest, if one of them is probably meant.
    """
    known = list(options)
    near = suggestion(name, known)
    told = f"Known {_plural(what)}: {', '.join(known)}."
    if near and len(known) > _MANY:
        first = closest(name, known)
        plain = {_plain(option): option for option in reversed(known)}
        others = difflib.get_close_matches(_plain(name), plain, _CLOSEST, 0.0)
        some = [first, *(plain[one] for one in others if plain[one] != first)][:_CLOSEST]
        told = f"The closest of {len(known)} known {_plural(what)}: {', '.join(some)}."
    return f"There is no {what} called {name!r}.{near} {told}"


def no_argument(owner: str, name: str, known: Iterable[str], has: str = "It has") -> str:
    """The sentence about an argument that `owner` has not: ``SGD has no argument 'momentun'. Did you mean ...``."""
    options = list(known)
    told = ", ".join(options) or "none"
    return f"{owner} has no argument {name!r}.{suggestion(name, options)} {has}: {told}."


def no_attribute(
    module: str, name: str, options: Iterable[str], *, tell_all: bool = False
) -> AttributeError:
    """The error of a module that is asked for what it has not: ``core.layers has no 'Dens'. Did you mean 'Dense'?``.

    With `tell_all` everything it has follows, where that is little.
    """
    known = list(options)
    there_is = f" It has: {', '.join(known)}." if tell_all else ""
    return AttributeError(f"{module} has no {name!r}.{suggestion(name, known)}{there_is}")


def require_free(cls: type, known: type | None, what: str) -> None:
    """Say so if a class takes the name of another one, which would be lost; the same one may be written anew.

    Raises
    ------
    TypeError
        `known` is another class.
    """
    if known is None or (known.__module__, known.__qualname__) == (
        cls.__module__,
        cls.__qualname__,
    ):
        return
    raise TypeError(
        f"Two {what} are called {cls.__name__!r}: the one of {known.__module__} would be lost. Give yours another "
        "name."
    )


def _plural(what: str) -> str:
    """``settings of a run`` for "setting of a run", ``layers that are measured`` for "layer that is measured"."""
    noun, *rest = _GOES_ON.split(what, maxsplit=1)
    many = noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
    for one, more in (("is", "are"), ("was", "were")):
        rest = [re.sub(rf"^that {one}\b", f"that {more}", told) for told in rest]
    return " ".join([many, *rest])


def _plain(name: str) -> str:
    return "".join(ch for ch in name.lower() if ch.isalnum())


def snake_case(kind: str) -> str:
    """Keras's automatic layer names: ``Conv2D`` is ``conv2d``, ``MaxPooling2D`` is ``max_pooling2d``."""
    text = re.sub(r"\W+", "", kind)
    text = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", text)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", text).lower()

r"""Boxes from a subset of TeX: symbols such as ``w^{1}_{21}``, instruction formulas, formulas in lessons.

Understood: groups, ``^``, ``_``, ``\frac``, ``\sqrt``, ``\hat``, ``\bar``, ``\sum_{i}^{n}``, ``\left( \right)``,
``\mathbf`` and its kin, Greek letters, common operators and function names, and Unicode super- and subscripts as
plain text has them (``z¹``, ``h₂``); letters after ``_`` belong together (``z_ur``). An unknown command
is shown as its name rather than refused.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.scenes import formula as f
from core.tape.symbols import VIA

COMMANDS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η",
    "theta": "θ", "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "varphi": "φ", "psi": "ψ", "omega": "ω", "Delta": "Δ", "Sigma": "Σ", "Omega": "Ω", "Phi": "Φ",
    "partial": "∂", "cdot": "·", "times": "×", "odot": "⊙", "circ": "∘", "ast": "*", "star": "*",
    "leftarrow": "←", "gets": "←", "rightarrow": "→", "to": "→", "Rightarrow": "⇒", "le": "≤", "leq": "≤",
    "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "in": "∈", "infty": "∞", "pm": "±",
    "ldots": "…", "dots": "…", "cdots": "⋯", "prime": "′", "top": "T", "intercal": "T", "ell": "ℓ",
    "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "lbrace": "{", "rbrace": "}", "langle": "⟨",
    "rangle": "⟩", "percent": "%", "backslash": "\\", "nabla": "g", "otimes": "⊗", "oplus": "⊕",
}  # fmt: skip
# Neither bundled face has a nabla; the design system writes the gradient as g.

FUNCTIONS = frozenset(
    [
        "exp",
        "log",
        "ln",
        "max",
        "min",
        "tanh",
        "sin",
        "cos",
        "step",
        "arctan",
        "softmax",
        "sigmoid",
        "relu",
        "ReLU",
        "sqrt",
        "sign",
        "clip",
        "mean",
        "var",
        "argmax",
        "arg",
    ]
)
SPACES = {",": 0.18, ":": 0.24, ";": 0.3, "!": -0.1, " ": 0.35, "quad": 1.0, "qquad": 2.0}
TEXTS = frozenset(
    [
        "mathrm",
        "text",
        "textrm",
        "operatorname",
        "mathbf",
        "boldsymbol",
        "bm",
        "mathit",
        "mathsf",
        "textbf",
        "mathcal",
    ]
)
# \fwd{...}, \bwd{...}, \loss{...}: colours of the design system, for lessons.
ROLES = {"fwd": f.FORWARD, "bwd": f.BACKWARD, "loss": f.LOSS, "label": f.LABEL, "text1": f.TEXT}
BOLD = frozenset(("mathbf", "boldsymbol", "bm", "textbf"))
RELATIONS = frozenset("=≈≤≥≠←→⇒∈<>")
BINARY = frozenset("+−·×⊙∘*±⊗⊕")

ABOVE = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿᵀⁱʲᵗˣʰ", "0123456789+−()nTijtxh", strict=True))
BELOW = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ᵢⱼₖₙₜₒₕₓₐₑₘₛₚᵣᵤᵥ", "0123456789+−()ijkntohxaemspruv", strict=True))
HATTED = {"ŷ": "y"}

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]|[0-9.]+|\s+|.", re.DOTALL)


def to_box(source: str, pen: f.Pen) -> f.Box:
    """Lay TeX out in the style `pen`."""
    return _cached(source.replace(VIA, r"\ \text{via}\ "), pen)


@lru_cache(maxsize=1024)
def _cached(source: str, pen: f.Pen) -> f.Box:
    # Thousands are kept, and gone through whenever garbage is searched for.
    return f.flat(_Parser(source).row(pen))


class _Parser:
    """A recursive descent over tokens."""

    def __init__(self, source: str) -> None:
        self.tokens = _TOKEN.findall(source)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def row(self, pen: f.Pen, until: tuple[str, ...] = ()) -> f.Box:
        boxes: list[f.Box] = []
        while self.at < len(self.tokens):
            if self.peek() in until:
                self.take()
                break
            box = self.item(pen)
            if box is not None:
                boxes.append(box)
        return boxes[0] if len(boxes) == 1 else f.row(boxes)

    def item(self, pen: f.Pen) -> f.Box | None:
        """One atom with its scripts."""
        token = self.peek()
        if token.isspace():
            self.take()
            return None
        large = token
        limits = large in (r"\sum", r"\prod")
        base = self.atom(pen)
        above: list[f.Box] = []
        below: list[f.Box] = []
        small = pen.script()
        while True:
            token = self.peek()
            if token == "^":
                self.take()
                above.append(self.argument(small))
            elif token == "_":
                self.take()
                below.append(self.index(small))
            elif token in ABOVE:
                above.append(self.run(ABOVE, small))
            elif token in BELOW:
                below.append(self.run(BELOW, small))
            elif token in ("'", "′"):
                self.take()
                above.append(f.text("′", small))
            else:
                break
        up = f.row(above) if above else None
        down = f.row(below) if below else None
        if limits:
            return f.operator("Σ" if large == r"\sum" else "Π", pen, down, up)
        return f.scripts(base, up, down, pen)

    def run(self, table: dict[str, str], pen: f.Pen) -> f.Box:
        string = ""
        while self.peek() in table:
            string += table[self.take()]
        return f.text(string, pen)

    def index(self, pen: f.Pen) -> f.Box:
        """What stands below: all letters that follow, as symbols have them (``z_ur``)."""
        letters = ""
        while len(self.peek()) == 1 and self.peek().isascii() and self.peek().isalpha():
            letters += self.take()
        return f.text(letters, pen) if letters else self.argument(pen)

    def argument(self, pen: f.Pen) -> f.Box:
        """A group or a single atom."""
        while self.peek().isspace():
            self.take()
        if self.peek() == "{":
            self.take()
            return self.row(pen, ("}",))
        return self.atom(pen)

    def words(self) -> str:
        """The raw text of a group."""
        while self.peek().isspace():
            self.take()
        if self.peek() != "{":
            return self.take()
        self.take()
        string, depth = "", 1
        while self.at < len(self.tokens):
            token = self.take()
            depth += (token == "{") - (token == "}")
            if depth == 0:
                break
            string += token
        return string

    def atom(self, pen: f.Pen) -> f.Box:
        token = self.take()
        if token == "{":
            return self.row(pen, ("}",))
        if token.startswith("\\") and len(token) > 1:
            return self.command(token[1:], pen)
        if token == "-":
            token = "−"
        if token == "∗":
            # The formulas' face has no U+2217.
            token = "*"
        if token in RELATIONS:
            return f.row([f.space(pen.size * 0.32), f.text(token, pen), f.space(pen.size * 0.32)])
        if token in BINARY:
            return f.row([f.space(pen.size * 0.22), f.text(token, pen), f.space(pen.size * 0.22)])
        if token == ",":
            return f.row([f.text(",", pen), f.space(pen.size * 0.2)])
        if token in HATTED:
            return f.accent(f.text(HATTED[token], pen), "hat", pen)
        if token.isalpha() and len(token) == 1 and token.isascii():
            word = self.word(token)
            return f.text(word, pen)
        return f.text(token, pen)

    def word(self, first: str) -> str:
        """Join the letters of a function's name (`tanh`); other letters are symbols of their own."""
        string, at = first, self.at
        while at < len(self.tokens) and self.tokens[at].isalpha() and self.tokens[at].isascii():
            string += self.tokens[at]
            at += 1
        if string in FUNCTIONS:
            self.at = at
            return string
        return first

    def command(self, name: str, pen: f.Pen) -> f.Box:
        if name in ("frac", "dfrac", "tfrac"):
            inner = pen.fraction()
            return f.fraction(self.argument(inner), self.argument(inner), pen)
        if name == "sqrt":
            return f.root(self.argument(pen), pen)
        if name in ("hat", "widehat", "bar", "overline", "tilde"):
            return f.accent(self.argument(pen), "hat" if "hat" in name else "bar", pen)
        if name in ("sum", "prod"):
            return f.EMPTY
        if name == "left":
            return self.brackets(pen)
        if name in TEXTS:
            string = (
                self.words().replace("-", "−") if name not in ("text", "textrm") else self.words()
            )
            return f.text(string, pen.with_weight(600) if name in BOLD else pen)
        if name in ROLES:
            return self.argument(pen.with_role(ROLES[name]))
        if name == "cell":
            tensor, _, index = self.words().rstrip("]").partition("[")
            cell = (tensor, tuple(int(part) for part in index.split(",") if part.strip()))
            return f.tag(self.argument(pen), cell)
        if name in SPACES:
            return f.space(SPACES[name] * pen.size)
        symbol = COMMANDS.get(name, name)
        if symbol in RELATIONS or symbol in BINARY:
            gap = 0.32 if symbol in RELATIONS else 0.22
            return f.row([f.space(pen.size * gap), f.text(symbol, pen), f.space(pen.size * gap)])
        return f.text(symbol, pen)

    def brackets(self, pen: f.Pen) -> f.Box:
        opening = self.take()
        inner: list[f.Box] = []
        while self.at < len(self.tokens) and self.peek() != r"\right":
            box = self.item(pen)
            if box is not None:
                inner.append(box)
        self.take()
        self.take()
        kind = {"[": "[]", "|": "||", r"\lvert": "||"}.get(opening, "()")
        return f.parentheses(f.row(inner), pen, kind)

"""From the one-line Unicode titles to TeX."""

from __future__ import annotations

import re

_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ˣʰ", "0123456789xh")
_NAMES = {
    "δ": r"\delta", "σ": r"\sigma", "η": r"\eta", "β": r"\beta", "γ": r"\gamma", "ε": r"\varepsilon", "μ": r"\mu",
    "ŷ": r"\hat{y}", "∂": r"\partial ", "·": r" \cdot ", "∘": r" \circ ", "Σ": r"\sum ", "←": r" \leftarrow ",
    "−": "-", "√": r"\sqrt", "∗": r" * ", "²": "^{2}", "∈": r" \in ", "ᵀ": r"^{\top}", "x̂": r"\hat{x}",
    "Ω": r"\Omega ", "ω": r"\omega ", "ỹ": r"\tilde{y}", "ℓ": r"\ell ", "≠": r" \neq ", "L₀": "L_{0}",
}  # fmt: skip

#: What a gradient is of: a symbol, some of which stand in brackets: ``∂L/∂(f∘c)¹⟨2⟩``.
_GRADIENT = re.compile(r"∂L/∂((?:[^\s=·∘)(,+−]|\((?:[^()]|\([^()]*\))*\))+)")


def line_to_tex(line: str) -> str:
    r"""``∂L/∂W¹ = xᵀ·δ¹`` as ``\frac{\partial L}{\partial W^{1}} = x^{\top} \cdot \delta^{1}``."""
    line = _GRADIENT.sub(lambda m: rf"\frac{{∂L}}{{∂{m.group(1)}}}", line)
    line = re.sub(
        r"([⁰¹²³⁴⁵⁶⁷⁸⁹ˣʰ]+)(ᵀ?)",
        lambda m: "^{" + m.group(1).translate(_SUPER) + (r"\top" if m.group(2) else "") + "}",
        line,
    )
    line = re.sub(
        r"\b(relu|softmax|max|mean|sign|huber|where|gather|embed|clip|copy|dropout|pool|conv)\b",
        r"\\operatorname{\1}",
        line,
    )
    line = re.sub(r"_(\w{2,})", r"_{\1}", line)
    line = re.sub(r"\bvia\b", r"\\text{ via }", line)
    line = line.replace("tanh", r"\tanh").replace("cosh", r"\cosh")
    line = line.replace("ln ", r"\ln ").replace("ln(", r"\ln(")
    for source, target in _NAMES.items():
        line = line.replace(source, target)
    return line

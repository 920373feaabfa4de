"""Live formulas: what they say, where each symbol stands, what they look like."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetricsF, QImage, QPainter

from app import theme
from app.scenes import draw
from app.scenes import formula as f
from app.scenes.formula_expressions import (
    Look,
    expression_box,
    format_number,
    formula,
    significant,
    visible,
)
from app.scenes.formula_tex import to_box
from core.expressions import (
    Call,
    Elided,
    Expr,
    Negate,
    Number,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Symbol,
    elide,
)

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(autouse=True)
def _application(qapp):
    """Fonts need an application."""


def ref(name: str, *index: int, symbol: str = "x") -> Ref:
    return Ref(name, index, symbol, ",".join(str(k + 1) for k in index))


X = [ref("in/x", 0, k, symbol="x") for k in range(4)]
W = [ref("d/kernel", k, 1, symbol="W¹") for k in range(4)]
DOT = Sum(tuple(Product(pair) for pair in zip(X, W, strict=True)))
VALUES = {("in/x", (0, k)): 0.5 * k for k in range(4)} | {
    ("d/kernel", (k, 1)): -0.25 for k in range(4)
}


def test_symbols_stand_in_reading_order():
    assert formula(Sum((X[0], X[1])), Look()).plain() == "x1,1 + x1,2".replace(",", "")


def test_numbers_take_the_place_of_symbols():
    shown = formula(Product((X[2], W[0])), Look("numbers"), VALUES).plain()
    assert shown == f"1.0000 × ({MINUS}0.2500)"


def test_a_missing_number_is_an_ellipsis_not_a_zero():
    assert formula(X[1], Look("numbers"), {}).plain() == "…"


def test_every_symbol_is_found_where_it_is_painted():
    box = formula(DOT, Look())
    for one in (*X, *W):
        (rect,) = box.rects(one)
        assert box.hit(rect.center().x(), rect.center().y()) == one
        assert -1 <= rect.left() < rect.right() <= box.width + 1


def test_every_symbol_of_a_fraction_a_power_and_a_root_is_found():
    expr = Quotient(Power(X[0], Number(2)), Sum((Call("sqrt", (X[1],)), Symbol("ε", 1e-7))))
    box = formula(expr, Look())
    top, bottom = box.rects(X[0])[0], box.rects(X[1])[0]
    assert top.bottom() < bottom.top()
    for one in (X[0], X[1]):
        rect = box.rects(one)[0]
        assert box.hit(rect.center().x(), rect.center().y()) == one


def test_nothing_is_hit_outside_the_symbols():
    assert formula(DOT, Look()).hit(-20, -20) is None


def test_long_sums_say_how_much_is_left_out():
    long = Sum(tuple(Product((ref("a", k), ref("b", k, symbol="w"))) for k in range(258)))
    shown = formula(elide(long), Look("numbers"), dict.fromkeys(visible(elide(long)), 1.0)).plain()
    assert "… + 251 more terms" in shown


def test_terms_that_differ_only_in_the_sample_are_written_once_under_a_sum():
    rows = Sum(
        tuple(Product((Ref("x", (r, 0), "x", "1"), Ref("d", (r, 1), "δ", "2"))) for r in range(8))
    )
    shown = formula(rows, Look()).plain()
    assert shown.count("δ") == 1
    assert "Σ" in shown
    assert "8" in shown


def test_formulas_break_at_the_width_they_are_given():
    narrow, wide = formula(DOT, Look(width=120)), formula(DOT, Look())
    assert wide.width > 120
    assert narrow.width <= 120
    assert narrow.height > wide.height
    assert {ref for _, ref in narrow.hits} == {ref for _, ref in wide.hits}


def test_a_call_too_wide_for_its_line_is_opened_up():
    assert formula(Call("tanh", (DOT,)), Look(width=140)).width <= 140


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (0.5, 4, "0.5000"),
        (-0.65, 2, f"{MINUS}0.65"),
        (-0.0, 3, "0.000"),
        (2.8e-7, 4, f"2.8e{MINUS}7"),
        (-1234567.0, 2, f"{MINUS}1.2e6"),
        (float("nan"), 4, "NaN"),
        (float("-inf"), 4, f"{MINUS}∞"),
        (float("inf"), 4, "+∞"),
    ],
)
def test_numbers_have_fixed_decimals_and_a_true_minus(value, decimals, shown):
    assert format_number(value, decimals) == shown


def test_products_of_sums_keep_their_parentheses():
    assert formula(Product((X[0], Sum((Number(1), Negate(X[0]))))), Look()).plain() == (
        f"x11 · (1 {MINUS} x11)"
    )


def test_minus_a_sum_keeps_its_parentheses():
    assert formula(Negate(Sum((X[0], X[1]))), Look()).plain() == f"{MINUS}(x11 + x12)"


def test_gradients_are_fractions_in_the_gradient_colour():
    gradient = Ref("grad/d/kernel", (0, 1), "∂L/∂W¹", "1,2")
    box = formula(gradient, Look())
    assert {run.role for _, _, run in box.glyphs} == {"bwd"}
    assert box.plain() == "∂L∂w112"
    assert any(isinstance(shape, f.Rule) for _, _, shape in box.shapes)


def test_conditions_are_read_as_conditions():
    assert formula(Call("positive", (X[0],)), Look()).plain() == "x11 > 0"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("z¹ = x·W¹", "z1=x·W1"),
        ("∂L/∂W² = a¹ᵀ·δ²", "∂L/∂W2=a1T·δ2"),
        (r"\frac{\partial L}{\partial w_{12}}", "∂L∂w12"),
        (r"\hat{y} = \sigma(z)", "y=σ(z)"),
        (r"\sum_{i=1}^{3} x_i", "Σ3i=1xi"),
        (r"\tanh\left(\frac{a}{b}\right)", "tanhab"),
        (r"\unknown{x}", "unknownx"),
        ("", ""),
        (r"\frac{", ""),
        ("x_", "x"),
        ("}{", "}"),
    ],
)
def test_tex_is_laid_out_and_never_refused(source, shown):
    assert f.lay_out(to_box(source, f.Pen())).plain() == shown


def test_a_symbol_of_a_lesson_names_its_cell():
    box = f.lay_out(to_box(r"\cell{dense_1/kernel[0,1]}{w_{12}} = 1", f.Pen()))
    (rect,) = box.rects(("dense_1/kernel", (0, 1)))
    assert box.hit(rect.center().x(), rect.center().y()) == ("dense_1/kernel", (0, 1))


def test_parentheses_grow_with_what_they_hold():
    low = f.parentheses(to_box("x", f.Pen()), f.Pen())
    high = f.parentheses(to_box(r"\frac{a}{\frac{b}{c}}", f.Pen()), f.Pen())
    assert high.height > low.height + 20


def test_matrices_align_their_columns():
    cells = [
        [f.text("1", f.Pen()), f.text("22", f.Pen())],
        [f.text("333", f.Pen()), f.text("4", f.Pen())],
    ]
    box = f.lay_out(f.matrix(cells, f.Pen()))
    right = {run.text: x + f.advance(run.text, run.size, run.weight) for x, _, run in box.glyphs}
    assert right["1"] == pytest.approx(right["333"])
    assert right["22"] == pytest.approx(right["4"])


@pytest.mark.parametrize("colors", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("scale", [1, 2])
def test_painting_stays_inside_the_box(colors, scale):
    box = f.lay_out(expression_box(DOT, Look(width=160)))
    edge = 12
    image = QImage(
        round((box.width + 2 * edge) * scale), round((box.height + 2 * edge) * scale),
        QImage.Format.Format_ARGB32_Premultiplied,
    )  # fmt: skip
    image.setDevicePixelRatio(scale)
    image.fill(colors.bg1)
    painter = QPainter(image)
    f.paint(painter, box, colors, edge, edge, X[0])
    painter.end()
    ground = colors.bg1.rgb()
    inked = sum(
        image.pixel(x, y) != ground
        for y in range(image.height())
        for x in (0, 1, image.width() - 2, image.width() - 1)
    )
    assert inked == 0
    assert any(
        image.pixel(x, image.height() // 2) != ground for x in range(edge, image.width() - edge)
    )


def test_equal_formulas_are_laid_out_once():
    assert formula(DOT, Look("numbers"), VALUES) is formula(DOT, Look("numbers"), dict(VALUES))


def test_elided_terms_need_no_numbers():
    long = Sum((X[0], Elided(5, (X[1], X[2])), X[3]))
    assert visible(long) == (("in/x", (0, 0)), ("in/x", (0, 3)))


def test_a_long_update_breaks_between_terms_and_keeps_its_root():
    def cell(name):
        return Ref(name, (0,), name, "")

    mean = Sum((Product((Symbol("β", 0.9), cell("m"))), Product((Number(0.1), cell("g")))))
    step = Product(
        (cell("rate"), Quotient(mean, Sum((Call("sqrt", (mean,)), Symbol("ε", 1e-7))))),
    )
    values = {(name, (0,)): 0.123456 for name in ("w", "m", "g", "rate")}
    update = Sum((cell("w"), Negate(step)))
    done = formula(update, Look("numbers", f.Pen(12), width=150.0), values)
    assert "sqrt" not in done.plain()
    assert f"{MINUS}(" not in done.plain()
    assert done.width <= 190


@pytest.mark.parametrize("size", [9, 10, 10.5, 11.5, 12, 20])
def test_numbers_are_as_wide_as_qt_says(size):
    for weight in (400, 500, 600):
        for string in ("0", "+0.8127", f"{MINUS}1.5e{MINUS}7", "1234567", "0.0000"):
            metrics = QFontMetricsF(draw.face(size, weight, True))
            assert draw.advance(string, size, weight, True) == pytest.approx(
                metrics.horizontalAdvance(string), abs=1e-6
            )
            if isinstance(size, int):
                metrics = QFontMetricsF(f.mono(size, weight))
                assert f.advance(string, size, weight) == pytest.approx(
                    metrics.horizontalAdvance(string), abs=1e-6
                )


def test_small_numbers_keep_figures_that_can_be_multiplied() -> None:
    assert significant(0.0) == "0"
    assert significant(0.0005351) == "5.35e−4"
    assert significant(-0.00863) == "−0.00863"
    assert significant(0.0224, sign=True) == "+0.0224"
    assert significant(67000.0) == "67,000"
    assert significant(float("nan")) == "NaN"


def test_a_wide_fraction_is_not_torn_but_has_names_for_its_sums() -> None:
    def mean(letter: str, value: Expr) -> Sum:
        share = Symbol("β", 0.9)
        rest = Sum((Number(1), Negate(share)))
        before = ref(f"d/kernel/{letter}", 0, symbol=f"{letter}(W¹)")
        return Sum((Product((share, before)), Product((rest, value))))

    g, w = ref("grad/d/kernel", 0, symbol="∂L/∂W¹"), ref("d/kernel", 0, symbol="W¹")
    below = Sum((Call("sqrt", (mean("v", Power(g, Number(2))),)), Symbol("ε", 1e-7)))
    step = Product((Symbol("α", 0.001), Quotient(mean("m", g), below)))
    values = {
        ("grad/d/kernel", (0,)): 0.02, ("d/kernel", (0,)): 0.5,
        ("d/kernel/m", (0,)): 0.01, ("d/kernel/v", (0,)): 0.0004,
    }  # fmt: skip
    for mode in ("symbolic", "numbers"):
        done = formula(Sum((w, Negate(step))), Look(mode, f.Pen(13), width=240), values)
        assert done.width <= 240
        plain = done.plain()
        assert plain.count("m′ = ") == plain.count("v′ = ") == 1
        assert {r.tensor for _, r in done.hits} == {name for name, _ in values}
    # 0.9 · 0.01 + 0.1 · 0.02, and 0.9 · 0.0004 + 0.1 · 0.02².
    assert " = 0.011v′" in plain
    assert plain.endswith(" = 0.0004")


def test_a_way_of_a_gradient_stands_behind_it_and_letters_of_an_index_stay_together() -> None:
    way = formula(ref("grad/c", 0, symbol="∂L/∂c¹⟨2⟩ via (f∘c)⟨3⟩"), Look("symbolic"))
    assert way.plain().endswith("via (f∘c)⟨3⟩")
    low = formula(ref("z", 0, symbol="z_ur¹"), Look("symbolic"))
    assert "ur,1" in low.plain()

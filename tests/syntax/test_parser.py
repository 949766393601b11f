"""What parses to what: whole files, precedence, lexical traps, spans."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stripe_dsl.source import SourceFile
from stripe_dsl.syntax.ast import Binary, Expr, Name, Number, Range, Statement, String, Tuple
from stripe_dsl.syntax.build import Builder
from stripe_dsl.syntax.grammar import grammar_folder, load_tables
from stripe_dsl.syntax.parser import parse_expression, parse_file, parse_item
from stripe_dsl.units import UNIT_NAMES
from syntax.dump import dump, dump_statement, dump_text

DATA = Path(__file__).parent / "data"


def expression(text: str) -> Expr:
    tree, diagnostics = parse_expression(SourceFile("test", text), 0, len(text))
    assert diagnostics == [], diagnostics
    return tree


def settings(text: str) -> list[str]:
    """The statements of a property block."""
    tree, diagnostics = parse_file(SourceFile("test", f"robot r {{\n{text}\n}}\n"))
    assert diagnostics == [], diagnostics
    assert tree[0].body is not None
    return [line for item in tree[0].body for line in dump_statement(item)]


@pytest.mark.parametrize("file", sorted(DATA.glob("*.stripe")), ids=lambda file: file.stem)
def test_golden(file: Path) -> None:
    assert dump_text(file.read_text()) == file.with_suffix(".tree").read_text()


@pytest.mark.parametrize("file", sorted(DATA.parents[2].glob("examples/**/*.stripe")), ids=lambda file: file.stem)
def test_examples_parse(file: Path) -> None:
    assert parse_file(SourceFile(file.name, file.read_text()))[1] == []


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a if b or c", "a if (b or c)"),
        ("a if b else c if d", "a if b else (c if d)"),
        ("a where b or c", "a where (b or c)"),
        ("a..b or c", "a..(b or c)"),
        ("a or b and c", "a or (b and c)"),
        ("a or b or c", "(a or b) or c"),
        ("a and not b", "a and (not b)"),
        ("not a < b", "not (a < b)"),
        ("not not a", "not (not a)"),
        ("a < b + c", "a < (b + c)"),
        ("a - b - c", "(a - b) - c"),
        ("a + b * c", "a + (b * c)"),
        ("a / b / c", "(a / b) / c"),
        ("a / b * c", "(a / b) * c"),
        ("a * not b and c", "(a * (not b)) and c"),
        ("a * not b * c", "(a * (not b)) * c"),
        ("a * not b^c", "a * (not (b^c))"),
        ("-a * b", "(-a) * b"),
        ("-a^b", "-(a^b)"),
        ("- -a", "-(-a)"),
        ("+-a * b", "(+-a) * b"),
        ("a + +-b", "a + (+-b)"),
        ("a^b^c", "a^(b^c)"),
        ("a^-b^c", "a^(-(b^c))"),
        ("-a.b", "-(a.b)"),
        ("a.b^c", "(a.b)^c"),
        ("|a|^b", "(|a|)^b"),
        ("|a| + |b|", "(|a|) + (|b|)"),
        ("a * |b| * c", "(a * (|b|)) * c"),
        ("2 m^2 * a", "(2 m^2) * a"),
    ],
)
def test_precedence(text: str, grouped: str) -> None:
    assert dump(expression(text)) == dump(expression(grouped))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1..3", "Range(1.0, 3.0, False)"),
        ("1.5..2", "Range(1.5, 2.0, False)"),
        ("2 * dist", "Binary(*, 2.0, dist)"),
        ("1.0 * not failed", "Binary(*, 1.0, Unary(not, failed))"),
        ("0.5 s where x", "Where(0.5 s, x)"),
        ("3 deg if c", "If(3.0 deg, c, -)"),
        ("500 /ha", "500.0 /ha"),
        ("4 /m2", "4.0 /m2"),
        ("2.5e-5 /(N*m)^2", "2.5e-05 /(N*m)^2"),
        ("0.25 (m/s)^2", "0.25 (m/s)^2"),
        ("30 %", "30.0 %"),
        ("10 N*s/m", "10.0 N*s/m"),
        ("3m", "3.0 m"),
        ("3   m", "3.0 m"),
        ("3 m / x", "Binary(/, 3.0 m, x)"),
        ("3 m*x", "Binary(*, 3.0 m, x)"),
        ("3 / m2_count", "Binary(/, 3.0, m2_count)"),
        ("-1 m", "-1.0 m"),
        ("-(1)", "-1.0"),
        ("--1", "Unary(-, -1.0)"),
        ("+-0.1 m/s", "Range(-0.1 m/s, 0.1 m/s, True)"),
        ("(-1..1 m)", "Range(-1.0, 1.0 m, False)"),
        ("(-1..1) m", "Range(-1.0 m, 1.0 m, False)"),
        ("(0, 0, 2) m", "Tuple((0.0, 0.0, 2.0), m)"),
        ("(1, 2)", "Tuple((1.0, 2.0), )"),
        ("(1, 2,)", "Tuple((1.0, 2.0), )"),
        ("[]", "List(())"),
        ("f()", "Call(f, (), ())"),
        ("f(a, k = b,)", "Call(f, (a), ((k, b)))"),
        ("env.reward.scene", "Field(Field(env, reward), scene)"),
        ("reward + scene", "Binary(+, reward, scene)"),
        ("touch[feet, base].force@world.x", "Field(Frame(Field(Index(touch, (feet, base)), force), world), x)"),
        ("||a| - |b||", "Norm(Binary(-, Norm(a), Norm(b)))"),
        ("f(|a|, |b|)", "Call(f, (Norm(a), Norm(b)), ())"),
        ("{ xy +-0.5 m; yaw any }", "Braces((xy args=(Range(-0.5 m, 0.5 m, True)), yaw args=(any)))"),
        (r'".*\.foot\d"', repr(r".*\.foot\d")),
        (r'"a\"b\\c\nd"', repr('a"b\\c\nd')),
        ("min(a, 2 min)", "Call(min, (a, 2.0 min), ())"),
        ("a # comment { ( |", "a"),
    ],
)
def test_atoms(text: str, tree: str) -> None:
    assert dump(expression(text)) == tree


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x -1..1 m/s", "x args=(Range(-1.0, 1.0 m/s, False))"),
        ("x -1 -2", "x args=(-1.0, -2.0)"),
        ("size 50 m x 50 m", "size args=(50.0 m, x, 50.0 m)"),
        ("fractal height 3.2 m, octaves 4", "fractal args=(height, 3.2 m, octaves, 4.0)"),
        ("surface color #126B12, label ground", "surface args=(color, '#126B12', label, ground)"),
        ("surface color # no colour", "surface args=(color)"),
        ("color # 123456 is behind a blank", "color"),
        ("spawn at (0, 0, 2) m", "spawn args=(at, Tuple((0.0, 0.0, 2.0), m))"),
        ("through (5, 5) (25, 20)", "through args=(Tuple((5.0, 5.0), ), Tuple((25.0, 20.0), ))"),
        ("at f(1) [1]", "at args=(Call(f, (1.0), ()), List((1.0)))"),
        ("moisture 0.16 +- 0.26", "moisture args=(Binary(+-, 0.16, 0.26))"),
        ("heading any +-0.26", "heading args=(any, Range(-0.26, 0.26, True))"),
        ("slope < 38 deg", "slope args=(Binary(<, slope, 38.0 deg))"),
        ("must slope < 38 deg", "must args=(Binary(<, slope, 38.0 deg))"),
        ("friction a.b 0.6..0.8 / 0.4..0.6",
         "friction args=(Field(a, b), Binary(/, Range(0.6, 0.8, False), Range(0.4, 0.6, False)))"),
        ("mass base += -1..3 kg", "mass args=(base) += Range(-1.0, 3.0 kg, False)"),
        ("base.vel.xy += +-0.5 m/s",
         "· target=Field(Field(base, vel), xy) += Range(-0.5 m/s, 0.5 m/s, True)"),
        ('".*_leg" 0 deg', ".*_leg target='.*_leg' args=(0.0 deg)"),
        ("joint a = \"b\"", "joint args=(a) = 'b'"),
        ("site tip = pole at (0, 0, 1) m", "site args=(tip) = pole [at: Tuple((0.0, 0.0, 1.0), m)]"),
        ("zone a = circle 6 m at spawn", "zone args=(a) = Tuple((circle, 6.0 m, at, spawn), )"),
        ("param a = 2 * 3 m", "param args=(a) = Binary(*, 2.0, 3.0 m)"),
        ("width (a - 1 m) 2", "width args=(Binary(-, a, 1.0 m), 2.0)"),
        ("rate -vmax..vmax", "rate args=(Range(Unary(-, vmax), vmax, False))"),
    ],
)  # fmt: skip
def test_properties(text: str, line: str) -> None:
    assert settings(text) == [line]


def test_line_ends() -> None:
    text = "a = f(1,\n  2) +\n  3 *\n  # comment\n  4\nb =\n  |x\n  - y|; c = 2;;\n\nd = { x 1\n  y 2 }\n"
    tree, diagnostics = parse_file(SourceFile("test", f"task T {{ reset {{ {text} }} }}"))
    assert diagnostics == []
    assert tree[0].body is not None
    assert tree[0].body[0].body is not None
    assert [item.key for item in tree[0].body[0].body] == ["a", "b", "c", "d"]


def test_spans() -> None:
    text = "  track = (a + b) * -2 m/s noise +-0.1 m  # c"
    statement, _ = parse_item(SourceFile("test", text), 0, len(text))
    assert statement.span.text == "track = (a + b) * -2 m/s noise +-0.1 m"
    assert statement.key_span.text == "track"
    product = statement.value
    assert isinstance(product, Binary)
    assert product.span.text == "(a + b) * -2 m/s"
    assert product.op_span.text == "*"
    assert product.left.span.text == "(a + b)"
    assert isinstance(product.right, Number)
    assert product.right.span.text == "-2 m/s"
    assert product.right.unit_span is not None
    assert product.right.unit_span.text == "m/s"
    assert statement.options[0].span.text == "noise +-0.1 m"
    assert statement.options[0].value.span.text == "+-0.1 m"


def test_spans_of_values() -> None:
    text = 'x "a" (1, 2) m -1..1 a.b[0]@c'
    tree, _ = parse_file(SourceFile("test", f"robot r {{ {text} }}"))
    assert tree[0].body is not None
    statement = tree[0].body[0]
    assert [arg.span.text for arg in statement.args] == ['"a"', "(1, 2) m", "-1..1", "a.b[0]@c"]
    kinds = [type(arg) for arg in statement.args[:3]]
    assert kinds == [String, Tuple, Range]


def test_part_of_a_text() -> None:
    text = 'key: "a + b" # yaml'
    tree, diagnostics = parse_expression(SourceFile("test.yaml", text), 6, 11)
    assert diagnostics == []
    assert isinstance(tree, Binary)
    assert (tree.span.start, tree.span.end) == (6, 11)
    tree, diagnostics = parse_expression(SourceFile("test.yaml", text), 6, 9)
    (found,) = diagnostics
    assert found.code == "E0110"
    assert found.span is not None
    assert found.span.text == "+"


@pytest.mark.parametrize("text", ["", "   ", "# only a comment"])
def test_nothing_is_no_expression(text: str) -> None:
    _, diagnostics = parse_expression(SourceFile("test", text), 0, len(text))
    assert [item.code for item in diagnostics] == ["E0110"]


def test_item_forms() -> None:
    source = SourceFile("test", "policy without noise")
    statement, diagnostics = parse_item(source, 0, len(source.text))
    assert diagnostics == []
    assert isinstance(statement, Statement)
    assert statement.key == ""
    assert isinstance(statement.value, Name)
    assert [option.key.id for option in statement.options] == ["without"]


def test_units_in_step() -> None:
    grammar = (grammar_folder() / "stripe.lark").read_text()
    found = re.search(r"_UNIT_NAME: /\(\?:%\|\(\?:(.*?)\)", grammar)
    assert found is not None
    assert set(found[1].split("|")) == set(UNIT_NAMES)


def test_builder_has_every_callback() -> None:
    builder = Builder(SourceFile("test", ""))
    missing = {
        rule.callback
        for rule in load_tables().rules
        if rule.callback and not (rule.expand and rule.size == 1) and not hasattr(builder, rule.callback)
    }
    # These stand for their only child.
    assert missing <= {rule.origin for rule in load_tables().rules if rule.expand}


def test_damaged_cache_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPEC_CACHE", str(tmp_path))
    load_tables.cache_clear()
    fresh = load_tables()
    (file,) = tmp_path.iterdir()
    assert load_tables() is fresh
    for content in (b"", b"garbage", file.read_bytes()[:100]):
        file.write_bytes(content)
        load_tables.cache_clear()
        assert load_tables().rules == fresh.rules
    (file,) = tmp_path.iterdir()
    load_tables.cache_clear()
    assert load_tables().terminals == fresh.terminals


def test_read_only_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STRIPEC_CACHE", str(tmp_path / "file" / "below"))
    load_tables.cache_clear()
    assert load_tables().rules
    load_tables.cache_clear()

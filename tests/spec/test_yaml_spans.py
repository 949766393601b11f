"""What is wrong with a YAML file is said at the exact characters that are wrong."""

from __future__ import annotations

import pytest
from marked import check, yaml_document

LET = "task: {A: {let: {v: %s}}}"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        # keys
        ("«robto»: {}", ["E0206"]),
        ("robot:\n  a:\n    «usdd»: x", ["E0206"]),
        ("robot: {a: {actuator: {x: {'«dampin»': 1}}}}", ["E0206"]),
        ("task:\n  A:\n    train: {algorithm: ppo, «step»: 3}", ["E0206"]),
        ("task: {A: {reward: {«per second»: {}}}}", ["E0206"]),
        ('robot: {a: {usd: x, "«usd»": y}}', ["E0202"]),
        ("robot: {a: {}}\n«robot»: {b: {}}", ["E0202"]),
        ("task: {A: {terminate: {timeout: true, «timeout»: }}}", ["E0202"]),
        ("task: {A: {reward: {per_second: {a: 1}, once: {«a»: 2}}}}", ["E0202"]),
        ("task: {A: {scene: {light: [dome, «dome»]}}}", ["E0202"]),
        ("task: {«1A»: {}, '«a b»': {}, «not»: {}}", ["E0220"] * 3),
        ("? «[a]»\n: b", ["E0309"]),
        # kinds of values
        ("«[a]»", ["E0309"]),
        ("«just text»", ["E0309"]),
        ("«- a»\n- b", ["E0309"]),
        ("task: «[A]»", ["E0309"]),
        ("task: {A: {sim: «fast»}}", ["E0309"]),
        ("task: {A: {train: «[ppo]»}}", ["E0309"]),
        ("task:\n  A:\n    sim:\n      «- physics: 3»\n      - b", ["E0309"]),
        ("robot: {a: {usd: «{b: c}»}}", ["E0309"]),
        ("robot: {a: {joints: {legs: [x, «[y]»]}}}", ["E0309"]),
        ("robot: {a: {self_collision: «maybe»}}", ["E0309"]),
        ("task: {A: {let: {v: «{a: 1}»}}}", ["E0309"]),
        ("task: {A: {let: {v: «[1, 2]»}}}", ["E0309"]),
        ("task: {A: {observe: {policy: «slider.pos»}}}", ["E0309"]),
        ("task: {A: {action: {push: «'x = effort(a)'»}}}", ["E0309"]),
        ("task: {A: {reset: {«a + b»: 1}}}", ["E0309"]),
        ('task: {A: {reset: {"«a\\x2epos»": 1}}}', ["E0309"]),
        # missing values
        ("param: {«a»: , «b»: null, «c»: ~}", ["E0214"] * 3),
        ("robot: {a: {«usd»: }}", ["E0214"]),
        ("task: {A: {sim: {«physics»: ''}}}", ["E0214"]),
        ("task: {A: {action: {«push»: }}}", ["E0214"]),
        ("task: {A: {action: {«push»: {scale: 2}}}}", ["E0214"]),
        ("task: {A: {observe: {policy: [«null», «{scale: 2}»]}}}", ["E0214"] * 2),
        # observations
        ("task: {A: {observe: {policy: [a «noice» 3, 'b «foo» 3']}}}", ["E0206"] * 2),
        ("task: {A: {observe: {policy: [{value: a, «scal»: 2, «offset»: 1}]}}}", ["E0206"] * 2),
        ("task: {A: {observe: {policy: [{«a b»: c}, {q: '«z» = x'}]}}}", ["E0220", "E0202"]),
        ("task: {A: {observe: {policy: [{value: a, name: «1a»}]}}}", ["E0220"]),
    ],
)  # fmt: skip
def test_keys_and_kinds(text: str, codes: list[str]) -> None:
    check(text, *codes)


@pytest.mark.parametrize(
    "value",
    [
        "1 + «$» + 2",
        "'1 + «$» + 2'",
        '"1 + «$» + 2"',
        '"\\"a\\" + «$»"',
        "'\"x\" + «$»'",
        "a +\n    «$»",
        "'a +\n    «$»'",
        "&mark  1 + «$»",
        "&mark '1 + «$»'",
    ],
)
def test_inside_scalars(value: str) -> None:
    check(LET % value, "E0107")


@pytest.mark.parametrize(
    "value",
    [
        "|\n        a +\n          «$»\n",
        "|-\n        a +\n\n        «$»\n",
        "|2-\n        «$» + 1\n",
        ">\n        a +\n        «$»\n",
        ">-\n        max(a, b) +\n        c + «$»\n\n",
        "|  # comment\n        «$» + 1",
    ],
)
def test_inside_block_scalars(value: str) -> None:
    check(f"task:\n  A:\n    let:\n      v: {value}\n", "E0107")


@pytest.mark.parametrize("value", ['«"a + \\x24"»', '«"a \\t $"»', '«"a + \\\n  $"»'])
def test_whole_scalar_where_offsets_are_unknown(value: str) -> None:
    check(LET % value, "E0107")


def test_astral_characters_count_as_one() -> None:
    check("# 😀 é\n«x😀»: 1\nparam: {a: «$»}", "E0206", "E0107")


@pytest.mark.parametrize("line_end", ["\x85", "\u2028", "\n", "\n\n"])
def test_other_line_ends(line_end: str) -> None:
    """YAML has line ends that the language has not; offsets are characters all the same."""
    check(f"# comment{line_end}«x»: 1{line_end}param: {{a: «$»}}{line_end}", "E0206", "E0107")


def test_byte_order_mark() -> None:
    check("\ufeff«x»: 1\nparam: {a: 'b + «$»'}", "E0206", "E0107")


def test_names_and_values_have_spans() -> None:
    text = "robot: {cart: {usd: 'a b.usda', joint: {slider: s1}}}\n"
    text += "task: {A: {reset: {'slider.pos': \"1 m\"}, let: {v: a + b}}}"
    document, diagnostics = yaml_document(text)
    assert diagnostics == []
    (name,) = document.robot
    robot = document.robot[name]
    assert name.span is not None
    assert name.span.text == "cart"
    assert robot.usd is not None
    assert robot.usd.span is not None
    assert robot.usd.span.text == "'a b.usda'"
    (joint,) = robot.joint
    assert joint.span is not None
    assert joint.span.text == "slider"
    assert robot.joint[joint].span == joint.span
    task = next(iter(document.task.values()))
    (place,) = task.reset
    assert place.span is not None
    assert place.span.text == "slider.pos"
    assert task.reset[place].span.text == "1 m"
    assert next(iter(task.let.values())).span.text == "a + b"


def test_spans_of_a_tree_inside_escapes() -> None:
    document, diagnostics = yaml_document('task: {A: {let: {v: "f(\\"x\\", b)\n  + c"}}}')
    assert diagnostics == []
    node = next(iter(next(iter(document.task.values())).let.values())).node
    assert node.left.args[1].span.text == "b"  # type: ignore[attr-defined]
    assert node.right.span.text == "c"  # type: ignore[attr-defined]
    assert node.left.args[0].span.text == '\\"x\\"'  # type: ignore[attr-defined]


def test_all_mistakes_in_one_run_in_order() -> None:
    diagnostics = check(
        "robot:\n  a: {«usdd»: x, self_collision: «3»}\n"
        "task:\n  A:\n    «rewards»: {}\n    let: {v: 1 + «$»}\n    sim: «no»\n",
        "E0206", "E0309", "E0206", "E0107", "E0309",
    )  # fmt: skip
    assert [item.helps for item in diagnostics[::2]][:2] == [("did you mean `usd`?",), ("did you mean `reward`?",)]


def test_second_definition_shows_the_first() -> None:
    (item,) = check("param:\n  a: 1\n  «a»: 2\n", "E0202")
    assert [note.span.line for note in item.notes] == [2]

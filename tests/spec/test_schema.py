"""The JSON schema: both examples are accepted, mistakes rejected, and the committed file is up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from spec_documents import documents

from stripe_dsl.source import read_source
from stripe_dsl.spec.document import Document
from stripe_dsl.spec.modules import read
from stripe_dsl.spec.schema import json_schema, schema_text
from stripe_dsl.spec.write import to_yaml

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "stripe.schema.json"
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def errors(text: str) -> list[str]:
    """What an editor would underline: the schema over the values that YAML itself makes."""
    return [error.json_path for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_committed_file_is_up_to_date() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_text(), "write it again with `stripec schema`"


@pytest.mark.parametrize("name", ["cartpole", "ant"])
def test_examples(name: str) -> None:
    document, diagnostics = read(read_source(ROOT / "examples" / f"{name}.stripe"))
    assert diagnostics == []
    assert isinstance(document, Document)
    assert errors(to_yaml(document)) == []


@pytest.mark.parametrize(
    "text",
    [
        "param: {density: 500 /ha, count: 3, fast: true}",
        "import: {robots: robots/go2.stripe}",
        "robot: {cart: {usd: a.usda, joint: {slider: s}, joints: {legs: '.*_leg', arms: [a, b]}, pose: {'.*': 0 deg}}}",
        "robot: {cart: {actuator: {slider: {implicit: , damping: 10 N*s/m}, pole: }}}",
        "robot: {b: {link: {pole: {box: '(1, 1, 1) m', mass: 1 kg, fixed: true}}}}",
        "scene: {flat: {ground: plane, light: [dome]}}",
        "scene: {flat: {ground: {kind: plane, friction: 1}, light: {dome: {intensity: 3}, sun: }}}",
        "task: {A: {robot: cart, scene: flat, sim: {physics: 120 Hz}}}",
        "task: {A: {robot: {cart: robots.cart}, scene: {ground: plane}, train: ppo}}",
        "task: {A: {observe: {policy: [a, b noise +-1, {value: a, scale: 2}, {pole: wrap(p)}, {pole: {value: p}}]}}}",
        "task: {A: {terminate: {timeout: , far: x > 3 m}, reset: {slider.pos: 1 m}}}",
        "task: {A: {terminate: [timeout], train: {algorithm: ppo, steps: 16, actor: [32, 32, elu], critic: elu}}}",
        "task: {A: {reward: {per_second: {a: 1}, once: {b: 2}}}}",
        "task:\n",
    ],
)
def test_short_forms(text: str) -> None:
    assert errors(text) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("robto: {}", "$"),
        ("- a", "$"),
        ("param: {a: [1, 2]}", "$.param.a"),
        ("param: {a: }", "$.param.a"),
        ("import: {a: 3}", "$.import.a"),
        ("task: {1a: {}}", "$.task"),
        ("task: {not: {}}", "$.task"),
        ("task: {A: {robot: cart, rewards: {}}}", "$.task.A"),
        ("task: {A: {reward: {per second: {}}}}", "$.task.A"),
        ("task: {A: {sim: fast}}", "$.task.A"),
        ("task: {A: {sim: {physic: 3}}}", "$.task.A"),
        ("task: {A: {observe: {policy: slider.pos}}}", "$.task.A"),
        ("task: {A: {observe: {policy: [{scale: 2}]}}}", "$.task.A"),
        ("task: {A: {observe: {policy: [{value: a, scle: 2}]}}}", "$.task.A"),
        ("task: {A: {action: {push: }}}", "$.task.A"),
        ("task: {A: {let: {v: }}}", "$.task.A"),
        ("robot: {a: {self_collision: maybe}}", "$.robot"),
        ("robot: {a: {joint: {slider: {pattern: s, typ: revolute}}}}", "$.robot"),
    ],
)
def test_mistakes(text: str, path: str) -> None:
    found = errors(text)
    assert found
    assert all(item.startswith(path) for item in found)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_every_document_is_accepted(document: Document) -> None:
    assert errors(to_yaml(document)) == []


def _described(schema: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for name, member in schema.get("properties", {}).items():
            yield f"{path}.{name}", member
        for name, member in schema.items():
            yield from _described(member, f"{path}.{name}")
    elif isinstance(schema, list):
        for index, member in enumerate(schema):
            yield from _described(member, f"{path}[{index}]")


def test_every_key_and_block_is_described() -> None:
    members = dict(_described(SCHEMA))
    assert len(members) > 80
    for path, member in members.items():
        assert member["title"], path
        assert len(member["description"]) > 2, path
    for name, definition in SCHEMA["$defs"].items():
        first = definition.get("anyOf", [definition])[0]
        assert definition["title"], name
        assert first["description"], name

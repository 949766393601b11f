from __future__ import annotations

import json
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.robots import JointType, RobotBody, RobotJoint, RobotModel

finite = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(min_size=1, max_size=12)
joints = st.builds(
    RobotJoint,
    name=names,
    type=st.sampled_from(JointType),
    lower=finite | st.just(-inf),
    upper=finite | st.just(inf),
    velocity_limit=finite | st.just(inf),
    effort_limit=finite | st.just(inf),
    parent=names,
    child=names,
    axis=st.tuples(finite, finite, finite),
)
models = st.builds(
    RobotModel,
    name=names,
    source=names,
    format=st.sampled_from(["usd", "urdf", "mjcf", "primitives"]),
    fixed_base=st.booleans(),
    root_body=names,
    joints=st.lists(joints, max_size=4).map(tuple),
    bodies=st.lists(st.builds(RobotBody, names, finite | st.none(), names | st.none(), st.booleans()), max_size=4).map(
        tuple
    ),
    self_collisions=st.booleans() | st.none(),
    collision_shapes=st.integers(0, 99),
    prim=names | st.none(),
    warnings=st.lists(names, max_size=2).map(tuple),
    kept_apart=st.lists(names, max_size=2).map(tuple),
)


@settings(deadline=None)
@given(models)
def test_json_keeps_everything(model: RobotModel) -> None:
    assert RobotModel.from_json(model.to_json()) == model


@settings(deadline=None)
@given(models)
def test_json_is_standard_json(model: RobotModel) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(model.to_json(), parse_constant=refuse)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"joints": 3}', '{"joints": [[1]], "bodies": []}'])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        RobotModel.from_json(text)


def test_look_up_by_name() -> None:
    hinge = RobotJoint("hinge", JointType.CONTINUOUS, -inf, inf, inf, inf, "base", "arm", (0.0, 0.0, 1.0))
    bodies = (RobotBody("base", None), RobotBody("arm", 2.0))
    model = RobotModel("r", "", "usd", True, "base", (hinge,), bodies)
    assert model.joint("hinge") is hinge
    assert model.body("arm").mass == 2.0
    assert model.joint_names == ("hinge",)
    assert model.body_names == ("base", "arm")
    assert not hinge.is_limited
    with pytest.raises(KeyError):
        model.joint("arm")

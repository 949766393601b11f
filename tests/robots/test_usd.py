from __future__ import annotations

from collections.abc import Callable
from math import inf, pi, radians
from pathlib import Path

import pytest

from stripe_dsl.robots import JointType, RobotFileError
from stripe_dsl.robots.usd import identifiers, read, read_with_layers
from stripe_dsl.robots.usd_joints import pxr

Packaged = Callable[[str], Path]

ARM = """
def Xform "arm" (
    variants = {
        string Reach = "short"
    }
    prepend variantSets = "Reach"
    prepend apiSchemas = ["PhysicsArticulationRootAPI"]
)
{
    def Xform "base" (
        prepend apiSchemas = ["PhysicsRigidBodyAPI"]
    )
    {
    }
    def Xform "link" (
        prepend apiSchemas = ["PhysicsRigidBodyAPI", "PhysicsMassAPI"]
    )
    {
        float physics:mass = 2.5
        def Sphere "ball" (
            prepend apiSchemas = ["PhysicsCollisionAPI"]
        )
        {
            double radius = 0.1
        }
    }
    def PhysicsFixedJoint "weld"
    {
        rel physics:body1 = </arm/base>
    }
    def PhysicsRevoluteJoint "elbow" (
        prepend apiSchemas = ["PhysicsDriveAPI:angular", "PhysxJointAPI"]
    )
    {
        rel physics:body0 = </arm/base>
        rel physics:body1 = </arm/link>
        uniform token physics:axis = "Z"
        float physics:lowerLimit = -90
        float physics:upperLimit = 45
        float drive:angular:physics:maxForce = 12
        float physxJoint:maxJointVelocity = 180
    }
    variantSet "Reach" = {
        "short" {
        }
        "long" {
            def Xform "hand" (
                prepend apiSchemas = ["PhysicsRigidBodyAPI"]
            )
            {
            }
            def PhysicsPrismaticJoint "slide"
            {
                rel physics:body0 = </arm/link>
                rel physics:body1 = </arm/hand>
            }
        }
    }
}
"""


def stage(tmp_path: Path, body: str, default: str | None = "arm", name: str = "robot.usda") -> Path:
    path = tmp_path / name
    metadata = f'    defaultPrim = "{default}"\n' if default else ""
    path.write_text(f"#usda 1.0\n(\n{metadata}    metersPerUnit = 1\n)\n{body}")
    return path


def failure(path: Path, prim: str | None = None) -> RobotFileError:
    with pytest.raises(RobotFileError) as caught:
        read(path, prim)
    return caught.value


def test_an_arm(tmp_path: Path) -> None:
    model = read(stage(tmp_path, ARM))
    assert (model.name, model.format, model.fixed_base, model.root_body) == ("arm", "usd", True, "base")
    assert [(body.name, body.mass) for body in model.bodies] == [("base", None), ("link", 2.5)]
    (elbow,) = model.joints
    assert (elbow.name, elbow.type, elbow.parent, elbow.child) == ("elbow", JointType.REVOLUTE, "base", "link")
    assert (elbow.lower, elbow.upper) == pytest.approx((-pi / 2, pi / 4))
    assert elbow.velocity_limit == pytest.approx(pi)
    assert elbow.effort_limit == 12.0
    assert elbow.axis == (0.0, 0.0, 1.0)
    assert model.collision_shapes == 1
    assert [body.collides for body in model.bodies] == [False, True]
    assert model.self_collisions is None
    assert model.warnings == ()


def test_variants_change_what_is_there(tmp_path: Path) -> None:
    path = stage(tmp_path, ARM)
    long = read_with_layers(path, None, {"Reach": "long"}).model
    assert long.joint_names == ("elbow", "slide")
    assert (long.joint("slide").type, long.joint("slide").lower) == (JointType.PRISMATIC, -inf)
    with pytest.raises(RobotFileError) as caught:
        read_with_layers(path, None, {"Reach": "far"})
    assert caught.value.hint == "it has long, short"
    with pytest.raises(RobotFileError, match='no variant "long" of "Rich"'):
        read_with_layers(path, None, {"Rich": "long"})


def test_newtons_ant(packaged: Packaged) -> None:
    model = read(packaged("newton/examples/assets/ant.usda"))
    assert not model.fixed_base
    assert model.root_body == "torso"
    assert len(model.joints) == 8
    assert len(model.bodies) == 9
    assert model.joint("front_left_foot").lower == pytest.approx(radians(30))
    assert model.joint("front_left_leg").axis == (0.0, 0.0, 1.0)
    assert model.self_collisions is False
    assert model.collision_shapes == 13
    assert {body.mass for body in model.bodies} == {None}


def test_newtons_double_pendulum(packaged: Packaged) -> None:
    model = read(packaged("newton/examples/assets/cartpole.usda"))
    assert model.fixed_base
    rail, cart_pole, pole_pole = model.joints
    assert (rail.type, rail.lower, rail.upper, rail.parent) == (JointType.PRISMATIC, -4.0, 4.0, "rail")
    assert cart_pole.type is pole_pole.type is JointType.CONTINUOUS
    assert [body.mass for body in model.bodies] == [None, 1.0, 0.25, 0.25]


def test_a_joint_of_several_degrees_of_freedom(packaged: Packaged) -> None:
    model = read(packaged("newton/examples/assets/humanoid.usda"))
    thigh = [joint for joint in model.joints if joint.child == "left_thigh"]
    assert [joint.name for joint in thigh] == ["left_thigh:0", "left_thigh:1", "left_thigh:2"]
    assert thigh[1].lower == pytest.approx(radians(-120))
    assert thigh[1].axis == pytest.approx((0.0, 1.0, 0.0), abs=1e-5)
    assert "head" in model.body_names
    assert "head" not in model.joint_names


def test_a_wrong_default_prim(packaged: Packaged) -> None:
    path = packaged("newton/examples/assets/cartpole_single_pendulum.usda")
    error = failure(path)
    assert 'names the default prim "cartPole", which it does not have' in error.reason
    assert error.hint == 'add prim "/cartpole"'
    model = read(path, "/cartpole")
    assert model.joint_names == ("slider_to_cart", "cart_to_pole")
    assert (model.name, model.prim, model.fixed_base) == ("cartpole", "/cartpole", True)
    assert failure(path, "/cartpol").hint == 'did you mean "/cartpole" or "/cartpole/cart"?'


def test_no_default_prim(tmp_path: Path) -> None:
    error = failure(stage(tmp_path, ARM, default=None))
    assert "names no default prim" in error.reason
    assert error.hint == 'add prim "/arm"'


def test_no_articulation(tmp_path: Path) -> None:
    error = failure(stage(tmp_path, 'def Xform "arm"\n{\n}\n'))
    assert "holds no articulation" in error.reason
    assert error.hint is None


def test_the_articulation_is_elsewhere(tmp_path: Path) -> None:
    path = stage(tmp_path, ARM + 'def Xform "table"\n{\n}\n', default="table")
    assert failure(path).hint == 'add prim "/arm"'
    assert read(path, "/arm").joint_names == ("elbow",)


def test_several_articulations(tmp_path: Path) -> None:
    two = 'def Xform "both"\n{\n' + ARM.replace("</arm/", "</both/arm/")
    two += ARM.replace("</arm/", "</both/other/").replace('"arm"', '"other"') + "}\n"
    path = stage(tmp_path, two, default="both")
    error = failure(path)
    assert "holds 2 articulations: /both/arm, /both/other" in error.reason
    assert error.hint == 'add prim "/both/arm" or prim "/both/other"'
    assert read(path, "/both/other").joint_names == ("elbow",)


@pytest.mark.parametrize("prim", ["", "arm", "/", "/arm/", "/nowhere", "not a path", "/arm.physics:mass"])
def test_no_such_prim(tmp_path: Path, prim: str) -> None:
    assert f'no prim "{prim}"' in failure(stage(tmp_path, ARM), prim).reason


def test_broken_files(tmp_path: Path) -> None:
    broken = stage(tmp_path, 'def Xform "arm" (\n{\n}\n')
    assert "not readable as USD" in failure(broken).reason
    assert "line 7, column 1: Expected )" in failure(broken).reason
    garbage = tmp_path / "garbage.usd"
    garbage.write_bytes(b"\x00\x01\x02")
    assert "not readable as USD" in failure(garbage).reason
    empty = tmp_path / "empty.usda"
    empty.write_text("")
    assert "not readable as USD" in failure(empty).reason
    assert "no file" in failure(tmp_path / "absent.usda").reason


def test_a_layer_that_goes_while_the_list_of_layers_is_read(tmp_path: Path) -> None:
    going = pxr("Usd").Stage.Open(str(stage(tmp_path, ARM, name="going.usda")))
    staying = pxr("Usd").Stage.Open(str(stage(tmp_path, ARM, name="staying.usda")))
    loaded = list(pxr("Sdf").Layer.GetLoadedLayers())
    del going
    names = {Path(name).name for name in identifiers(loaded)}
    assert "staying.usda" in names
    assert "going.usda" not in names
    assert any(layer.expired for layer in loaded)
    assert staying


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    failure(stage(tmp_path, 'def "arm" (references = @gone.usda@)\n{\n}\n'))
    failure(stage(tmp_path, 'def Xform "arm" (\n{\n}\n'))
    assert capfd.readouterr() == ("", "")


def test_a_missing_reference(tmp_path: Path) -> None:
    error = failure(stage(tmp_path, 'def "arm" (references = @gone.usda@)\n{\n}\n'))
    assert 'refers to "gone.usda", which cannot be read' in error.reason
    looks = stage(tmp_path, ARM + 'def "arm_looks" (references = @looks.usda@)\n{\n}\n')
    reading = read_with_layers(looks)
    assert reading.model.joint_names == ("elbow",)
    assert reading.model.warnings == ('it refers to "looks.usda", which cannot be read',)
    assert reading.layers is None


def test_referenced_layers_are_told(tmp_path: Path) -> None:
    part = stage(tmp_path, ARM, name="part.usda")
    path = stage(tmp_path, 'def "robot" (references = @part.usda@)\n{\n}\n', default="robot")
    reading = read_with_layers(path)
    assert reading.model.joint_names == ("elbow",)
    assert reading.layers == (part,)


def test_what_newton_refuses_is_a_warning(tmp_path: Path) -> None:
    reversed_joint = ARM.replace("body0 = </arm/base>", "body0 = </arm/x>").replace(
        "body1 = </arm/link>", "body1 = </arm/base>"
    )
    reversed_joint = reversed_joint.replace("</arm/x>", "</arm/link>")
    model = read(stage(tmp_path, reversed_joint))
    assert model.joint_names == ("elbow",)
    assert len(model.warnings) == 1
    assert "not a tree from parent to child (two joints lead to body 'base')" in model.warnings[0]


def test_other_things_to_know(tmp_path: Path) -> None:
    centimetres = stage(tmp_path, ARM)
    centimetres.write_text(centimetres.read_text().replace("metersPerUnit = 1", "metersPerUnit = 0.01"))
    assert "unit of length is 0.01 m" in read(centimetres).warnings[0]
    hinged = stage(tmp_path, ARM.replace("PhysicsFixedJoint", "PhysicsRevoluteJoint"))
    model = read(hinged)
    assert not model.fixed_base
    assert "without a fixed joint" in model.warnings[0]


def test_disabled_and_loop_joints(tmp_path: Path) -> None:
    loop = 'def PhysicsRevoluteJoint "loop"\n{\nrel physics:body0 = </arm/base>\nrel physics:body1 = </arm/link>\n'
    loop += "uniform bool physics:excludeFromArticulation = 1\n}\n"
    assert read(stage(tmp_path, ARM.replace("    variantSet ", loop + "    variantSet "))).joint_names == ("elbow",)
    disabled = ARM.replace("</arm/hand>\n", "</arm/hand>\n                bool physics:jointEnabled = 0\n")
    model = read_with_layers(stage(tmp_path, disabled), None, {"Reach": "long"}).model
    assert model.joint_names == ("elbow",)
    assert model.body_names == ("base", "link")


def test_what_was_on_disk_before_does_not_stay(tmp_path: Path) -> None:
    # A failure keeps its traceback, and with it the stage, alive: USD would hand out the old layer for the same path.
    path = stage(tmp_path, ARM.replace("PhysicsArticulationRootAPI", "PhysicsRigidBodyAPI"))
    kept = failure(path)
    stage(tmp_path, ARM)
    assert read(path).joint_names == ("elbow",)
    assert kept.__traceback__ is not None

"""Robots that were brought to USD, loaded by Newton, against the same files in Newton's own importers and in MuJoCo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from stripe_dsl.robots.convert import convert
from stripe_dsl.robots.files import read_file

pytestmark = pytest.mark.sim

NEWTON, GYMNASIUM = "newton/examples/assets", "gymnasium/envs/mujoco/assets"
Array = npt.NDArray[Any]
DOFS = ("lower", "upper", "effort", "armature", "friction", "damping", "spring", "rest")


@dataclass(frozen=True)
class Loaded:
    """A model in Newton, by name of its bodies; a joint goes by its child."""

    model: Any
    bodies: list[str]
    masses: dict[str, float]
    centers: dict[str, Array]
    inertias: dict[str, Array]
    coordinates: dict[str, slice]
    dofs: dict[str, dict[str, Array]]

    def poses(self, positions: Mapping[str, Array]) -> dict[str, Array]:
        """Poses (x, y, z, quaternion) of the bodies with joints at these positions."""
        import newton

        state, q = self.model.state(), self.model.joint_q.numpy()
        for name, values in positions.items():
            q[self.coordinates[name]] = values
        self.model.joint_q.assign(q)
        newton.eval_fk(self.model, self.model.joint_q, self.model.joint_qd, state)
        return dict(zip(self.bodies, state.body_q.numpy(), strict=True))


def loaded(add: Callable[[Any], object]) -> Loaded:
    import newton

    builder = newton.ModelBuilder()
    newton.solvers.SolverMuJoCo.register_custom_attributes(builder)
    add(builder)
    model: Any = builder.finalize(device="cpu")
    bodies = [label.rsplit("/", 1)[-1] for label in model.body_label]
    kinds, children = model.joint_type.numpy(), model.joint_child.numpy()
    q, qd = model.joint_q_start.numpy(), model.joint_qd_start.numpy()
    arrays = dict(
        zip(
            DOFS,
            (
                *(getattr(model, f"joint_{key}").numpy() for key in ("limit_lower", "limit_upper", "effort_limit")),
                *(getattr(model, f"joint_{key}").numpy() for key in ("armature", "friction", "damping")),
                model.mujoco.dof_passive_stiffness.numpy(),
                model.mujoco.dof_springref.numpy(),
            ),
            strict=True,
        )
    )
    moving = [joint for joint in range(len(kinds)) if kinds[joint] != newton.JointType.FREE]
    return Loaded(
        model,
        bodies,
        dict(zip(bodies, model.body_mass.numpy().tolist(), strict=True)),
        dict(zip(bodies, model.body_com.numpy(), strict=True)),
        dict(zip(bodies, model.body_inertia.numpy(), strict=True)),
        {bodies[children[joint]]: slice(q[joint], q[joint + 1]) for joint in moving},
        {
            bodies[children[joint]]: {key: values[qd[joint] : qd[joint + 1]] for key, values in arrays.items()}
            for joint in moving
        },
    )


def ours(source: Path, folder: Path) -> Loaded:
    """Our USD, read as Isaac Lab has Newton read it."""
    from newton.usd import SchemaResolverMjc, SchemaResolverNewton, SchemaResolverPhysx

    stage = folder / "robot.usda"
    stage.write_text(convert(read_file(source), "robot").stage)
    resolvers = [SchemaResolverNewton(), SchemaResolverPhysx(), SchemaResolverMjc()]
    return loaded(lambda builder: builder.add_usd(str(stage), schema_resolvers=resolvers))


def relative(poses: Mapping[str, Array], root: str, body: str) -> Array:
    """Position and rotation matrix of a body, seen from another."""
    (p, a), (x, b) = ((poses[name][:3], matrix(poses[name][3:])) for name in (root, body))
    return np.concatenate([a.T @ (x - p), (a.T @ b).ravel()])


def matrix(quaternion: Array) -> Array:
    """Of a quaternion (x, y, z, w)."""
    x, y, z, w = quaternion
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + 2 * w * skew + 2 * skew @ skew


@pytest.mark.parametrize("name", ["nv_ant.xml", "nv_humanoid.xml", "quadruped.urdf", "cartpole.urdf"])
def test_as_newton_imports_it(packaged: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    source = packaged(f"{NEWTON}/{name}")
    model, mine = read_file(source), ours(source, tmp_path)
    if name.endswith(".urdf"):
        theirs = loaded(lambda builder: builder.add_urdf(str(source), floating=not model.fixed_base))
    else:
        theirs = loaded(lambda builder: builder.add_mjcf(str(source), parse_sites=False))
    assert mine.bodies == list(model.body_names)
    assert set(mine.bodies) == set(theirs.bodies)
    assert mine.masses == pytest.approx(theirs.masses, rel=1e-5)
    for body in mine.bodies:
        np.testing.assert_allclose(mine.centers[body], theirs.centers[body], atol=1e-6)
        scale = np.abs(theirs.inertias[body]).max()
        np.testing.assert_allclose(mine.inertias[body], theirs.inertias[body], atol=1e-4 * scale)
    draws = np.random.default_rng(7)
    positions: dict[str, Array] = {}
    for child, dof in mine.dofs.items():
        # a URDF's damping is a gain of the drive to Newton's importer, and passive here
        for key in DOFS if name.endswith(".xml") else set(DOFS) - {"damping"}:
            np.testing.assert_allclose(
                np.clip(dof[key], -1e6, 1e6),
                np.clip(theirs.dofs[child][key], -1e6, 1e6),
                rtol=1e-5,
                err_msg=f"{child} {key}",
            )
        positions[child] = draws.uniform(-0.8, 0.8, len(dof["lower"]))
    at_zero = mine.poses({child: np.zeros_like(values) for child, values in positions.items()})
    moved, wanted = mine.poses(positions), theirs.poses(positions)
    for body in mine.bodies:
        np.testing.assert_allclose(
            relative(moved, model.root_body, body), relative(wanted, model.root_body, body), atol=2e-5, err_msg=body
        )
    leaves = [np.abs(moved[body] - at_zero[body]).max() for body in mine.bodies]
    assert max(leaves) > 0.1


@pytest.mark.parametrize("name", ["ant", "half_cheetah", "hopper", "humanoid", "swimmer", "walker2d_v5"])
def test_as_mujoco_has_it(packaged: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    """Bodies without a name are left out; most of these robots move against the world by several joints."""
    mujoco = pytest.importorskip("mujoco")
    source = packaged(f"{GYMNASIUM}/{name}.xml")
    model, mine = read_file(source), ours(source, tmp_path)
    truth = mujoco.MjModel.from_xml_path(str(source))
    data = mujoco.MjData(truth)
    data.qpos[:] = truth.qpos0
    if not model.fixed_base:
        data.qpos[:7] = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    draws = np.random.default_rng(7)
    positions = {child: np.zeros(part.stop - part.start) for child, part in mine.coordinates.items()}
    for joint in model.joints:
        file = truth.joint(joint.alias or joint.name)
        place = int(joint.name.partition(":")[2] or 0)
        positions[joint.child][place] = draws.uniform(-0.5, 0.5)
        data.qpos[file.qposadr[0]] += positions[joint.child][place]
        dof = {key: values[place] for key, values in mine.dofs[joint.child].items()}
        address = file.dofadr[0]
        assert dof["armature"] == pytest.approx(truth.dof_armature[address], rel=1e-5)
        assert dof["damping"] == pytest.approx(truth.dof_damping[address], rel=1e-5)
        assert dof["spring"] == pytest.approx(truth.jnt_stiffness[file.id], rel=1e-5)
    mujoco.mj_kinematics(truth, data)
    poses = mine.poses(positions)
    named = [truth.body(number).name for number in range(1, truth.nbody)]
    assert len([body for body in mine.bodies if body != "world"]) == len(named)
    root = model.bodies[model.root_body == "world"].name
    wanted = {
        body: np.array([*data.xpos[i], *np.roll(data.xquat[i], -1)]) for i, body in enumerate(named, start=1) if body
    }
    for body in wanted:
        np.testing.assert_allclose(relative(poses, root, body), relative(wanted, root, body), atol=2e-5, err_msg=body)
        number = truth.body(body).id
        assert mine.masses[body] == pytest.approx(truth.body_mass[number], rel=1e-4)
        np.testing.assert_allclose(mine.centers[body], truth.body_ipos[number], atol=1e-5)
        turn = matrix(np.roll(truth.body_iquat[number], -1))
        inertia = turn @ np.diag(truth.body_inertia[number]) @ turn.T
        np.testing.assert_allclose(mine.inertias[body], inertia, atol=1e-3 * inertia.max())

"""A Warp environment in which everything is called like something else is valid, tidy, and compiles."""

from __future__ import annotations

import ast
import importlib.util
import py_compile
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import warp as wp

from emit.warp_run import load, ruff
from stripe_dsl.emit.package import package_files
from stripe_dsl.emit.warp.module import ATTRIBUTES
from stripe_dsl.pipeline import check_source
from stripe_dsl.source import SourceFile

JOINT_NAMES = (
    *("lambda", "import", "env", "rng", "wp", "square", "sign", "policy", "reward", "LEGS", "i", "k", "double", "mask"),
    *("fresh", "limits", "column", "speed", "float", "_1", "ü", "root_pos", "joint_pos", "terms", "failed", "advance"),
)
LINK = """
    def Xform "{0}_link" (prepend apiSchemas = ["PhysicsRigidBodyAPI", "PhysicsMassAPI"])
    {{
        float physics:mass = 1
    }}
    def PhysicsRevoluteJoint "{0}"
    {{
        rel physics:body0 = </odd/torso>
        rel physics:body1 = </odd/{0}_link>
        uniform token physics:axis = "Z"
        float physics:lowerLimit = -90
        float physics:upperLimit = 90
    }}
"""
ROBOT = """#usda 1.0
(
    defaultPrim = "odd"
)
def Xform "odd" (prepend apiSchemas = ["PhysicsArticulationRootAPI"])
{{
    def Xform "torso" (prepend apiSchemas = ["PhysicsRigidBodyAPI", "PhysicsMassAPI"])
    {{
        float physics:mass = 1
    }}
{links}
}}
"""
SETTINGS = (
    *("double", "union", "ret", "rhs", "NULL", "M_PI", "INFINITY", "NAN", "vars", "assign", "float", "to", "new"),
    *("wp_", "self", "struct", "cfg", "default_", "template"),
)
"""Parameters: words of Python, of C++, macros of its headers, and names that Warp's structs have."""

LETS = (
    *("env", "i", "wp", "reward", "fresh", "k", "rng_states", "mask", "asin", "minimum", "TERMS"),
    *("terms", "terminated", "step_dt", "joint_pos", "root_quat", "JOINTS", "SETTINGS", "range", "print", "Any"),
)
ENDS = ("done", "env", "i", "terminate", "wp", "NULL", "terms", "rewards", "square", "step_dt", "JOINTS")
TERMS = ("env", "i", "union", "done", "wp", "terms", "default", "ret", "double", "rewards", "REWARD_TERMS", "failed")
GROUPS = ("policy", "rng", "param", "actions", "log", "robot", "env", "advance", "torch_groups", "float", "LEGS_")


def odd_task() -> str:
    """A task in which everything is called like something that kernels have."""
    joints = [f'joint j{number} = "{name}"' for number, name in enumerate(JOINT_NAMES)]
    numbers = [f"param {name} = 0.5 rad" for name in SETTINGS]
    lets = [
        f"let {name} = j{number % len(JOINT_NAMES)}.pos + {SETTINGS[number % len(SETTINGS)]}"
        for number, name in enumerate(LETS)
    ]
    ends = [f"{name} = {LETS[number]} > 2 rad" for number, name in enumerate(ENDS)]
    terms = [f"{name} = 0.5 * {LETS[number]} + sum(twice)" for number, name in enumerate(TERMS)]
    sizes = [f"{name}_size = -0.5 * mean(all.pos where all.vel > 0)" for name in ("env", "wp")]
    groups = [f"observe {name} {{ {LETS[number]}; twice; feet.pos; prev({LETS[number]}) }}"
              for number, name in enumerate(GROUPS)]  # fmt: skip
    entries = "; ".join(LETS)
    return "\n".join(
        [
            "robot odd {",
            '  usd "odd.usda"',
            *joints,
            '  joints all = ".*"',
            '  joints LEGS = ["lambda", "import", "env"]',
            '  joints VALUES = ["rng", "wp"]',
            '  joints advance = ["square", "sign"]',
            '  bodies feet = ["lambda_link", "ü_link", "_1_link"]',
            "  actuator joints { implicit; effort 1 N*m }",
            "}",
            "task Odd {",
            "  robot odd",
            "  scene { ground plane }",
            "  sim { physics 120 Hz; control 60 Hz; episode 16 s; envs 16 spaced 5 m }",
            "  sensor wrench = joint_wrench(odd)",
            "  action env_ = effort(LEGS) scale 2 N*m clip -1..1",
            "  action rng = position(advance) scale 2 rad offset default",
            *numbers,
            *lets,
            "let twice = LEGS.pos * 2 + double",
            *groups,
            f"observe wide {{ {entries}; wrench[feet].force; unit(base.lin_vel@body); VALUES.vel noise +-0.1 rad/s }}",
            f"reward per second {{ {'; '.join([*terms, *sizes])} }}",
            f"terminate {{ {'; '.join(ends)}; timeout }}",
            "reset { LEGS.pos = default + (+-0.1 rad); j3.pos = -1..1 rad; base.pos.xy = 0..1 m; base.yaw = 0..1 rad }",
            "}",
        ]
    )


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of the task."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "odd.usda").write_text(ROBOT.format(links="".join(map(LINK.format, JOINT_NAMES))), encoding="utf-8")
    checked = check_source(SourceFile("odd.stripe", odd_task(), folder / "odd.stripe"))
    assert not [item for item in checked.diagnostics if item.severity == "error"], checked.diagnostics
    return package_files(checked.programs[0], folder / "odd", ("warp",))


def kernel_part(text: str) -> str:
    """The structs, functions and kernels of a generated module, without what launches them."""
    kept = ["from __future__ import annotations", "", "from typing import Any", "", "import warp as wp"]
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Expr):
            continue
        if isinstance(node, ast.ClassDef) and not node.decorator_list:
            continue
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        kept += ["", "", *text.splitlines()[first - 1 : node.end_lineno]]
    return "\n".join([*kept, ""])


def test_a_task_of_odd_names_gives_tidy_python(odd: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "env_warp.py"
    path.write_text(odd["env_warp.py"], encoding="utf-8")
    py_compile.compile(str(path), doraise=True)
    assert ruff("check", "--select", "F,E7,E9,A001,A002", str(path)) == (0, "All checks passed!\n")
    assert ruff("format", "--diff", str(path)) == (0, "")


def test_no_name_in_a_kernel_has_two_meanings(odd: dict[str, str]) -> None:
    tree = ast.parse(odd["env_warp.py"])
    globals_ = {name for node in tree.body for name in bound(node)}
    for kernel in (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list):
        arguments = [argument.arg for argument in kernel.args.args]
        names = [node for node in ast.walk(kernel) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        assert not stored & set(arguments), kernel.name
        assert not (stored | set(arguments)) & globals_, kernel.name
        assert used <= stored | set(arguments) | globals_ | {"range", "len", "float", "int", "bool"}, kernel.name


def bound(node: ast.AST) -> list[str]:
    """Names that a statement of a module binds for kernels."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return [alias.asname or alias.name for alias in node.names]
        case ast.FunctionDef() | ast.ClassDef() if {"wp.func", "wp.struct"} & set(
            map(ast.unparse, node.decorator_list)
        ):
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def environment_class(text: str) -> ast.ClassDef:
    """The class of the environment."""
    (found,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.bases)
    return found


def test_no_attribute_is_set_twice_or_hides_a_method(odd: dict[str, str]) -> None:
    (environment,) = (
        node for node in ast.parse(odd["env_warp.py"]).body if isinstance(node, ast.ClassDef) and node.bases
    )
    methods = [node for node in environment.body if isinstance(node, ast.FunctionDef)]
    init = next(method for method in methods if method.name == "__init__")
    stored = [
        node.attr
        for node in ast.walk(init)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    ]
    assert len(stored) == len(set(stored))
    assert not set(stored) & {method.name for method in methods}
    launches = [
        node for node in ast.walk(environment) if isinstance(node, ast.Call) and ast.unparse(node.func) == "wp.launch"
    ]
    assert len(launches) >= 5


def test_kernels_of_odd_names_compile_and_carry_the_settings(odd: dict[str, str], tmp_path: Path) -> None:
    text = kernel_part(odd["env_warp.py"]).replace(
        "import warp as wp\n", 'import warp as wp\n\nwp.set_module_options({"enable_backward": False})\n', 1
    )
    wp.config.quiet = True
    module = load(text, tmp_path / "odd_kernels.py")
    wp.load_module(module, device="cpu")
    (environment,) = (
        node for node in ast.parse(odd["env_warp.py"]).body if isinstance(node, ast.ClassDef) and node.bases
    )
    made = [
        node for node in ast.walk(environment) if isinstance(node, ast.Call) and ast.unparse(node.func) == "settings"
    ]
    (params,) = (call for call in made if ast.unparse(call.args[0]) == "ParamSettings")
    cfg = SimpleNamespace(**{f"{name}_" if name in PYTHON else name: number for number, name in enumerate(SETTINGS)})
    names = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in params.keywords}
    struct = module.settings(module.ParamSettings, cfg, **names)
    values = [getattr(struct, name) for name in module.ParamSettings.vars]
    assert sorted(values) == list(range(len(SETTINGS)))


PYTHON = {"vars", "float", "self"}
"""Words that the cfg writes with an underscore."""


def test_nothing_that_was_written_ends_a_comment_or_a_string(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "examples" / "cartpole.stripe").read_text(encoding="utf-8")
    first = text.index("task Cartpole")
    odd = text[:first] + '# \\""" \r\x00\nimport os\n'.replace("\n", "\n# ") + "\n" + text[first:]
    odd = odd.replace("slider.vel", "delta(slider.pos + # \x00 \u2028 import os\n  pole.pos * 1 m/rad)", 1)
    assert "delta(" in odd
    checked = check_source(SourceFile('x""" \n    import os \\ #.stripe', odd))
    assert not [item for item in checked.diagnostics if item.severity == "error"], checked.diagnostics
    written = package_files(checked.programs[0], tmp_path / "cartpole", ("warp",))["env_warp.py"]
    names = [
        alias.name for node in ast.walk(ast.parse(written)) if isinstance(node, ast.Import) for alias in node.names
    ]
    assert names == ["torch", "warp"]


def test_the_attributes_of_the_base_classes_are_known() -> None:
    """As Isaac Lab's sources have them, which are read here and not imported."""
    folder = Path(__file__).parents[2] / "stripe_dsl" / "emit" / "templates"
    texts = [(folder / "env_warp.py.jinja").read_text(encoding="utf-8")]
    for package, file in (
        ("isaaclab", "envs/direct_rl_env.py"),
        ("isaaclab_experimental", "envs/direct_rl_env_warp.py"),
        ("gymnasium", "core.py"),
    ):
        spec = importlib.util.find_spec(package)
        assert spec is not None and spec.submodule_search_locations
        texts.append((Path(spec.submodule_search_locations[0]) / file).read_text(encoding="utf-8"))
    found = {name for text in texts for name in re.findall(r"(?:self\.|def )(_(?!_)\w+)", text)}
    # ``_level_`` goes on with a word of the template, up or down, and ``_torch`` with the name of a picture
    assert found - {"_policy", "_level_", "_torch"} <= ATTRIBUTES

"""From a placed scene to files: a USD stage, its placements as a table, and the heights of its ground.

What was baked is kept in the user's cache by what it depends on: the scene's record, what its files hold, and the code
that bakes. Baking the same scene again only looks there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from stripe_dsl.diagnostics import Diagnostic
from stripe_dsl.ir.assets import Solid
from stripe_dsl.ir.scene import Scene
from stripe_dsl.ir.terrain import File
from stripe_dsl.robots.cache import cache_folder
from stripe_dsl.robots.copied import content
from stripe_dsl.robots.meshes import Mesh
from stripe_dsl.robots.usd_joints import pxr
from stripe_dsl.scene import surface
from stripe_dsl.scene.assets import things_of
from stripe_dsl.scene.bodies import lifted, masses, write_articulation, write_bodies
from stripe_dsl.scene.file_names import file_names
from stripe_dsl.scene.files import USD_SUFFIXES
from stripe_dsl.scene.forms import Form, fitting, forms_of
from stripe_dsl.scene.functions import module_file
from stripe_dsl.scene.ground import Ground
from stripe_dsl.scene.layout import Layout
from stripe_dsl.scene.made import Made
from stripe_dsl.scene.placements import Instances
from stripe_dsl.scene.prims import ROOT, Contact, prim_name
from stripe_dsl.scene.stage import GroundPart, PlacedLayer, Sheet, write_stage
from stripe_dsl.scene.steps import step
from stripe_dsl.scene.streams import stream
from stripe_dsl.scene.table import write_table
from stripe_dsl.scene.things import Thing, boxed

type Maker = Callable[[Scene, int], tuple[Made | None, list[Diagnostic]]]

GAP = 20.0
"""Between two variants of a scene that lie side by side [m]: a robot at the edge of one does not see the next."""
KEPT = 12
"""Scenes that the cache keeps; those that were used longest ago go first."""


@dataclass(frozen=True, slots=True)
class Baked:
    """The files of a scene.

    Attributes:
        name: of the scene.
        key: hash of what the scene depends on, but for the code that bakes.
        folder: where they are.
        stages: names of the stages, one for each variant.
        tables: names of the tables of placements, likewise.
        heights: name of the file of heights: little-endian floats of the shape (variants, rows, columns) [m].
        fields: names of the files of fields that a task reads, likewise; for distances to circles with their x, y and
            radius as a last dimension.
        bodies: names of the files of what can be pushed.
        shape: of the heights.
        cell: distance between two heights [m].
        told: lines about what was placed, one for each species of each variant.
        said: warnings about it: code, sentence, and layer.
        fresh: whether it was baked now, and not found in the cache.
    """

    name: str
    key: str
    folder: Path
    stages: tuple[str, ...]
    tables: tuple[str, ...]
    heights: str
    fields: tuple[str, ...]
    bodies: tuple[str, ...]
    shape: tuple[int, int, int]
    cell: float
    told: tuple[str, ...]
    said: tuple[tuple[str, str, str], ...]
    fresh: bool

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all files."""
        return (*self.stages, *self.tables, self.heights, *self.fields, *self.bodies)

    def warnings(self, scene: Scene) -> list[Diagnostic]:
        """What is to be said about the scene, each where its layer stands in the file."""
        places = {layer.name: layer.span for layer in scene.layers}
        return [Diagnostic(code, message, places.get(layer)) for code, message, layer in self.said]


def is_there(baked: Baked, part: str) -> bool:
    """Whether a class of the ground or a layer that stands still has something to be touched in a variant."""
    paths = [f"{ROOT}/{kind}/{prim_name(part)}" for kind in ("Ground", "Solids")]
    stages = (pxr("Usd").Stage.Open(str(baked.folder / name)) for name in baked.stages)
    return any(stage.GetPrimAtPath(path) for stage in stages for path in paths)


def scene_key(scene: Scene) -> str:
    """The hash of all that a scene depends on: its record and what its files hold."""
    found = sha256(repr(scene).encode())
    if scene.reads:
        found.update(repr(scene.reads).encode())
    for robot in (layer.robot for layer in scene.layers if layer.robot is not None):
        found.update(repr((robot.primitives, robot.position, robot.rotation)).encode())
        if robot.primitives is None:
            found.update(repr(robot.model.prim).encode())
            found.update(content(robot.model))
    if scene.boxes:
        found.update(b"\0boxes\0")
    for written, path in sorted({(file.written, file.path) for file in _files(scene)}):
        found.update(f"\0{written}\0".encode())
        for part in _composed(path):
            found.update(_content(part))
    for reference, origin in sorted(set(_functions(scene)), key=str):
        found.update(f"\0{reference}\0".encode() + (_content(origin) if origin is not None else b""))
    return found.hexdigest()


def described(scene: Scene) -> dict[str, Any]:
    """What a manifest says of a scene: its name, the hash of all that it depends on, and its files."""
    names = file_names(scene)
    files = [*names.stages, *names.tables, names.heights, *names.fields, *names.all_bodies]
    return {"name": scene.name, "key": scene_key(scene), "files": files}


def bake(scene: Scene, make: Maker) -> tuple[Baked | None, list[Diagnostic]]:
    """Bakes all variants of a scene, or finds what was baked before.

    Args:
        make: makes a variant; called only where nothing was found.

    Returns:
        The files, ``None`` where there are errors; and what is to be said about the scene.

    Raises:
        AssetFileError: if an asset's file gives no triangles.
        OSError: if the cache cannot be written.
    """
    key = scene_key(scene)
    folder = cache_folder() / "scenes" / sha256(f"{key}{code_key()}".encode()).hexdigest()[:32]
    known = _found(scene, key, folder)
    if known is not None:
        return known, known.warnings(scene)
    variants: list[Made] = []
    diagnostics: list[Diagnostic] = []
    for variant in range(scene.variants):
        made, found = make(scene, variant)
        diagnostics += [item for item in found if item not in diagnostics]
        if made is None or any(item.severity == "error" for item in found):
            return None, diagnostics
        variants.append(made)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".partial-"))
    try:
        note = write_scene(scene, variants, partial)
        places = {layer.span: layer.name for layer in scene.layers}
        note["warnings"] = [(item.code, item.message, places.get(item.span, "")) for item in diagnostics]
        note["files"] = {path.name: path.stat().st_size for path in sorted(partial.iterdir())}
        (partial / "scene.json").write_text(json.dumps(note, indent=1), encoding="utf-8")
        if folder.is_dir():  # another process was faster, or what is there is broken
            shutil.rmtree(folder)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _forget(folder.parent)
    known = _found(scene, key, folder)
    assert known is not None
    return replace(known, fresh=True), diagnostics


def write_scene(scene: Scene, variants: Sequence[Made], folder: Path) -> dict[str, Any]:
    """Writes the files of a scene's variants into a folder, and gives what :class:`Baked` says of them."""
    names = file_names(scene)
    heights, told = [], []
    for variant, layout in enumerate(item.layout for item in variants):
        step(f"writing {names.stages[variant]}")
        grounds, layers, sheets = parts_of(layout)
        about = f"Scene {scene.name}, variant {variant}, seed {layout.seed}"
        write_stage(folder / names.stages[variant], grounds, layers, sheets, about=about)
        for item in names.bodies[variant]:
            found = layout.layers[item.layer]
            placed = lifted(placed_layer(found, layout.seed, scene), layout.ground)
            weights = masses(found.layer, placed.scale, layout.seed, scene.name)
            write_bodies(folder / item.stage, folder / item.poses, placed, weights, about=f"{item.layer} of {about}")
        for name, file in names.articulations[variant]:
            write_articulation(folder / file, layout.layers[name], about=f"{name} of {about}")
        write_table(folder / names.tables[variant], layout)
        heights.append(layout.ground.height.astype("<f4"))
        told += layout.text().splitlines()
        told += [Form(layer.apart, layer.why).told(layer.name, layer.solids) for layer in layers if layer.solids]
    stacked = np.stack(heights)
    (folder / names.heights).write_bytes(stacked.tobytes())
    if scene.reads:
        from stripe_dsl.scene.sampled import rasters  # for tasks that read fields

        found = rasters(variants)
        for name, file in zip(scene.reads, names.fields, strict=True):
            (folder / file).write_bytes(found[name].values.astype("<f4").tobytes())
    return {
        "shape": list(stacked.shape),
        "cell": variants[0].layout.ground.grid.cell,
        "told": told,
    }


def parts_of(layout: Layout) -> tuple[list[GroundPart], list[PlacedLayer], list[Sheet]]:
    """What the stage of a layout holds."""
    scene, seed = layout.scene, layout.seed
    forms = forms_of(layout.layers, scene.variants)
    layers = [
        placed_layer(found, seed, scene, forms.get(name, Form()))
        for name, found in layout.layers.items()
        if len(found) and found.layer.stands
    ]
    sheets = [
        Sheet(item.name, _water_mesh(layout, item.name, item.level), item.color, item.opacity, {"class": [item.label]})
        for item in scene.water
    ]
    return ground_parts(scene, layout.ground, seed), layers, [sheet for sheet in sheets if len(sheet.mesh.triangles)]


def ground_parts(scene: Scene, ground: Ground, seed: int) -> list[GroundPart]:
    """The ground as a mesh for each of its classes, or level; the friction of each class is drawn once."""
    terrain, grid = scene.terrain, ground.grid
    x, y = grid.coordinates()
    points = np.stack((x.ravel(), y.ravel(), ground.height.ravel()), axis=1)
    triangles = surface.triangles(grid).astype(np.int64)
    owner = np.zeros(len(triangles), dtype=np.int64)
    if ground.classes is not None:
        owner = np.repeat(ground.classes.ravel().astype(np.int64), 2)
    kinds = [(terrain.name, terrain.surface), *((item.name, item.surface) for item in terrain.classes)]
    parts = []
    for number, (name, what) in enumerate(kinds):
        chosen = triangles[owner == number]
        if len(chosen) == 0:
            continue
        used = np.zeros(len(points), dtype=bool)
        used[chosen] = True
        place = (np.cumsum(used) - 1)[chosen]
        friction = float(stream(seed, scene.name, name, "friction").uniform(*what.friction))
        contact = Contact(round(friction, 4), what.restitution)
        mesh = Mesh(points[used], place)
        level = len(chosen) == len(triangles) and float(np.ptp(ground.height)) == 0.0
        parts.append(GroundPart(name, mesh, what.color, contact, {"class": [what.label]}, level))
    return parts


def placed_layer(found: Instances, seed: int, scene: Scene, form: Form | None = None) -> PlacedLayer:
    """Instances as what a stage takes: each asset with its solid and its varieties is a thing, or its box."""
    layer, things = found.layer, list[Thing]()
    first: dict[tuple[int, Solid, tuple[str, ...]], int] = {}
    kind = np.zeros(len(found), dtype=np.int64)
    for species, asset in sorted(set(zip(found.species.tolist(), found.asset.tolist(), strict=True))):
        what, which = found.assets[asset], layer.species[species]
        labels = tuple(item for item in dict.fromkeys((which.label, what.label)) if item != layer.label)
        key = asset, which.solid, labels
        if key not in first:
            first[key] = len(things)
            things += [replace(thing, labels=labels) for thing in things_of(what, which.solid, seed, scene.name)]
        mine = (found.species == species) & (found.asset == asset)
        kind[mine] = first[key] + found.variety[mine]
    if scene.boxes:
        things = [boxed(thing) for thing in things]
    form = fitting(form or Form(), layer, things)
    return PlacedLayer(
        layer.name,
        tuple(things),
        kind,
        found.position,
        found.rotation,
        found.scale,
        shade=found.tint,
        contact=Contact(layer.friction, layer.restitution),
        labels={"class": [layer.label]},
        apart=form.apart,
        why=form.why,
    )


def variant_origins(scene: Scene) -> tuple[tuple[float, float], ...]:
    """Where the south-west corners of the variants lie [m]: side by side, in about as many rows as columns."""
    columns = int(np.ceil(np.sqrt(scene.variants)))
    step = scene.size[0] + GAP, scene.size[1] + GAP
    return tuple((step[0] * (i % columns), step[1] * (i // columns)) for i in range(scene.variants))


@cache
def code_key() -> str:
    """The hash of the code that synthesises scenes, and what has joints in them: a change of it makes what was baked
    before stale."""
    found, here = sha256(), Path(__file__).parent
    robots = here.parent / "robots"
    for path in sorted([*here.glob("*.py"), *robots.glob("*.py"), *(robots / "templates").glob("*.jinja")]):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def _water_mesh(layout: Layout, name: str, level: float) -> Mesh:
    """The level surface over all cells of which a corner is under water."""
    ground = layout.ground
    under = layout.zones[name].mask(ground.grid)
    wet = under[:-1, :-1] | under[1:, :-1] | under[:-1, 1:] | under[1:, 1:]
    chosen = surface.triangles(ground.grid)[np.repeat(wet.ravel(), 2)].astype(np.int64)
    x, y = ground.grid.coordinates()
    kept, place = np.unique(chosen, return_inverse=True)
    points = np.stack((x.ravel()[kept], y.ravel()[kept], np.full(len(kept), level)), axis=1)
    return Mesh(points, place.reshape(-1, 3))


def _found(scene: Scene, key: str, folder: Path) -> Baked | None:
    """What the cache has, if it is whole."""
    try:
        note = json.loads((folder / "scene.json").read_text(encoding="utf-8"))
        if any((folder / name).stat().st_size != size for name, size in note["files"].items()):
            return None
        os.utime(folder)
        variants, rows, columns = note["shape"]
        names = file_names(scene)
        return Baked(
            scene.name,
            key,
            folder,
            names.stages,
            names.tables,
            names.heights,
            names.fields,
            names.all_bodies,
            (variants, rows, columns),
            note["cell"],
            tuple(note["told"]),
            tuple((code, message, layer) for code, message, layer in note["warnings"]),
            fresh=False,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _forget(folder: Path) -> None:
    """Removes what was used longest ago, where the cache holds more than it should."""
    entries = [item for item in folder.iterdir() if item.is_dir() and not item.name.startswith(".")]
    for old in sorted(entries, key=lambda item: item.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _records(value: Any) -> Iterator[Any]:
    """All records that a record holds, itself included."""
    if is_dataclass(value):
        yield value
        for item in fields(value):
            if item.name != "span":
                yield from _records(getattr(value, item.name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _records(item)
    elif isinstance(value, Mapping):
        yield from _records(list(value.values()))


def _files(scene: Scene) -> Iterator[File]:
    yield from (item for item in _records(scene) if isinstance(item, File))


def _functions(scene: Scene) -> Iterator[tuple[str, Path | None]]:
    """Functions of the user's, ``package.module:function``, with the files of their modules."""
    for item in _records(scene):
        reference = getattr(item, "python", None)
        if isinstance(reference, str):
            yield reference, module_file(reference, item.span)


def _composed(path: Path) -> list[Path]:
    """The files that an asset is made of: of a USD stage all its layers."""
    if path.suffix.lower() not in USD_SUFFIXES or not path.is_file():
        return [path]
    try:
        stage = pxr("Usd").Stage.Open(str(path))
    except pxr("Tf").ErrorException:
        return [path]
    return sorted({path, *(Path(layer.realPath) for layer in stage.GetUsedLayers() if layer.realPath)})


def _content(path: Path) -> bytes:
    try:
        return sha256(path.read_bytes()).digest()
    except OSError:
        return b"missing"

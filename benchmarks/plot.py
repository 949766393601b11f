"""The picture of the step times."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from benchmarks.environments import TASKS, VARIANTS
from benchmarks.results import Results

LOOKS = {
    "ours_warp": ("#c0392b", "o", "-"),
    "ours_torch": ("#e59866", "s", "-"),
    "upstream_warp": ("#1f618d", "o", "--"),
    "upstream_torch": ("#85c1e9", "s", "--"),
}
"""Colour, marker and line of each side."""


def step_times(machines: Sequence[Results]) -> str:
    """Milliseconds of a step against the number of environments as SVG: a row for each machine, a panel for each task.

    The same measurements give the same text: no date, no random ids, and the letters are text.
    """
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    tasks = [task for task in TASKS if any(machine.sizes("step", task) for machine in machines)]
    measured = [machine for machine in machines if any(machine.sizes("step", task) for task in tasks)]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"svg.hashsalt": "stripe", "svg.fonttype": "none", "font.size": 9})
        rows, columns = max(1, len(measured)), max(1, len(tasks))
        figure = Figure(figsize=(4 * columns, 0.4 + 2.9 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False)
        for row, machine in zip(panels, measured, strict=False):
            for panel, task in zip(row, tasks, strict=True):
                if not machine.sizes("step", task):
                    panel.set_axis_off()
                    continue
                for variant, (colour, marker, line) in LOOKS.items():
                    x, y = curve(machine, task, variant)
                    panel.plot(x, y, line, color=colour, marker=marker, markersize=4, label=VARIANTS[variant])
                for how, colour in (("called", "#222222"), ("replayed", "#999999")):
                    x, y = physics_curve(machine, task, how)
                    panel.plot(x, y, ":", color=colour, label=f"physics, {how}")
                panel.set(xscale="log", yscale="log", xlabel="environments", ylabel="ms per control step")
                panel.set_title(f"{task}, {machine.device}", fontsize=9)
                panel.xaxis.set_major_locator(FixedLocator(machine.sizes("step", task)))
                panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
                panel.xaxis.set_minor_locator(NullLocator())
                panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
                panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
                panel.yaxis.set_minor_locator(NullLocator())
                panel.grid(color="#dddddd", linewidth=0.5)
        shown = [panel for panel in panels.flat if panel.lines]
        if shown:
            figure.legend(*shown[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def curve(machine: Results, task: str, variant: str) -> tuple[list[int], list[float]]:
    """Sizes that were measured, and milliseconds of a step."""
    found = {size: machine.find("step", task, variant, size) for size in machine.sizes("step", task)}
    points = {size: result["step_ms"] for size, result in found.items() if result is not None}
    return list(points), list(points.values())


def physics_curve(machine: Results, task: str, how: str) -> tuple[list[int], list[float]]:
    """Sizes that were measured, and milliseconds of bare physics."""
    points = {size: machine.physics_ms(task, size, how) for size in machine.sizes("step", task)}
    known = {size: value for size, value in points.items() if value is not None}
    return list(known), list(known.values())

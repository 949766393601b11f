"""The files of measurements: one for each machine and set of versions, a record for each measurement.

::

    {"device": "NVIDIA H200", "hosts": ["Intel …, 16 CPUs"], "versions": {"torch": "2.11.0", …},
     "records": [{"part": "step", "task": "ant", "variant": "ours_warp", "envs": 4096,
                  "command": "python benchmarks/run.py …", "load": 0.4, "seconds": 21.0, "result": {…}}, …]}

A record of a measurement that failed has ``error`` in place of ``result``.
"""

from __future__ import annotations

import json
import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.environments import VARIANTS

type Key = tuple[str, str, str, int]
"""Part, task, variant and number of environments."""


def key(record: dict[str, Any]) -> Key:
    """What a record measures."""
    return record["part"], record["task"], record["variant"], record["envs"]


@dataclass
class Results:
    """Measurements of one machine.

    Attributes:
        device: Name of the GPU, or of the processor where it ran on that.
        hosts: Processors beside the device; a GPU is not always lent with the same.
        versions: Versions of Python and of the packages that matter.
        records: By what they measure.
    """

    device: str = ""
    hosts: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    records: dict[Key, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read a file."""
        data = json.loads(path.read_text(encoding="utf-8"))
        records = {key(record): record for record in data["records"]}
        return cls(data["device"], data["hosts"], data["versions"], records)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        head = {"device": self.device, "hosts": self.hosts, "versions": self.versions}
        rows = ",\n".join(json.dumps(self.records[name]) for name in sorted(self.records))
        text = f'{json.dumps(head)[:-1]},\n"records": [\n{rows}\n]}}\n'
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)

    def place(self, device: str, hosts: list[str], versions: dict[str, str]) -> None:
        """Say where the measurements come from.

        Raises:
            ValueError: If those that are there come from another device or other versions.
        """
        if self.device and (self.device, self.versions) != (device, versions):
            was, now = f"{self.device} {self.versions}", f"{device} {versions}"
            raise ValueError(f"measurements of two machines or versions in one file: {was}, and {now}")
        self.device, self.versions = device, versions
        self.hosts = sorted({*self.hosts, *hosts})

    def add(self, other: Results) -> None:
        """Take what another file of the same machine has; failed measurements are left out, the others replace.

        Raises:
            ValueError: As in :meth:`place`.
        """
        self.place(other.device, other.hosts, other.versions)
        self.records |= {name: record for name, record in other.records.items() if "result" in record}

    def find(self, part: str, task: str, variant: str, envs: int) -> dict[str, Any] | None:
        """The result of a measurement; None if it was not made or failed."""
        return self.records.get((part, task, variant, envs), {}).get("result")

    def physics_ms(self, task: str, envs: int, how: str) -> float | None:
        """Milliseconds of the physics of a step: the median of the sides that run it in one way.

        Args:
            task: A key of ``TASKS``.
            envs: Number of environments.
            how: ``called`` or ``replayed``, see ``worker.py``.
        """
        found = [self.find("step", task, variant, envs) for variant in VARIANTS]
        times = [result["physics_ms"] for result in found if result is not None and result["physics_how"] == how]
        return statistics.median(times) if times else None

    def sizes(self, part: str, task: str) -> list[int]:
        """Numbers of environments that a part was measured with."""
        return sorted({envs for p, t, _, envs in self.records if (p, t) == (part, task)})

    @property
    def slug(self) -> str:
        """The device as the name of a file."""
        return re.sub(r"[^a-z0-9]+", "-", self.device.lower()).strip("-")

    @property
    def title(self) -> str:
        """The device, and the processors beside it."""
        beside = " or ".join(host for host in self.hosts if host != self.device)
        return f"{self.device} beside {beside}" if beside else self.device

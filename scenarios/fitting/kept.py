"""What has been computed so far, in memory and, if asked, in a file that a stopped fit goes on from."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.units import FloatArray
from ...mc.files import write_text
from ..folder.growing import read_growing

Name = tuple[str | float, ...]


@dataclass
class Kept:
    """Arrays by name, each computed once.

    Attributes
    ----------
    found : dict
        So far.
    path : Path, optional
        A file of a header and a line of JSON for each, which grows as they come once it has begun.
    """

    found: dict[Name, FloatArray] = field(default_factory=dict)
    path: Path | None = None

    @classmethod
    def read(cls, path: Path, header: dict[str, Any]) -> Kept:
        """What a file holds, which goes on growing; nothing where there is none.

        Raises
        ------
        UserError
            If the file is of another fit, or damaged but for its last line.
        """
        kept = cls()
        if read_growing(path, header, "fit", kept._take):
            kept.path = path
        return kept

    def _take(self, row: dict[str, Any]) -> None:
        """An array as the file has it."""
        self.found[tuple(row["name"])] = np.array(row["values"], float)

    def begin(self, path: Path, header: dict[str, Any]) -> None:
        """Write what there is so far into a file, if there is none yet, and from now on all that comes."""
        if self.path is None:
            lines = [json.dumps(header), *(_line(name, values) for name, values in self.found.items())]
            write_text(path, "".join(f"{line}\n" for line in lines))
            self.path = path

    def or_made(self, name: Name, make: Callable[[], FloatArray]) -> FloatArray:
        """What has that name, made if need be."""
        if name not in self.found:
            self.found[name] = make()
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(_line(name, self.found[name]) + "\n")
        return self.found[name]

    @property
    def solved(self) -> int:
        """How often the transport equation was solved."""
        return sum(name[0] == "solved" for name in self.found)


def _line(name: Name, values: FloatArray) -> str:
    return json.dumps({"name": name, "values": values.tolist()})

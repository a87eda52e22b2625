"""What a scan has found so far, in memory and, if asked, in a file that a stopped scan goes on from."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...mc.files import write_text
from ..folder.growing import read_growing
from ..products.numbers import Known

_CHECKSUM = 8  # hexadecimal digits, and a space behind them


class Point(NamedTuple):
    """What came of the run at a point.

    Attributes
    ----------
    numbers : dict of Known
        By name; empty where the run failed.
    notes : list of str
        What should be known of it.
    fault : str
        Why it failed; empty where it did not.
    """

    numbers: dict[str, Known]
    notes: list[str]
    fault: str = ""


@dataclass
class KeptPoints:
    """Points by their number, each found once.

    Attributes
    ----------
    found : dict of Point
        So far.
    path : Path, optional
        A file of a header and a line for each, which grows as they come.
    """

    found: dict[int, Point] = field(default_factory=dict)
    path: Path | None = None
    _described: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, header: dict[str, Any]) -> KeptPoints:
        """What a file holds, which goes on growing; nothing where there is none.

        Raises
        ------
        UserError
            If the file is of another scan, or damaged but for its last line.
        """
        kept = cls()
        if read_growing(path, header, "scan", kept._take, _content):
            kept.path = path
        return kept

    def begin(self, path: Path, header: Mapping[str, Any]) -> None:
        """Write all points that come from now on into a file, if they are in none yet."""
        if self.path is None:
            write_text(path, _line(header))
            self.path = path

    def add(self, number: int, point: Point) -> None:
        """Keep a point, with what its quantities are where no other has said so."""
        self.found[number] = point
        if self.path is None:
            return
        described = {
            name: about
            for name, known in point.numbers.items()
            if self._described.get(name) != (about := _description(known))
        }
        self._described |= described
        values = {
            name: [known.value.tolist(), None if known.error is None else known.error.tolist()]
            for name, known in point.numbers.items()
        }
        row = {
            "point": number,
            "about": described,
            "values": values,
            "notes": point.notes,
            "fault": point.fault,
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(row))

    def _take(self, row: dict[str, Any]) -> None:
        """A point as the file has it."""
        self._described |= row["about"]
        numbers = {}
        for name, (value, error) in row["values"].items():
            about = self._described[name]
            at = None if about["at"] is None else np.array(about["at"], float)
            errors = None if error is None else np.array(error, float)
            words = about["unit"], about["along"], at, about["table"]
            numbers[name] = Known(np.array(value, float), errors, *words)
        self.found[int(row["point"])] = Point(numbers, list(row["notes"]), str(row["fault"]))


def _description(known: Known) -> dict[str, Any]:
    return {
        "unit": known.unit,
        "along": known.along,
        "at": None if known.at is None else known.at.tolist(),
        "table": known.table,
    }


def _line(content: Mapping[str, Any]) -> str:
    text = json.dumps(content)
    return f"{zlib.crc32(text.encode()):0{_CHECKSUM}x} {text}\n"


def _content(line: bytes) -> dict[str, Any]:
    """What a line says; `ValueError` if it is not what was written."""
    text = line[_CHECKSUM + 1 :]
    if int(line[:_CHECKSUM], 16) != zlib.crc32(text):
        raise ValueError("its checksum is wrong")
    return dict(json.loads(text))

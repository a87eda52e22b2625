"""What papers say of residence and grammage near sources, each beside what a run finds."""

from __future__ import annotations

import math
from typing import Any, NamedTuple


class Published(NamedTuple):
    """A number of a paper: of one phase and energy, from `low` to `high` (NaN: no bound)."""

    paper: str
    phase: str
    quantity: str
    energy_GeV: float
    low: float
    high: float
    why: str


_REV = "Blasi (2019), section 3"
_DANGELO = "D'Angelo, Blasi & Amato (2016)"
_NAVA = "Nava et al. (2016)"
_NAVA_HOT = "Nava et al. (2019)"
_BRAHIMI = "Brahimi et al. (2020)"

PUBLISHED = (
    Published(
        _REV, "hot-ionised", "residence_Myr", 10.0, 0.1, 1.0,
        "'several hundred thousand years at GeV energies' in ionised gas of 1e-2 to 1e-3 cm^-3",
    ),
    Published(
        _REV, "hot-ionised", "over_galactic", 1e4, math.nan, 2.0,
        "'negligible above ~TeV'; in hot gas little but the waves themselves damps them, and that is slow",
    ),
    Published(
        _DANGELO, "hot-ionised", "over_galactic", 1e4, 2.0, math.nan,
        "'up to ~10 TeV much larger than naive estimates'",
    ),
    Published(
        _NAVA, "warm-ionised", "over_galactic", 10.0, 2.0, math.nan,
        "D below half of the Galaxy's within tens of pc, at 10 GeV for tens of kyr",
    ),
    Published(
        _NAVA_HOT, "hot-ionised", "over_galactic", 10.0, 5.0, 10.0,
        "D is 5 to 10 times smaller; released over 2e5 yr from 100 pc, here at once from 5 pc",
    ),
    Published(
        _NAVA_HOT, "hot-ionised", "grammage_g_cm2", 10.0, math.nan, 0.1,
        "'negligible'; taken as below a hundredth of the Galaxy's 10 g/cm2",
    ),
    Published(
        _BRAHIMI, "cold-neutral", "grammage_g_cm2", 10.0, 10.0, 20.0,
        "neutrals damp nearly all waves here, so that the time is that of D in the Galaxy; 30 cm^-3",
    ),
    Published(
        _BRAHIMI, "diffuse-molecular", "grammage_g_cm2", 10.0, 10.0, 20.0,
        "D of the Galaxy alone gives that in 300 cm^-3: L_c^2/2D, not confinement",
    ),
    Published(_BRAHIMI, "cold-neutral", "grammage_g_cm2", 1e4, 0.5, 20.0, "as at 10 GeV"),
    Published(_BRAHIMI, "diffuse-molecular", "grammage_g_cm2", 1e4, 0.5, 20.0, "as at 10 GeV"),
)  # fmt: skip
"""From abstracts, and REV."""


def beside_published(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each number of a paper with that of the row of its phase and energy, and their ratio.

    The ratio is 1 within the range of the paper, else to its nearer end.
    """
    found = {(row["phase"], row["energy_GeV"]): row for row in rows}
    table = []
    for one in PUBLISHED:
        row = found.get((one.phase, one.energy_GeV))
        if row is None:
            continue
        ours = float(row[one.quantity])
        ratio = 1.0
        if ours < one.low:
            ratio = ours / one.low
        elif ours > one.high:
            ratio = ours / one.high
        table.append(one._asdict() | {"ours": ours, "ratio": ratio})
    return table

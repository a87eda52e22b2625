"""Skies of a run in the page itself: so small that all of them fit, to far better than a per cent."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ....fields.units import FloatArray, energy_label
from ....maps.light.skyfile import SkyCube, read_sky

SECONDARIES = {"neutrino": "neutrinos (nu + nubar, per flavour)", "gamma": "gamma rays"}
_LARGEST_NSIDE = 64
_MOST_ENERGIES = 8
_STEPS = 65_534
"""Of the logarithm of E^2 I between its ends: eight decades in steps of 0.03%."""


def skies_of(folder: Path) -> list[dict[str, Any]]:
    """What the page knows of each sky file in a folder; an empty list where there is none."""
    found = []
    for secondary, title in SECONDARIES.items():
        path = folder / f"sky_{secondary}.fits"
        if path.exists():
            found.append(packed(read_sky(path), title))
    return found


def packed(cube: SkyCube, title: str) -> dict[str, Any]:
    """A sky as the page reads it.

    Parameters
    ----------
    cube : SkyCube
        Of the run; finer maps than nside 64 are averaged down to it, and of many energies those nearest to
        even steps are kept.
    title : str
        What it is called.

    Returns
    -------
    dict
        "title"; "nside"; "energies" and "labels"; "parts", the names of the components; "low" and "high", the
        ends of ln(E^2 I/(GeV cm^-2 s^-1 sr^-1)); "data": for each energy and each component one uint16 a
        pixel, RING, 0 for none, else 1 + steps from `low`; as differences from pixel to pixel, low bytes
        before high bytes, deflated, base64.
    """
    at = _energies(cube.energy_GeV)
    parts = dict(cube.components) or {"total": cube.intensity}
    nside = min(cube.nside, _LARGEST_NSIDE)
    E = cube.energy_GeV[at]
    maps = np.array(
        [[_coarse(np.asarray(part[i]), nside) for part in parts.values()] for i in at]
    )  # (energies, parts, pixels)
    lit = maps * E[:, None, None] ** 2
    seen = lit[lit > 0.0]
    low, high = (float(np.log(end)) for end in (seen.min(), seen.max())) if seen.size else (0.0, 1.0)
    high = max(high, low + 1e-3)
    with np.errstate(divide="ignore"):
        steps = np.rint((np.log(lit) - low) / (high - low) * _STEPS)
    code = np.where(lit > 0.0, 1.0 + np.maximum(steps, 0.0), 0.0).astype("<u2").reshape(-1, maps.shape[-1])
    rises = np.diff(code, axis=1, prepend=np.zeros((len(code), 1), "<u2")).astype("<u2")
    raw = rises.view(np.uint8).reshape(-1, 2).T.tobytes()
    return {
        "title": title,
        "nside": nside,
        "energies": E.tolist(),
        "labels": [energy_label(each) for each in E],
        "parts": list(parts),
        "low": low,
        "high": high,
        "data": base64.b64encode(zlib.compress(raw)).decode("ascii"),
    }


def _energies(energy_GeV: FloatArray) -> list[int]:
    """Numbers of the energies that are kept: whole powers of ten where there are such, else even steps."""
    powers = np.log10(energy_GeV)
    whole = [i for i, x in enumerate(powers) if abs(x - round(x)) < 0.01]
    if len(whole) < 2:
        whole = np.unique(np.linspace(0, powers.size - 1, _MOST_ENERGIES).astype(int)).tolist()
    some = np.unique(np.linspace(0, len(whole) - 1, _MOST_ENERGIES).astype(int))
    return [whole[i] for i in some]


def _coarse(values: FloatArray, nside: int) -> FloatArray:
    import healpy

    if values.size == 12 * nside**2:
        return values.astype(float)
    return np.asarray(healpy.ud_grade(values.astype(float), nside))

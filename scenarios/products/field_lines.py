"""Figure of the field lines that the protons of a run followed."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...fields.field_lines import CORE_KPC, lines_in_half_plane
from ...fields.units import energy_label, momentum_GeV, speed_kpc_Myr
from ...maps.figures.field_lines import field_lines
from ..run import Run
from .product import Made, Product
from .protons import surface_in_half_plane

_ENERGY_GEV = 1e3
_LINES = 12
_WIDEST_IN_DISCS = 2.5


def _make(run: Run) -> Made:
    return Made({}, figures={"field_lines": partial(_draw, run)})


def _draw(run: Run, ax: Any = None) -> Any:
    """Strength, steepness and mean free path in the half-plane, with the lines that leave the disc."""
    galaxy, lines, distance_kpc = run.galaxy, run.galaxy.lines, run.medium.distance_kpc
    assert lines is not None
    widest = _WIDEST_IN_DISCS * galaxy.R_d_kpc
    R, z = (np.linspace(0.0, min(1.08 * end, widest), 181) for end in galaxy.surface_extent_kpc)
    R_here, z_here = np.broadcast_arrays(R[:, None], z[None, :])
    distance = distance_kpc(R_here, z_here)
    b_R, b_phi, b_z = np.where(distance < 0, lines.direction(R_here, z_here), np.nan)
    steep = np.hypot(b_R, b_z)
    low, high = run.result.grid.energy_edges_GeV[[0, -1]]
    energy = _ENERGY_GEV if low <= _ENERGY_GEV <= high else float(np.sqrt(low * high))
    p = float(momentum_GeV(energy))
    free_kpc = 3.0 * galaxy.diffusion_halo(p, R_here, z_here) / speed_kpc_Myr(np.asarray(p))
    panels = [
        ("Field strength", r"$B$  [$\mu$G]", galaxy.magnetic_field_uG(R_here, z_here)),
        ("Angle to the azimuth", "pitch  [deg]", np.degrees(np.arctan2(steep, np.abs(b_phi)))),
        (f"At {energy_label(energy)}", r"$\lambda_\parallel$  [kpc]", free_kpc),
    ]

    def shown(R: Any, z: Any) -> Any:
        return (distance_kpc(R, z) < 0) & (R < widest) & (z < widest)

    return field_lines(
        R,
        z,
        [(title, label, np.where(distance < 0, values, np.nan)) for title, label, values in panels],
        lines_in_half_plane(lines, (np.arange(_LINES) + 0.5) / _LINES * galaxy.R_d_kpc, shown),
        surface_kpc=surface_in_half_plane(distance, R, z) if galaxy.has_bell_region else None,
        contours=(
            r"$\lambda_\parallel b_{\rm pol}$ [kpc]",
            np.where((distance < 0) & (R_here > CORE_KPC), free_kpc * steep, np.nan),
        ),
        ax=ax,
    )


PRODUCT = Product("field_lines", lambda run: run.scenario.medium.has_lines, _make)

"""The profiles of expanding bubbles in one HDF5 file, for other code to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...fields.units import KPC_MYR_KM_S
from ...mc.coupled.bubble_snapshot import Snapshot
from ..folder.write import writing_profiles

CONVENTIONS = {
    "groups": "delta_G=.../age_Myr=...",
    "faces_kpc, speed_km_s": "of the zones, from the edge of the cavity outwards; gas moves with them",
    "density_cm3": "rho/m_p of each zone; there is no gas in the cavity",
    "gas_pressure_erg_cm3, cosmic_ray_pressure_erg_cm3": "of each zone",
    "protons_cm3": "(zones + 1, groups): cosmic rays per cm^3 in each group of momenta, of the cavity (row "
    "0) and of each zone; divided by the width in energy, n(E, r)",
    "p_edges_GeV": "edges of the groups, GeV/c",
}


def write_profiles(bubbles: Mapping[float, Sequence[Snapshot]], about: Mapping[str, Any], path: Path) -> None:
    """Write snapshots of each overdensity, with their conventions and where they come from."""
    with writing_profiles(about, CONVENTIONS, path) as file:
        for delta_G, ages in bubbles.items():
            for one in ages:
                group = file.create_group(f"delta_G={delta_G:g}/age_Myr={one.age_Myr:g}")
                group["faces_kpc"] = one.r_kpc
                group["speed_km_s"] = one.u_kpc_Myr * KPC_MYR_KM_S
                group["density_cm3"] = one.density_cm3
                group["gas_pressure_erg_cm3"] = one.gas_pressure
                group["cosmic_ray_pressure_erg_cm3"] = one.cosmic_pressure
                group["protons_cm3"] = one.protons_cm3
                group["p_edges_GeV"] = one.p_edges_GeV
                group.attrs.update(
                    {"cavity_pressure_erg_cm3": one.cavity_pressure, "front_kpc": one.front_kpc}
                )

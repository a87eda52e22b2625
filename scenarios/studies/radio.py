"""Radio emission of the circumgalactic gas: the electrons and positrons of its pp collisions, cooled.

PRL (Blasi & Amato 2019) gives 1e-4 to 1e-2 Jy without frequency or solid angle; here it is the flux of the
whole sky, 4 pi sr, as seen from the Sun, at stated frequencies.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...fields.units import C_CM_S, K_B_ERG_K, FloatArray
from ...maps.figures.studies import radio_figure
from ...maps.light.synchrotron import cooling_time_Myr, synchrotron_emissivity
from ...mc.uncertainty import Estimate
from ..file.scenario import Scenario
from ..folder.write import write_json, write_table
from ..products.product import Made
from ..run import Run
from .study import envelope, in_media, study_of_runs

PAPER_JY = (1e-4, 1e-2)
_JY = 1e-23  # erg s^-1 cm^-2 Hz^-1
_CURVE_HZ = np.geomspace(3e7, 3e10, 31)
# nu_c = 3 gamma^2 e B/(4 pi m c) of an electron of 1 GeV in 1 uG.
CRITICAL_HZ = 16.1e6

CONVENTIONS = {
    "flux_Jy": "of the circumgalactic gas over the whole sky, 4 pi sr, seen from the Sun; error: one sigma",
    "intensity_Jy_sr": "the same over 4 pi",
    "brightness_temperature_K": "Rayleigh-Jeans, of that intensity",
    "electrons": "electrons and positrons of pp collisions, cooled in place by synchrotron radiation in the "
    "saturated field and inverse Compton scattering on the CMB",
    "cooling_time_Myr": "of the electrons whose critical frequency it is, at the Bell surface on the axis",
    "paper_Jy": "PRL text, which states neither frequency nor solid angle",
}


def _scenarios(scenario: Scenario) -> list[Scenario]:
    """A run for each overdensity."""
    assert scenario.radio is not None
    return in_media(scenario, delta_G=scenario.radio.delta_G)


def _of_run(scenario: Scenario, run: Run) -> dict[str, Any]:
    """Spectrum of one medium, and its rows at the frequencies that are asked for."""
    assert scenario.radio is not None
    listed = 1e6 * np.array(scenario.radio.frequencies_MHz)
    frequency = np.unique(np.concatenate([listed, _CURVE_HZ]))
    medium = {
        "delta_G": run.galaxy.delta_G,
        "frequency_Hz": frequency,
        "flux_Jy": flux_Jy(run, frequency),
    }
    return medium | {"rows": [_row(run, medium, nu) for nu in listed]}


def _conclude(scenario: Scenario, media: list[dict[str, Any]]) -> Made:
    table = [row for one in media for row in one["rows"]]

    spectra = [
        {"delta_G": one["delta_G"], "frequency_Hz": one["frequency_Hz"], **one["flux_Jy"].as_dict()}
        for one in media
    ]
    found = {**envelope(scenario, CONVENTIONS), "paper_Jy": PAPER_JY, "rows": table, "spectra": spectra}
    files = {"radio.json": partial(write_json, found), "radio.csv": partial(write_table, table)}

    tables = {
        f"delta_G={one['delta_G']:g}": {
            f"flux_Jy at {row['frequency_MHz']:g} MHz": {
                "value": row["flux_Jy"],
                "error": row["flux_error_Jy"],
            }
            for row in one["rows"]
        }
        for one in media
    }
    numbers = {"solid_angle": "4 pi sr", "paper_Jy": list(PAPER_JY), **tables}
    return Made(numbers, files, {"radio": partial(radio_figure, media, PAPER_JY)})


def flux_Jy(run: Run, frequency_Hz: FloatArray) -> Estimate:
    """Flux over the whole sky and its error, of the circumgalactic gas."""
    sky_model, grid = run.sky_model, run.result.grid
    R, z = (0.5 * (edges[1:] + edges[:-1]) for edges in (grid.bell_R_kpc, grid.bell_z_kpc))
    B_uG = run.galaxy.saturated_field_uG(R[:, None], z[None, :])
    B_uG = np.where(run.result.volumes_kpc3["bell"] > 0, B_uG, 0.0)
    # Down to those that radiate far below the lowest frequency in the strongest field.
    lowest = 0.3 * np.sqrt(frequency_Hz.min() / (CRITICAL_HZ * B_uG.max()))
    energy = np.geomspace(min(lowest, 0.3), 3e4, 81)
    electrons = sky_model.emissivity_per_H("electron_positron", energy)["bell"]
    per_H = synchrotron_emissivity(frequency_Hz, energy, electrons, B_uG[..., None])
    return Estimate.of(4.0 * np.pi / _JY * sky_model.replicas_of_mean({"bell": per_H})["cgm"])


def _row(run: Run, medium: dict[str, Any], nu: float) -> dict[str, float]:
    """One frequency of one medium."""
    at = int(np.argmin(np.abs(medium["frequency_Hz"] - nu)))
    flux, error = float(medium["flux_Jy"].value[at]), float(medium["flux_Jy"].error[at])
    intensity = flux / (4.0 * np.pi)
    z = run.galaxy.surface_extent_kpc[1]
    B_uG = float(run.galaxy.saturated_field_uG(0.0, z))
    E_GeV = float(np.sqrt(nu / (CRITICAL_HZ * B_uG)))
    return {
        "delta_G": medium["delta_G"],
        "frequency_MHz": nu / 1e6,
        "flux_Jy": flux,
        "flux_error_Jy": error,
        "intensity_Jy_sr": intensity,
        "brightness_temperature_K": intensity * _JY * C_CM_S**2 / (2.0 * K_B_ERG_K * nu**2),
        "electron_energy_GeV": E_GeV,
        "cooling_time_Myr": float(cooling_time_Myr(E_GeV, B_uG)),
    }


STUDY = study_of_runs("radio", _scenarios, _of_run, _conclude)

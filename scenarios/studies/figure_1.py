"""Figure 1 of PRL (Blasi & Amato 2019): light of the circumgalactic gas, estimated and tracked.

For each overdensity in [figure_1] it gives the neutrino flux that PRL Eq. 17 estimates, that of a run, and
where the two differ. Each cause of their difference is switched off in turn: the geometry (a shell about an
observer who is not in its centre, a flux that is diluted, a region that fills for t_max, and yields of real
collisions), the cut-off at E_max, and diffusion in the Bell region.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...fields import bell
from ...fields.units import KPC_CM, KPC_MYR_CM_S, FloatArray
from ...maps.figures.studies import causes_figure, figure_1
from ...maps.light.emissivity import emissivity
from ...mc.observables import crossing
from ...mc.uncertainty import Estimate
from ..build import sky_energies_GeV
from ..file.scenario import Scenario
from ..folder.write import write_json
from ..products.product import Made
from ..products.skies import prl_17_flux
from ..run import Run
from .study import envelope, in_media, study_of_runs

# Of the Bell region, over Bohm's: small enough that advection carries all up to 10 PeV.
_NO_DIFFUSION = 1e-4
OF_TRACKS = 2.6
"""D over Bohm's that tracks measure in Bell turbulence (the scenario `bell-turbulence`)."""
# Of a proton's energy, what its neutrinos have at most, nearly: above, the end of the range is seen.
_OF_THE_HIGHEST = 0.02

CONVENTIONS = {
    "tracked": "E^2 I of the circumgalactic gas in GeV cm^-2 s^-1 sr^-1, sky average from the Sun, nu + "
    "nubar per flavour; error: one sigma",
    "prl_17": "PRL Eq. 17, the same unit",
    "ratio": "tracked over prl_17",
    "one_zone": "PRL Eq. 16 at the speed of the outflow, with the yields of pp collisions in place of eta "
    "sigma_pp, over PRL Eq. 17",
    "geometry": "tracked without cut-off and diffusion, over one_zone",
    "of_tracks": f"as tracked, with {OF_TRACKS:g} times the diffusion in the Bell region",
    "switched_off": "of what keeps tracked below prl_17; half_at_GeV: above it tracked is below half of it, "
    "null where it is at all energies or at none",
}
CAUSES = {
    "nothing": (),
    "geometry": ("geometry",),
    "geometry and cut-off": ("geometry", "cut-off"),
    "geometry and diffusion": ("geometry", "diffusion"),
    "all three": ("geometry", "cut-off", "diffusion"),
}


def _scenarios(scenario: Scenario) -> list[Scenario]:
    """Three runs for each overdensity: with diffusion in the Bell region, next to none, and as of tracks."""
    assert scenario.figure_1 is not None
    D = scenario.medium.D_over_bohm
    return in_media(
        scenario, delta_G=scenario.figure_1.delta_G, D_over_bohm=(D, D * _NO_DIFFUSION, D * OF_TRACKS)
    )


def _conclude(scenario: Scenario, each: list[dict[str, Any]]) -> Made:
    media = [
        compare(diffusive, advected) | {"of_tracks": of_tracks["neutrino"]}
        for diffusive, advected, of_tracks in zip(each[::3], each[1::3], each[2::3], strict=True)
    ]

    causes = {**envelope(scenario, CONVENTIONS), "media": [_as_in_file(one) for one in media]}
    return Made(
        {f"delta_G={one['delta_G']:g}": summary(one) for one in media},
        {
            "figure_1.json": partial(write_json, [row for one in media for row in rows(one)]),
            "causes.json": partial(write_json, causes),
        },
        {"figure_1": partial(figure_1, media), "figure_1_causes": partial(causes_figure, media)},
    )


def spectra(run: Run) -> dict[str, Any]:
    """Sky-averaged fluxes of the circumgalactic gas of a run, with and without the cut-off at E_max."""
    endless = run.reweight(slope_above=run.result.spectrum.slope)
    E = sky_energies_GeV(run.scenario)
    found: dict[str, Any] = {"delta_G": run.galaxy.delta_G, "prl_17": prl_17_flux(run.galaxy)}
    for name, one in (("neutrino", run), ("gamma", run), ("neutrino_endless", endless)):
        found[name] = E**2 * one.sky_model.mean(name.split("_")[0], E)["cgm"]
    highest = _OF_THE_HIGHEST * run.scenario.transport.energy_range[1]
    found |= {
        "energy_GeV": E,
        "one_zone": one_zone(run, E),
        "highest": highest,
    }
    return found


def one_zone(run: Run, energy_GeV: FloatArray) -> FloatArray:
    """PRL Eq. 16 per flavour with the yields of real collisions, E^2 I in GeV cm^-2 s^-1 sr^-1.

    The protons end, without cut-off, where those of the run do.
    """
    galaxy = run.galaxy
    E = np.geomspace(galaxy.E_min_GeV, run.scenario.transport.energy_range[1], 400)
    flux = galaxy.injected_energy_flux(E)
    speed = float(np.hypot(*galaxy.outflow(0.0, 0.5 * galaxy.R_d_kpc))) * KPC_MYR_CM_S
    density = bell.number_flux_cm2_s_GeV(E, flux) / speed
    q = emissivity("neutrino", energy_GeV, E, density, float(galaxy.helium_factors[2])) / 3.0
    column = float(galaxy.cgm_density_cm3(0.0, 0.5 * galaxy.R_d_kpc)) * galaxy.R_d_kpc * KPC_CM
    return energy_GeV**2 * q * column / (2 * np.pi)


def compare(diffusive: dict[str, Any], advected: dict[str, Any]) -> dict[str, Any]:
    """Tracked over PRL Eq. 17 with nothing, and with each cause of the difference, switched off."""
    E, prl_17 = diffusive["energy_GeV"], diffusive["prl_17"]
    followed = E <= diffusive["highest"] * (1 + 1e-9)
    endless = advected["neutrino_endless"]
    geometry = endless.value[followed] / diffusive["one_zone"][followed]
    geometry = np.append(geometry, np.full((~followed).sum(), geometry[-1]))
    of_geometry = np.divide(endless.error, endless.value, out=np.zeros(E.size), where=endless.value > 0)
    ratios = {}
    for name, causes in CAUSES.items():
        source = advected if "diffusion" in causes else diffusive
        flux = source["neutrino_endless" if "cut-off" in causes else "neutrino"]
        shown = followed if "cut-off" in causes else np.ones(E.size, bool)
        over = prl_17 * (geometry if causes else 1.0)
        value, error = (np.where(shown, each / over, np.nan) for each in (flux.value, flux.error))
        if name == "all three":
            # What is divided by is the same: it is the one zone, exactly.
            error = 0.0 * error
        elif name in ("geometry", "geometry and cut-off"):
            error = np.hypot(error, value * of_geometry)
        ratios[name] = Estimate(value, error)
    return {
        "delta_G": diffusive["delta_G"],
        "prl_17": prl_17,
        "energy_GeV": E,
        "one_zone": diffusive["one_zone"] / prl_17,
        "geometry": geometry,
        "switched_off": ratios,
        "half_at_GeV": {name: _half(E, ratio) for name, ratio in ratios.items()},
        "neutrino": diffusive["neutrino"],
        "gamma": diffusive["gamma"],
    }


def _as_in_file(medium: dict[str, Any]) -> dict[str, Any]:
    """One overdensity as causes.json holds it: each ratio with the energy where it falls below one half."""
    halves = medium["half_at_GeV"]
    ratios = {
        name: ratio.as_dict() | {"half_at_GeV": halves[name]}
        for name, ratio in medium["switched_off"].items()
    }
    return {key: value for key, value in medium.items() if key != "half_at_GeV"} | {"switched_off": ratios}


def _half(E: FloatArray, ratio: Estimate) -> Estimate:
    """Energy above which a ratio lies below one half, with its error from that of the ratio there."""
    ends = [crossing(E, ratio.value + sign * ratio.error) for sign in (-1.0, 1.0)]
    return Estimate(np.array(crossing(E, ratio.value)), np.array(0.5 * abs(ends[1] - ends[0])))


def _largest_error(ratio: Estimate) -> float:
    """Largest relative error where the ratio is above a thousandth."""
    shown = ratio.value > 1e-3
    return float((ratio.error[shown] / ratio.value[shown]).max(initial=0.0))


def rows(medium: dict[str, Any]) -> list[dict[str, float]]:
    """One row for each energy."""
    flux = medium["neutrino"]
    return [
        {
            "delta_G": medium["delta_G"],
            "energy_GeV": energy,
            "prl_17": medium["prl_17"],
            "tracked": value,
            "error": error,
            "ratio": value / medium["prl_17"],
        }
        for energy, value, error in zip(medium["energy_GeV"], flux.value, flux.error, strict=True)
    ]


def summary(medium: dict[str, Any]) -> dict[str, Any]:
    """What to say of one overdensity: the ratio at some energies, and where it falls below one half."""
    E, nothing = medium["energy_GeV"], medium["switched_off"]["nothing"]
    some = [int(np.argmin(np.abs(np.log(E / energy)))) for energy in (10.0, 1e3, 1e4, 1e5)]
    of_tracks = medium["of_tracks"] / medium["prl_17"]
    off = {f"below_half_above_GeV, {name} switched off": half for name, half in medium["half_at_GeV"].items()}
    return {
        "energy_GeV": E[some],
        "ratio_to_prl_17": Estimate(nothing.value[some], nothing.error[some]),
        f"ratio_to_prl_17, D times {OF_TRACKS:g}": Estimate(of_tracks.value[some], of_tracks.error[some]),
        "geometry": medium["geometry"][some],
        "one_zone": medium["one_zone"][some],
        "largest_relative_error": _largest_error(nothing),
        **off,
    }


STUDY = study_of_runs("figure_1", _scenarios, lambda scenario, run: spectra(run), _conclude)

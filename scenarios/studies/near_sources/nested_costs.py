"""What the review says of the nested leaky box, and what that model costs, as numbers.

Blasi 2019, Sect. 3: B/C falls as the grammage of the sources, antiprotons and positrons have the spectrum of
protons and the ratio of their production; but positrons must not lose energy, and sources must release the
protons that are observed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from ....fields.units import GEV_ERG, KPC_CM, M_P_G, M_P_GEV, M_SUN_G, FloatArray
from ....maps.data import read
from ....maps.data.read import Points
from ....maps.light.antimatter import ANTIPROTON, POSITRON, PROTON, cooling_per_GeV_Myr
from ....maps.light.at_the_sun import FluxesAtSun, boron_over_carbon, flux_or_ratio, local_slope
from ....maps.light.local_cosmic_rays import LocalCosmicRays, secondary_edges_GV
from ....maps.light.near_sources.nested_leaky_box import NestedLeakyBox
from ....mc.diffusion.species import Species, centres
from ....mc.observables import crossing
from ....mc.uncertainty import Estimate
from ...products.nuclei import beryllium

REV_GV = 200.0
"""Of protons that make positrons of 10 GeV, in the review."""
SLOPES_GV = (30.0, 300.0)
"""Between which slopes are taken: solar modulation is small, and protons have no other break than theirs."""
_AT_GV = np.array([10.0, 30.0, 100.0, 300.0, 1000.0])
_ABOVE_GEV = 10.0
# Where modulation is small and antiprotons are measured to some 10%.
_ASKED_GV = (60.0, 300.0)
_OLDEST = 60.0  # residence times: exp(-60) is left


def slope_of(points: Points) -> Estimate:
    """Slope of measured points between `SLOPES_GV`, a weighted line, with its error."""
    used = (points.x >= SLOPES_GV[0]) & (points.x <= SLOPES_GV[1])
    x, value = np.log(points.x[used]), points.value[used]
    weight = value / points.errors.mean(axis=0)[used]
    found, covariance = np.polyfit(x, np.log(value), 1, w=weight, cov="unscaled")
    return Estimate(np.array(found[0]), np.array(np.sqrt(covariance[0, 0])))


def slope(model: FluxesAtSun, *names: str) -> float:
    """Of a flux, or a ratio of two, between `SLOPES_GV`."""
    R = np.geomspace(*SLOPES_GV, 31)
    return local_slope(R, flux_or_ratio(model, names, R), *SLOPES_GV)


def measured_antiprotons() -> Points:
    """Flux of antiprotons (AMS-02), from their ratio to protons."""
    ratio = read.antiproton_over_proton()
    flux = read.protons()[0].at(ratio.x)[0]
    return ratio._replace(low=ratio.low * flux, value=ratio.value * flux, high=ratio.high * flux)


def over_production(boxes: NestedLeakyBox, rigidity_GV: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Positrons over antiprotons as they are made in the Galaxy, and the fluxes' ratio over it."""
    ln_made = []
    for each in (POSITRON, ANTIPROTON):
        edges = secondary_edges_GV(each)
        per_ln_R = boxes.made_Myr(each)[1] / np.diff(np.log(edges))
        ln_made.append(np.interp(np.log(rigidity_GV), np.log(centres(edges)), np.log(per_ln_R)))
    produced = np.exp(ln_made[0] - ln_made[1])
    fluxes = [boxes.flux(name, rigidity_GV, 0.0) for name in ("positrons", "antiprotons")]
    return produced, fluxes[0] / fluxes[1] / produced


def made_in_the_galaxy(boxes: NestedLeakyBox, species: Species, rigidity_GV: FloatArray) -> FloatArray:
    """Share of antiprotons or positrons at the Sun that were made in the Galaxy, outside the heliosphere."""
    in_source, in_galaxy = boxes.secondaries_kpc3(species)
    R = centres(secondary_edges_GV(species))
    return np.interp(np.log(rigidity_GV), np.log(R), in_galaxy / (in_source + in_galaxy))


def asked_for(boxes: NestedLeakyBox, X_g_g_cm2: float) -> dict[str, Any]:
    """Grammage of the Galaxy with which all antiprotons, or all positrons, are secondary.

    Of positrons that do not radiate. Beside it the B/C that it alone makes, and AMS-02's at 1 TV. Linear: the
    little that is destroyed is taken to stay as it is.
    """
    free = boxes.without_losses()
    found: dict[str, Any] = {"between_GV": _ASKED_GV}
    for species, names, points in (
        (ANTIPROTON, ("antiprotons", "protons"), read.antiproton_over_proton()),
        (POSITRON, ("positrons",), read.positrons()),
    ):
        used = (points.x >= _ASKED_GV[0]) & (points.x <= _ASKED_GV[1])
        R, value, error = points.x[used], points.value[used], points.errors.mean(axis=0)[used]
        model, share = flux_or_ratio(free, names, R), made_in_the_galaxy(free, species, R)
        X = X_g_g_cm2 * (value - (1.0 - share) * model) / (share * model)
        sigma = X_g_g_cm2 * error / (share * model)
        weights = sigma**-2 / np.sum(sigma**-2)
        mean = Estimate(np.array(weights @ X), np.array(np.sum(sigma**-2) ** -0.5))
        found[f"X_g_by_{names[0]}_g_cm2"] = mean
        found[f"chi2_per_point_of_{names[0]}"] = float(np.mean(((X - mean.value) / sigma) ** 2))
        found[f"boron_over_carbon_of_that_by_{names[0]}"] = float(boron_over_carbon(mean.value))
    measured, its_error = read.boron_over_carbon()[0].at(1e3)
    return found | {"boron_over_carbon_at_1_TV": Estimate(measured, its_error)}


def of_secondaries(boxes: NestedLeakyBox, halo: LocalCosmicRays) -> dict[str, Any]:
    """Slopes, parents, ratio of production, and where secondaries are made."""
    found: dict[str, Any] = {"slopes_GV": SLOPES_GV, "slopes": {}, "rigidity_GV": _AT_GV[:-1]}
    measured = {
        ("protons",): read.protons()[0],
        ("antiprotons",): measured_antiprotons(),
        ("positrons",): read.positrons(),
        ("boron", "carbon"): read.boron_over_carbon()[0],
    }
    for names, points in measured.items():
        found["slopes"]["_over_".join(names)] = {
            "nested_leaky_box": slope(boxes, *names),
            "standard_halo": slope(halo, *names),
            "AMS-02": slope_of(points),
        }
    R = _AT_GV[:-1]
    for species, name in ((ANTIPROTON, "antiprotons"), (POSITRON, "positrons")):
        at, mean, median = boxes.parents(species)
        found[f"parents_of_{name}_over_them"] = {
            "mean": np.interp(R, at, mean),
            "median": np.interp(R, at, median),
        }
        found[f"{name}_made_in_the_galaxy"] = made_in_the_galaxy(boxes, species, R)
    produced, over = over_production(boxes, R)
    positrons, antiprotons = (each.at(R) for each in (read.positrons(), measured_antiprotons()))
    ratio = positrons[0] / antiprotons[0]
    error = ratio * np.hypot(positrons[1] / positrons[0], antiprotons[1] / antiprotons[0])
    return found | {
        "positrons_over_antiprotons": {
            "as_made": produced,
            "nested_leaky_box": over * produced,
            "AMS-02": Estimate(ratio, error),
        }
    }


def kept(boxes: NestedLeakyBox, rigidity_GV: FloatArray) -> FloatArray:
    """Positrons over those that there would be if they did not radiate."""
    free = boxes.without_losses()
    return boxes.flux("positrons", rigidity_GV, 0.0) / free.flux("positrons", rigidity_GV, 0.0)


def kept_in_a_box(energy_GeV: float, residence_Myr: float, radiation_eV_cm3: float, slope: float) -> float:
    """Share of positrons that radiation leaves in a box that they leave after a mean time, made as E^-slope.

    The integral of (1 - y t)^(slope - 2) exp(-t) dt up to 1/y, with y = b E T: each was made with the energy
    E/(1 - y t) and has been there for t T.
    """
    y = float(cooling_per_GeV_Myr(radiation_eV_cm3)) * energy_GeV * residence_Myr
    end = min(1.0 / y, _OLDEST)
    return float(quad(lambda t: (1.0 - y * t) ** (slope - 2.0) * np.exp(-t), 0.0, end)[0])


def longest_residence_Myr(boxes: NestedLeakyBox, energy_GeV: float) -> float:
    """Mean time in the Galaxy in which half of the positrons of an energy are kept, made as protons are."""
    of_protons = -slope(boxes, "protons")

    def excess(ln_T: float) -> float:
        return kept_in_a_box(energy_GeV, np.exp(ln_T), boxes.radiation_eV_cm3, of_protons) - 0.5

    return float(np.exp(brentq(excess, np.log(1e-4), np.log(1e4))))


def source_slope(model: NestedLeakyBox | LocalCosmicRays) -> float:
    """Of the protons that sources release, per rigidity, between `SLOPES_GV`."""
    R = np.geomspace(*SLOPES_GV, 31)
    E = np.hypot(R, M_P_GEV)
    return local_slope(R, model.release.spectrum.rate_GeV_s(E) * R / E, *SLOPES_GV)


def power_erg_s(model: NestedLeakyBox | LocalCosmicRays) -> float:
    """That sources release in protons above 10 GeV."""
    E = np.geomspace(_ABOVE_GEV, 1e7, 2001)
    rate = model.release.spectrum.rate_GeV_s(E)
    return float(np.trapezoid(E**2 * rate, np.log(E)) * GEV_ERG)


def costs(boxes: NestedLeakyBox, halo: LocalCosmicRays) -> dict[str, Any]:
    """Losses of positrons, residence times, slopes of the sources, and power."""
    R = np.geomspace(10.0, 1e4, 61)
    cooling = cooling_per_GeV_Myr(boxes.radiation_eV_cm3)
    ten, of_halo = beryllium(boxes), beryllium(halo)
    power, galaxy = power_erg_s(boxes), boxes.galaxy
    return {
        "rigidity_GV": _AT_GV,
        "positrons_kept": kept(boxes, _AT_GV),
        "half_of_positrons_lost_above_GV": crossing(R, kept(boxes, R)),
        "cooling_time_Myr": 1.0 / (cooling * _AT_GV),
        "longest_residence_for_half_of_them_Myr": [longest_residence_Myr(boxes, E) for E in _AT_GV],
        "residence_in_source_Myr": boxes.source.residence_Myr(PROTON, _AT_GV),
        "residence_in_galaxy_Myr": boxes.galaxy.residence_Myr(PROTON, _AT_GV),
        "beryllium_10_over_9": {
            "energy_GeV": ten["energy_GeV"],
            "nested_leaky_box": ten["ratio"],
            "standard_halo": of_halo["ratio"],
        },
        "slope_of_protons": {
            "source": source_slope(boxes),
            "nested_leaky_box": slope(boxes, "protons"),
            "AMS-02": slope_of(read.protons()[0]),
            "source_of_standard_halo": source_slope(halo),
            "standard_halo": slope(halo, "protons"),
        },
        "hydrogen_Msun": galaxy.hydrogen_cm3 * galaxy.size_kpc3 * KPC_CM**3 * M_P_G / M_SUN_G,
        "power_above_10_GeV_erg_s": power,
        "power_over_standard_halo": power / power_erg_s(halo),
    }

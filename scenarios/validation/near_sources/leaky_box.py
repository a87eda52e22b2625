"""Known answers of nested leaky boxes, and what the review (REV, Blasi 2019, Sect. 3) says of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....fields.gas_density import HELIUM_PER_HYDROGEN
from ....fields.units import KPC_CM, M_P_G, M_P_GEV, MBARN_CM2
from ....maps.data import read
from ....maps.light.antimatter import (
    ANTIPROTON,
    CHANNELS,
    POSITRON,
    antiprotons_destroyed_mb,
    cooling_rate_Myr,
)
from ....maps.light.at_the_sun import local_slope
from ....maps.light.local_cosmic_rays import Release, secondary_edges_GV
from ....maps.light.near_sources.nested_leaky_box import NestedLeakyBox, nuclei_through_both
from ....maps.light.secondaries import _aafragpy
from ....mc.diffusion.leaky_box import Box
from ....mc.diffusion.nuclei import Nucleus, solve_nuclei
from ....mc.diffusion.species import centres
from ....mc.spectrum import Spectrum
from ....mc.tally import energy_groups
from ...file.scenario import load
from ...studies.near_sources.nested_costs import (
    REV_GV,
    SLOPES_GV,
    kept,
    kept_in_a_box,
    longest_residence_Myr,
    measured_antiprotons,
    over_production,
    slope,
    slope_of,
    source_slope,
)
from ...studies.near_sources.nested_leaky_box import boxes_of
from ..nuclei import _network, _power_law
from ..tools import Rows, paper_row, row

_SLOPE = 2.7
_U_EV_CM3 = 1.0
_CHAIN = (Nucleus.of("parent", 6, 12), Nucleus.of("fragment", 5, 10))


def _boxes(X_s: float, X_g: float, radiation_eV_cm3: float = 0.0) -> NestedLeakyBox:
    """Flat grammages of hydrogen, protons as E^-2.7 alone."""
    spectrum = Spectrum(1e41, _SLOPE, 1.0, 1e12)
    return NestedLeakyBox(
        source=Box(lambda R: X_s + 0.0 * R, 10.0),
        galaxy=Box(lambda R: X_g + 0.0 * R, 1.0, 10.0),
        release=Release(spectrum, {}, _SLOPE, 0.0, 10.0),
        energy_edges_GeV=energy_groups(1.0, 1e7),
        radiation_eV_cm3=radiation_eV_cm3,
    )


def moment_mb(energy_GeV: float, slope: float, helium: float = HELIUM_PER_HYDROGEN) -> float:
    """sigma Z of antiprotons: integral of dsigma/dE (E'/E)^-slope dE' over protons of E', with helium."""
    E = np.geomspace(1.05 * energy_GeV, 3e4 * energy_GeV, 1201)
    sigma = np.zeros(E.size)
    with _aafragpy() as aafragpy:
        for pair, share in (("p-p", 1.0), ("p-He", helium)):
            for channel in CHANNELS[ANTIPROTON.name]:
                made = aafragpy.get_cross_section(channel, pair, E, np.array([energy_GeV]), "zeros")[0]
                sigma += share * np.nan_to_num(np.reshape(made, -1))
    return float(np.trapezoid(sigma * (E / energy_GeV) ** -slope * E, np.log(E)))


def flat_grammage(scale: float) -> Rows:
    """Antiprotons over protons of flat grammages in two boxes: (X_s + X_g)/m sigma Z(slope)."""
    X_s, X_g, rows = 0.006, 0.01, []
    boxes = _boxes(X_s, X_g)
    for R in (20.0, 100.0, 400.0):
        at = np.array([R])
        found = float((boxes.flux("antiprotons", at, 0.0) / boxes.flux("protons", at, 0.0))[0])
        E = float(np.hypot(R, M_P_GEV))
        known = (X_s + X_g) / M_P_G * MBARN_CM2 * moment_mb(E, _SLOPE)
        name = f"antiprotons of a flat grammage, {R:g} GV, over X/m sigma Z"
        rows.append(row(name, found / known, 1.0, 0.0, 0.01))
    return rows


def boron_of_two_boxes(scale: float) -> Rows:
    """B/C of a leaky box, and of one within the other, with flat cross sections."""
    parent, fragment, made = 250.0, 230.0, 70.0
    network = _network(_CHAIN, [parent, fragment], {(1, 0): made})
    rates = _power_law(network, [1.0, 0.0])
    per_g = MBARN_CM2 / M_P_G
    c, b, s = parent * per_g, fragment * per_g, made * per_g
    rows = []
    for X_s, X_g, name in ((0.0, 5.0, "a leaky box"), (4.0, 1.5, "nested leaky boxes")):
        boxes = _boxes(X_s, X_g)
        n = nuclei_through_both(boxes.source, boxes.galaxy, network, rates)[1]
        known = (X_s * s * (1.0 + X_g * c) / (1.0 + X_s * b) + X_g * s) / (1.0 + X_g * b)
        found = float(np.mean((n[:, 1] / n[:, 0])[5:-5]))
        rows.append(row(f"B/C of {name}, over known", found / known, 1.0, 0.0, 0.01))
    return rows


def no_cocoons(scale: float) -> Rows:
    """Without grammage about the sources, the nested box is the plain leaky box."""
    boxes = _boxes(0.0, 2.0)
    network = _network(_CHAIN, [250.0, 230.0], {(1, 0): 70.0})
    rates = _power_law(network, [1.0, 0.1])
    plain = solve_nuclei(boxes.galaxy, network, rates, boxes.galaxy.shares, boxes.galaxy.gas_cm3)[:, :, 0]
    nested = nuclei_through_both(boxes.source, boxes.galaxy, network, rates)[1]
    edges = secondary_edges_GV(ANTIPROTON)
    R = centres(edges)
    per_mb = ANTIPROTON.speed_kpc_Myr(R) * KPC_CM * MBARN_CM2 * boxes.galaxy.hydrogen_cm3
    gone = 1.0 / boxes.galaxy.residence_Myr(ANTIPROTON, R) + antiprotons_destroyed_mb(R) * per_mb
    alone = boxes.made_Myr(ANTIPROTON)[1] / gone / boxes.galaxy.size_kpc3
    in_both = np.sum(boxes.secondaries_kpc3(ANTIPROTON), axis=0)
    pairs = (("nuclei", nested / plain), ("antiprotons", (in_both / alone)[5:-5]))
    return [
        row(f"no cocoons: {name}, furthest from a leaky box", float(np.abs(each - 1.0).max()), 0.0, 0.0, 1e-3)
        for name, each in pairs
    ]


def radiating_positrons(scale: float) -> Rows:
    """Positrons that radiate in a box, over those that do not: the closed form for a power law."""
    boxes = _boxes(0.0, 1.0, _U_EV_CM3)
    R = np.array([30.0, 300.0, 1000.0])
    edges = secondary_edges_GV(POSITRON)
    made = (edges[:-1] ** (1.0 - _SLOPE) - edges[1:] ** (1.0 - _SLOPE)) / (_SLOPE - 1.0)
    loss = cooling_rate_Myr(edges, _U_EV_CM3)[:, 0]
    with_loss, without = (
        boxes.through_both(POSITRON, edges, (0.0 * made, made), 0.0, 0.0, each)[1] for each in (loss, 0.0)
    )
    share = np.interp(np.log(R), np.log(centres(edges)), with_loss / without)
    T = boxes.galaxy.residence_Myr(POSITRON, R)
    known = np.array([kept_in_a_box(E, t, _U_EV_CM3, _SLOPE) for E, t in zip(R, T, strict=True)])
    return [
        row(f"positrons kept in a box at {E:g} GeV, over known", value, 1.0, 0.0, 0.03)
        for E, value in zip(R, share / known, strict=True)
    ]


# -- what the review says ------------------------------------------------------------------

_PER_NUCLEON_GEV = (10.0, 100.0)


def nested_leaky_box_rows() -> list[dict[str, Any]]:
    """What REV says of the nested leaky box, beside the scenario `nested-leaky-box`, in numbers."""
    boxes = boxes_of(load("nested-leaky-box"))
    return [
        *_measured_rows(boxes),
        *_grammage_rows(boxes),
        *_secondary_rows(boxes),
        *_cost_rows(boxes),
    ]


def _measured_rows(boxes: NestedLeakyBox) -> list[dict[str, Any]]:
    """What the model is to explain, as AMS-02 has it, and how much of it is there."""
    antiprotons, positrons, at = measured_antiprotons(), read.positrons(), np.array([10.0, 30.0, 100.0])
    (low, high), protons, rows = SLOPES_GV, slope_of(read.protons()[0]), []
    for name, points in (("antiprotons", antiprotons), ("positrons", positrons)):
        found = slope_of(points)
        told = f"slopes {found.value:.3f} +- {found.error:.3f} and {protons.value:.3f} +- {protons.error:.3f}"
        title = f"slope of {name} over that of protons, {low:g}-{high:g} GV, AMS-02"
        rows.append(paper_row(title, "REV Sect. 3", "1", 1.0, found.value / protons.value, told))
    above, below = positrons.at(at), antiprotons.at(at)
    ratio = above[0] / below[0] / over_production(boxes, at)[0]
    error = ratio * np.hypot(above[1] / above[0], below[1] / below[0])
    told = ", ".join(f"{R:g} GV {r:.2f} +- {e:.2f}" for R, r, e in zip(at, ratio, error, strict=True))
    title = "positrons over antiprotons at 100 GV, AMS-02, over the ratio of their production"
    rows.append(paper_row(title, "REV Sect. 3", "1", 1.0, ratio[2], told))
    for name, values in (("antiprotons", below), ("positrons", above)):
        rows.append(
            paper_row(
                f"nested leaky box: {name} over those of AMS-02, 100 GV",
                "REV Sect. 3",
                "1",
                1.0,
                boxes.flux(name, at)[2] / values[0][2],
                "if all were of collisions; B/C leaves the Galaxy a quarter of the grammage that this takes "
                "(`asked_for` of `crhalo run nested-leaky-box`)",
            )
        )
    return rows


def _grammage_rows(boxes: NestedLeakyBox) -> list[dict[str, Any]]:
    # A nucleus of two nucleons a charge.
    R = 2.0 * np.geomspace(*_PER_NUCLEON_GEV, 31)
    ratio, X_s = boxes.flux("boron", R) / boxes.flux("carbon", R), boxes.source.grammage_g_cm2(R)
    over = local_slope(R, ratio, R[0], R[-1]) / local_slope(R, X_s, R[0], R[-1])
    there = [float(box.grammage_g_cm2(np.array(REV_GV))) for box in (boxes.source, boxes.galaxy)]
    return [
        paper_row(
            "nested leaky box: slope of B/C over that of X_s, 10-100 GeV/n",
            "REV Sect. 3",
            "1",
            1.0,
            over,
            "REV: B/C reflects the near-source grammage below ~100 GeV/n; that of the Galaxy adds, and "
            "fragmentation of boron and carbon about the sources flattens it too",
        ),
        paper_row(
            "nested leaky box: Galactic share of the grammage at 200 GV",
            "REV Sect. 3",
            "1",
            (0.5, 1.0),
            there[1] / sum(there),
            "REV: 'dominated by the energy independent Galactic grammage'; X_s and X_g as fitted to B/C of "
            "AMS-02 above 10 GV, X_s/X_g = 1.6 +- 0.3",
        ),
    ]


def _secondary_rows(boxes: NestedLeakyBox) -> list[dict[str, Any]]:
    parents = "the mean, which the tail makes; half of them come from less than {:.0f} times their energy"
    rows, protons = [], slope(boxes, "protons")
    low, high = SLOPES_GV
    free = boxes.without_losses()
    for species, name in ((ANTIPROTON, "antiprotons"), (POSITRON, "positrons")):
        R, mean, median = boxes.parents(species)
        at = [float(np.interp(10.0, R, each)) for each in (mean, median)]
        title = f"energy of the protons that make {name} of 10 GeV, over theirs"
        rows.append(paper_row(title, "REV Sect. 3", "1", 20.0, at[0], parents.format(at[1])))
    for name in ("antiprotons", "positrons"):
        rows.append(
            paper_row(
                f"nested leaky box: slope of {name} over that of protons, {low:g}-{high:g} GV",
                "REV Sect. 3",
                "1",
                1.0,
                slope(free, name) / protons,
                "without radiation of positrons; cross sections that rise with energy, the hardening of the "
                "protons at 240 GV, and X_s make them differ from one",
            )
        )
    over = over_production(boxes, np.array([100.0]))[1]
    rows.append(
        paper_row(
            "nested leaky box: positrons over antiprotons at 100 GV, over the ratio of their production",
            "REV Sect. 3",
            "1",
            1.0,
            over[0],
            "positrons lose energy while they are in the Galaxy",
        )
    )
    return rows


def _cost_rows(boxes: NestedLeakyBox) -> list[dict[str, Any]]:
    at = np.array([1e3])
    time = float(boxes.galaxy.residence_Myr(POSITRON, at)[0])
    return [
        paper_row(
            "nested leaky box: positrons of 1 TeV that are kept, where losses are to be marginal",
            "REV Sect. 3",
            "1",
            1.0,
            kept(boxes, at)[0],
            f"in gas of 1 cm^-3, where they stay for {time:.2f} Myr; half are kept in "
            f"{longest_residence_Myr(boxes, 1e3):.2f} Myr",
        ),
        paper_row(
            "nested leaky box: slope of protons at the Sun over that of the sources, 30-300 GV",
            "REV Sect. 3",
            "1",
            1.0,
            slope(boxes, "protons") / source_slope(boxes),
        ),
    ]

"""Figures of expanding bubbles: profiles, fronts, where the energy is, and neutrinos at each age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...fields.units import GEV_ERG, KPC_MYR_KM_S, FloatArray, energy_label, total_energy_GeV
from ...mc.coupled.bubble_snapshot import Snapshot
from ..data.read import icecube
from .page import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INTENSITY_UNIT,
    NORMAL,
    ORANGE,
    PAGE_INCH,
    PURPLE,
    RED,
    SKY,
    dress,
    legend,
    page,
    positive,
    shades,
)
from .spectra import draw_points

_DASHED, _DOTTED = (0, (5, 1.5)), (0, (1.5, 1))
_SHARES = {
    "cosmic_rays": ("in cosmic rays", BLUE, "-"),
    "escaped": ("escaped", SKY, _DASHED),
    "pp": ("pp collisions", PURPLE, _DOTTED),
    "motion": ("motion of the gas", RED, "-"),
    "heat": ("heat of the gas", ORANGE, _DASHED),
    "radiated": ("radiated by the gas", ORANGE, _DOTTED),
    "against_gravity": ("against gravity", GREEN, "-"),
}


def _age_label(age_Myr: float) -> str:
    return f"{age_Myr / 1e3:g} Gyr" if age_Myr >= 1e3 else f"{age_Myr:g} Myr"


def profiles(
    bubbles: Mapping[float, Sequence[Snapshot]], energies_GeV: Sequence[float], ax: Any = None
) -> Any:
    """Density, speed, pressures and cosmic rays against radius, a column for each overdensity, by age.

    Parameters
    ----------
    bubbles : mapping of float to sequence of Snapshot
        Ages of each overdensity.
    energies_GeV : sequence of float
        Of the cosmic rays, a row for each.
    """
    figure = page(ax, PAGE_INCH, 1.45 * (3 + len(energies_GeV)) + 0.5)
    panels = figure.subplots(3 + len(energies_GeV), len(bubbles), sharex=True, sharey="row", squeeze=False)
    for column, (delta_G, ages) in enumerate(bubbles.items()):
        for colour, one in zip(shades(len(ages)), ages, strict=True):
            _profile(panels[:, column], one, energies_GeV, colour)
        panels[0, column].set_title(rf"$\delta_G={delta_G:g}$", fontsize=NORMAL, pad=4)
    labels = ["$n$  [cm$^{-3}$]", "$u$  [km s$^{-1}$]", "$P$  [erg cm$^{-3}$]"]
    labels += [f"$E^2n$, {energy_label(E)}\n[erg cm$^{{-3}}$]" for E in energies_GeV]
    for row, label in zip(panels, labels, strict=True):
        for axes in row:
            dress(axes, "$r$  [kpc]", label)
            axes.set(xscale="log", yscale="log")
            axes.label_outer()
    _limits(panels)
    panels[0, 0].set_xlim(left=0.5 * min(one.contact_kpc for ages in bubbles.values() for one in ages))
    last = list(bubbles.values())[-1]
    handles = [
        panels[0, 0].plot([], [], color=colour, label=_age_label(one.age_Myr))[0]
        for colour, one in zip(shades(len(last)), last, strict=True)
    ]
    legend(panels[0, 0], handles, loc="upper right", ncols=2, columnspacing=1.0)
    kinds = (("cosmic rays", "-"), ("gas", _DOTTED))
    legend(panels[2, 0], [panels[2, 0].plot([], [], color=BLACK, linestyle=style, label=name)[0]
                          for name, style in kinds], loc="upper right")  # fmt: skip
    return figure


def _profile(column: Sequence[Any], one: Snapshot, energies_GeV: Sequence[float], colour: Any) -> None:
    """One age of one overdensity in its column of panels."""
    r, centres = one.r_kpc, one.centres_kpc
    density, speed, pressure, *spectra = column
    # The cavity holds no gas: its edge is a cliff.
    density.plot(np.append(r[0], centres), np.append(np.nan, one.density_cm3), color=colour, linewidth=1.0)
    speed.plot(r, positive(one.u_kpc_Myr * KPC_MYR_KM_S), color=colour, linewidth=1.0)
    within = np.array([1e-3 * r[0], r[0]])
    cosmic = np.append([one.cavity_pressure] * 2, one.cosmic_pressure)
    pressure.plot(np.append(within, centres), positive(cosmic), color=colour, linewidth=1.0)
    pressure.plot(centres, positive(one.gas_pressure), color=colour, linewidth=0.8, linestyle=_DOTTED)
    edges = total_energy_GeV(one.p_edges_GeV)
    for axes, E in zip(spectra, energies_GeV, strict=True):
        group = int(np.searchsorted(edges, E)) - 1
        # Of n ~ E^-2 within a group.
        E2n = GEV_ERG * one.protons_cm3[:, group] / (1.0 / edges[group] - 1.0 / edges[group + 1])
        axes.plot(np.append(within, centres), positive(np.append(E2n[0], E2n)), color=colour, linewidth=1.0)


def _limits(panels: Any) -> None:
    """Ranges in which there is something to see: precursors fall for ever."""
    for row, decades in zip(panels, (5.0, 3.0, 5.0, *[4.0] * (len(panels) - 3)), strict=True):
        values = np.concatenate([positive(line.get_ydata()) for axes in row for line in axes.lines])
        top = float(np.nanmax(values, initial=1e-300))
        row[0].set_ylim(10.0**-decades * top, 3.0 * top)


def fronts(tables: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Front and contact, and the speed of the front, against the age, beside what closed forms say.

    Parameters
    ----------
    tables : sequence of mapping
        "delta_G", "history" (columns against "age_Myr") and "ages" (rows), as the study writes them.
    """
    figure = page(ax, PAGE_INCH, 3.2)
    place, speed = figure.subplots(1, 2)
    for colour, one in zip(shades(len(tables)), tables, strict=True):
        history, ages = one["history"], one["ages"]
        t = np.asarray(history["age_Myr"])
        place.plot(
            t, history["front_kpc"], color=colour, linewidth=1.2, label=rf"$\delta_G={one['delta_G']:g}$"
        )
        place.plot(t, history["contact_kpc"], color=colour, linewidth=0.8, linestyle=_DOTTED)
        place.plot(t, positive(history["self_similar_kpc"]), color=colour, linewidth=0.8, linestyle=_DASHED)
        speed.plot(t, positive(history["front_km_s"]), color=colour, linewidth=1.2)
        at = [row["age_Myr"] for row in ages]
        for name, marker in (("momentum_km_s", "s"), ("alfven_km_s", "v")):
            values = [row[name]["front"] for row in ages]
            speed.plot(at, values, marker, color=colour, markersize=3.5, markerfacecolor="none")
    dress(place, "age  [Myr]", "$r$  [kpc]")
    dress(speed, "age  [Myr]", "speed of the front  [km s$^{-1}$]")
    for axes in (place, speed):
        axes.set(xscale="log", yscale="log")
    for label, style in (("front", "-"), ("edge of the cavity", _DOTTED)):
        place.plot([], [], color=GREY, linestyle=style, linewidth=0.9, label=label)
    if any(np.isfinite(one["history"]["self_similar_kpc"]).any() for one in tables):
        place.plot(
            [],
            [],
            color=GREY,
            linestyle=_DASHED,
            linewidth=0.9,
            label="thin shell, $0.708\\,(Lt^3/\\rho)^{1/5}$",
        )
    legend(place, loc="upper left")
    for label, marker in (
        (r"$(F_E/4\rho)^{1/3}$ at the front", "s"),
        ("Alfvén speed at the front (PRL)", "v"),
    ):
        speed.plot([], [], marker, color=GREY, markersize=3.5, markerfacecolor="none", label=label)
    legend(speed, loc="lower left")
    return figure


def budgets(tables: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Where the energy that was injected is, as shares of it against the age, a panel for each overdensity.

    Parameters
    ----------
    tables : sequence of mapping
        "delta_G", and "history" with "age_Myr" and "energy_shares".
    """
    figure = page(ax, PAGE_INCH, 2.9)
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, one in zip(panels, tables, strict=True):
        history = one["history"]
        for name, (label, colour, style) in _SHARES.items():
            share = np.array([shares[name] for shares in history["energy_shares"]])
            if np.abs(share).max() > 1e-3:
                axes.plot(
                    history["age_Myr"], share, color=colour, linestyle=style, linewidth=1.2, label=label
                )
        axes.axhline(0.0, color=GREY, linewidth=0.5)
        dress(axes, "age  [Myr]", "share of the energy injected")
        axes.set(xscale="log")
        axes.label_outer()
        axes.set_title(rf"$\delta_G={one['delta_G']:g}$", fontsize=NORMAL, pad=4)
    known = {line.get_label(): line for axes in panels for line in axes.lines if line.get_label()[0] != "_"}
    legend(panels[-1], list(known.values()), loc="center left")
    return figure


def neutrinos(energy_GeV: FloatArray, tables: Sequence[Mapping[str, Any]], ax: Any = None) -> Any:
    """Mean of the neutrino sky at each age, a panel for each overdensity, beside PRL 17 and IceCube.

    Parameters
    ----------
    energy_GeV : ndarray
        Energies.
    tables : sequence of mapping
        "delta_G", "ages" (rows with "age_Myr"), "neutrino" (ages, energies): E^2 I per flavour in GeV cm^-2
        s^-1 sr^-1; "prl_17", the same of PRL Eq. 17.
    """
    figure = page(ax, PAGE_INCH, 3.0)
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, one in zip(panels, tables, strict=True):
        for colour, row, flux in zip(shades(len(one["ages"])), one["ages"], one["neutrino"], strict=True):
            axes.plot(
                energy_GeV, positive(flux), color=colour, linewidth=1.2, label=_age_label(row["age_Myr"])
            )
        axes.axhline(one["prl_17"], color=GREY, linewidth=0.8, linestyle=_DASHED, label="PRL Eq. 17")
        ages = axes.get_legend_handles_labels()[0]
        for points, marker in zip(icecube(), "os", strict=True):
            draw_points(axes, points, GREY, marker)
        dress(axes, "$E$  [GeV]", f"$E^2 I$ per flavour  [{INTENSITY_UNIT}]")
        axes.set(xscale="log", yscale="log", xlim=(0.5, 2e7))
        axes.label_outer()
        axes.set_title(rf"$\delta_G={one['delta_G']:g}$", fontsize=NORMAL, pad=4)
    highest = max(one["neutrino"].max() for one in tables)
    panels[0].set_ylim(2e-4 * min(one["neutrino"].max() for one in tables), max(1e-5, 30.0 * highest))
    measured = panels[0].get_legend_handles_labels()[0][len(ages) :]
    legend(panels[0], measured, loc="upper left")
    if len(panels) == 1:
        panels[0].add_artist(panels[0].get_legend())
    legend(panels[-1], ages, loc="lower left")
    return figure

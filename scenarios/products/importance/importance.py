"""Which protons make what is seen: where, at which energy they were released, what D and u do to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ....fields.units import MYR_S, FloatArray
from ....maps.light.local_cosmic_rays import LocalCosmicRays
from ....mc.diffusion.adjoint import Adjoint
from ....mc.diffusion.finite_volumes import Cells
from ....mc.diffusion.solve import solve
from ...adjoint import adjoint_of, check_observable
from ...file.observable import Observable, observable_of
from ...file.quantities import refused_as
from ...folder.write import finite
from ...run import Run

CONVENTIONS = {
    "importance": "by energy at release, R and |z|: what one proton that is released there adds to the "
    "observable, integrated over time; the value is its sum with what sources release per second",
    "sensitivity_D": "d ln(value)/d ln D of each cell, by energy there; its sum is that to D everywhere",
    "sensitivity_u": "d ln(value)/d ln u of the flow at the faces of each cell, adiabatic losses included",
    "state": "steady, by the transport equation in the medium of the run",
    "kept": "the surface, waves, gas, sources, and nuclei for each proton stay as they are",
    "radius": "within which a share of the value is injected; spread evenly over the area of a ring",
}
_SHARES = (0.16, 0.5, 0.84)


@dataclass(frozen=True, eq=False)
class Importance:
    """What protons add to an observable, by where and at which energy they are released.

    Attributes
    ----------
    observable : Observable
        What is asked for; `observable.unit` is its unit.
    value : float
        Of it, in the steady state.
    reached : float
        What there is of it after t_max of steady injection, over `value`.
    cells : Cells
        Rings in (R, |z|), their edges, and which are `used` and `inside` the surface.
    energy_edges_GeV : ndarray, shape (bins + 1,)
        Of total energy at release.
    importance_s : ndarray, shape (bins, R, z)
        Of one proton, integrated over time [unit of the observable x s]; zero in cells that are not used.
    released_s : ndarray, shape (bins, R)
        Protons that sources in each ring release per second, in the plane.
    sensitivity_D : ndarray, shape (bins, R, z)
        d ln(value)/d ln D of each cell, in each bin of the energy that protons have there.
    sensitivity_u : ndarray, shape (R, z)
        d ln(value)/d ln u of the flow in each cell.
    about : mapping
        Where it comes from: version, seed, scenario.
    """

    observable: Observable
    value: float
    reached: float
    cells: Cells
    energy_edges_GeV: FloatArray
    importance_s: FloatArray
    released_s: FloatArray
    sensitivity_D: FloatArray
    sensitivity_u: FloatArray
    about: Mapping[str, Any]

    # What needs the files of it is bound in `scenarios.api`.
    figure: ClassVar[Callable[..., Any]]
    write: ClassVar[Callable[..., list[str]]]

    def __repr__(self) -> str:
        return f"<Importance: {self.observable}, {self.value:.3g} {self.observable.unit}>"

    @property
    def energy_GeV(self) -> FloatArray:
        """Geometric centres of the bins."""
        return np.sqrt(self.energy_edges_GeV[1:] * self.energy_edges_GeV[:-1])

    @property
    def contribution(self) -> FloatArray:
        """psi q over the value: the share that sources of each ring and energy make, (bins, R)."""
        return self.importance_s[:, :, 0] * self.released_s / self.value

    def radius_kpc(self, share: float = 0.5, bin: int | None = None) -> float:
        """Within which so much of the value is injected; of protons of one bin alone, if given.

        NaN where nothing is injected.
        """
        by_ring = self.contribution.sum(axis=0) if bin is None else self.contribution[bin]
        return _radius_kpc(self.cells.R_edges_kpc, by_ring, share)

    @property
    def source_radius_kpc(self) -> float:
        """Within which half of all protons are released."""
        return _radius_kpc(self.cells.R_edges_kpc, self.released_s.sum(axis=0), 0.5)

    def energy_below_GeV(self, share: float = 0.5) -> float:
        """Energy at release below which so much of the value is injected."""
        below = np.append(0.0, np.cumsum(self.contribution.sum(axis=1)))
        return float(np.exp(np.interp(share * below[-1], below, np.log(self.energy_edges_GeV))))

    @property
    def strongest(self) -> int:
        """The bin of energy at release that makes most of the value."""
        return int(np.argmax(self.contribution.sum(axis=1)))

    def spread(self, bin: int, region: str = "disc") -> float:
        """(largest - smallest)/mean importance of a bin, in the "disc" of sources or all of the "halo"."""
        psi, used = self.importance_s[bin], self.cells.used & self.cells.inside
        if region == "disc":
            rings = self.released_s.sum(axis=0) > 0.0
            used = used & rings[:, None] & (np.arange(used.shape[1]) == 0)
        return float(np.ptp(psi[used]) / psi[used].mean()) if psi[used].any() else float("nan")

    @property
    def of_D(self) -> dict[str, float]:
        """d ln(value)/d ln D in all cells inside the surface ("halo") and behind it ("outside")."""
        by_cell = self.sensitivity_D.sum(axis=0)
        inside = self.cells.inside
        return {"halo": float(by_cell[inside].sum()), "outside": float(by_cell[~inside].sum())}

    @property
    def of_u(self) -> float:
        """d ln(value)/d ln u of all of the flow."""
        return float(self.sensitivity_u.sum())

    def numbers(self) -> dict[str, Any]:
        """What is quoted of it; units are in the keys, but for `value`, whose `unit` is beside it."""
        return {
            "of": str(self.observable),
            "value": self.value,
            "unit": self.observable.unit,
            "reached_after_t_max": self.reached,
            "energy_at_release_GeV": [self.energy_below_GeV(share) for share in _SHARES],
            "radius_kpc": [self.radius_kpc(share) for share in _SHARES],
            "source_radius_kpc": self.source_radius_kpc,
            "spread_in_disc": self.spread(self.strongest),
            "spread_in_halo": self.spread(self.strongest, "halo"),
            "dln_dlnD": self.of_D,
            "dln_dlnu": self.of_u,
        }

    def table(self) -> Any:
        """A row for each bin of energy at release: what it makes, from which radii, how even importance is.

        Returns
        -------
        astropy.table.QTable
            `energy` and the ends of its bin, `share` of the value, `radius_16`, `radius`, `radius_84`, the
            mean `importance` among sources, `spread_in_disc`, `spread_in_halo`. NaN where nothing is made.
        """
        from astropy import units as u
        from astropy.table import QTable

        released = self.released_s.sum(axis=1)
        made = self.contribution.sum(axis=1)
        bins = range(made.size)
        low, middle, high = ([self.radius_kpc(share, bin) for bin in bins] for share in _SHARES)
        unit = u.Unit(self.observable.unit.replace(" ", ".")) * u.s
        mean = np.divide(made * self.value, released, out=np.full(made.size, np.nan), where=released > 0.0)
        return QTable(
            {
                "energy": self.energy_GeV * u.GeV,
                "energy_low": self.energy_edges_GeV[:-1] * u.GeV,
                "energy_high": self.energy_edges_GeV[1:] * u.GeV,
                "share": made,
                "radius_16": low * u.kpc,
                "radius": middle * u.kpc,
                "radius_84": high * u.kpc,
                "importance": mean * unit,
                "spread_in_disc": [self.spread(bin) for bin in bins],
                "spread_in_halo": [self.spread(bin, "halo") for bin in bins],
            },
            meta=finite(dict(self.about) | {"conventions": CONVENTIONS} | self.numbers()),
        )


def importance(run: Run, observable: str) -> Importance:
    """What protons add to an observable of a run, by where and at which energy they are released.

    By the adjoint of the steady transport equation in the medium of the run, under its spectrum.

    Parameters
    ----------
    run : Run
        In a medium without field lines.
    observable : str
        "neutrino 10 TeV cgm": light, the mean over the sky of what the gas of "cgm", "disc" or "halo" makes,
        "neutrino" (per flavour) or "gamma"; "gamma 100 TeV lhaaso-inner": the mean over a region of the sky,
        one of `maps.light.regions.REGIONS`, of what all gas makes; "protons 10 TeV sun": their density at the
        radius of the Sun.

    Raises
    ------
    ScenarioError
        If it is not understood, or not in this run; if the equation does not apply to it.

    Examples
    --------
    >>> found = run.importance("neutrino 10 TeV cgm")  # doctest: +SKIP
    >>> found.radius_kpc(), found.of_D  # doctest: +SKIP
    """
    with refused_as("observable"):
        return importance_of(run, observable_of(observable))


def importance_of(run: Run, asked: Observable) -> Importance:
    """The same of an observable that has been read."""
    check_observable(asked, run.scenario, run.galaxy, run.result.grid.current_edges_GeV)
    local = run.at_the_sun
    found = adjoint_of(asked, local)
    cells, spectrum, R_d = local.cells, local.release.spectrum, local.release.R_d_kpc
    young = solve(cells, local.energy_edges_GeV, spectrum, R_d, run.scenario.transport.t_max)
    reached = float((found.response * young.protons_kpc3).sum()) / found.observable
    return _of_adjoint(asked, found, cells, reached, local, run)


def _of_adjoint(
    asked: Observable, found: Adjoint, cells: Cells, reached: float, local: LocalCosmicRays, run: Run
) -> Importance:
    """The record of an adjoint, on all rings."""
    released = found.losses.injected_Myr[:, None] * cells.shares(local.release.R_d_kpc) / MYR_S
    provenance = run.result.provenance
    return Importance(
        observable=asked,
        value=found.observable,
        reached=reached,
        cells=cells,
        energy_edges_GeV=local.energy_edges_GeV,
        importance_s=cells.spread(found.importance_Myr * MYR_S),
        released_s=cells.spread(released)[:, :, 0],
        sensitivity_D=cells.spread(found.sensitivity_to_D),
        sensitivity_u=cells.spread(found.sensitivity_to_flow),
        about={
            key: provenance[key] for key in ("version", "seed", "scenario", "machine") if key in provenance
        },
    )


def _radius_kpc(R_edges_kpc: FloatArray, by_ring: FloatArray, share: float) -> float:
    within = np.append(0.0, np.cumsum(by_ring))
    if not within[-1] > 0.0:
        return float("nan")
    return float(np.sqrt(np.interp(share * within[-1], within, R_edges_kpc**2)))

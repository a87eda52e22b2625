"""Result: what a run counted, with everything needed to read it years later.

All physics derived from tallies carries a leading replica axis: entry 0 is the estimate from all batches,
the others leave one batch out. `Estimate.of` collapses it (delete-one jackknife), so that errors of
ratios and medians come out as simply as those of sums.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..fields.exceptions import UserError
from ..fields.medium import Medium
from ..fields.units import KPC_CM, MYR_S
from .checkpoint import difference
from .files import plain_arrays, plain_attributes, replacing_hdf5
from .html import html_table
from .spectrum import Spectrum
from .tally import (
    AGES_MYR,
    BATCHES,
    ENERGY_STEPS,
    GRAMMAGE_EDGES,
    GROUPS_PER_BIN,
    MEANING,
    SHELLS,
    STEP_STARTS,
    TIME_EDGES_MYR,
    Fate,
    Region,
    Tally,
    TallyGrid,
    bins_of_step,
    cell_volumes_kpc3,
    filling_volumes_kpc3,
    region_volumes_kpc3,
)
from .uncertainty import replicas_of_groups

FORMAT = "crhalo-result-5"


class ResultError(UserError):
    """A file that is not a result of this code, or results that do not belong together."""


def _meaning(group: str, name: str) -> tuple[str, str]:
    """Unit and axes of a dataset."""
    match group:
        case "tally":
            unit, axes = MEANING[name]
            return unit, f"batch, {axes}"
        case "volume":
            places = {"region": "region", "filling": "shell behind the surface, and the disc"}
            return "kpc3", places.get(name, "R, |z|")
        case "source":
            return "s-1", "group"
    if name == "step_starts":
        return "1", "energy step"
    unit = name.rpartition("_")[2]
    return {"cm2": "g cm-2"}.get(unit, unit), "age" if name == "ages_Myr" else "edge"


def _volume_shapes(grid: TallyGrid) -> dict[str, tuple[int, ...]]:
    edges = (grid.halo_R_kpc, grid.halo_z_kpc, grid.bell_R_kpc, grid.bell_z_kpc)
    R, z, bell_R, bell_z = (len(each) - 1 for each in edges)
    return {"halo": (R, z), "bell": (bell_R, bell_z), "region": (len(Region),), "filling": (SHELLS + 1,)}


def _check_provenance(provenance: Any) -> dict[str, Any]:
    """Refuse what would not let runs be told apart."""
    kinds: dict[str, Any] = {"seed": (int, list), "blocks": list, "lost": list, "version": str}
    for key, kind in kinds.items():
        if key in provenance and not isinstance(provenance[key], kind):
            raise ValueError(f"{key} = {provenance[key]!r} in its provenance")
    return dict(provenance)


@dataclass(frozen=True, repr=False)
class Result:
    """The tallies of a run.

    Attributes
    ----------
    grid : TallyGrid
        Energy groups and spatial cells.
    tallies : dict of ndarray
        Each field of `Tally` with a leading axis of batches.
    volumes_kpc3 : dict of ndarray
        Of the halo and bell cells and of the regions.
    spectrum : Spectrum
        The injection spectrum that derived quantities use.
    provenance : dict
        Scenario, version, seed, conventions.
    performance : dict
        Threads and times: the only part that differs between equal runs.
    """

    grid: TallyGrid
    tallies: dict[str, np.ndarray]
    volumes_kpc3: dict[str, np.ndarray]
    spectrum: Spectrum = field(default_factory=Spectrum)
    provenance: dict[str, Any] = field(default_factory=dict)
    performance: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        low, high = self.grid.energy_edges_GeV[[0, -1]]
        return f"<Result: {self.particles} particles of {low:g} to {high:g} GeV, {self.steps} moves>"

    def _repr_html_(self) -> str:
        low, high = self.grid.energy_edges_GeV[[0, -1]]
        rows = [*self.counters.items(), ["energies [GeV]", f"{low:g} to {high:g}"], ["moves", self.steps]]
        return html_table(rows, caption=f"{self.particles} particles, injected {self.spectrum}")

    @classmethod
    def from_batches(
        cls, medium: Medium, grid: TallyGrid, batches: list[Tally], R_d_kpc: float, **rest: Any
    ) -> Result:
        """Stack the batches of a run and measure the cells of its medium."""
        halved: dict[str, Any] = {"halo": np.float32, "bell": np.float32}
        tallies = {
            name: np.stack(
                [getattr(batch, name) for batch in batches], dtype=halved.get(name), casting="same_kind"
            )
            for name in Tally._fields
        }
        regions = region_volumes_kpc3(medium, R_d_kpc)
        volumes = {
            "halo": cell_volumes_kpc3(medium, grid.halo_R_kpc, grid.halo_z_kpc, inside=True),
            "bell": cell_volumes_kpc3(medium, grid.bell_R_kpc, grid.bell_z_kpc, inside=False),
            "region": np.array([regions[region] for region in Region]),
            "filling": np.append(filling_volumes_kpc3(medium, grid), regions[Region.DISC]),
        }
        return cls(grid, tallies, volumes, **rest)

    # -- what was counted ------------------------------------------------------------------

    @property
    def counters(self) -> dict[str, int]:
        """Particles injected and how each of them ended: the parts add up to the whole."""
        fates = self.tallies["fates"].sum(axis=0)
        ends = {fate.key: int(fates[fate]) for fate in Fate}
        return {"injected": int(self.tallies["injected"].sum())} | ends

    @property
    def particles(self) -> int:
        return self.counters["injected"]

    @property
    def steps(self) -> int:
        work = self.tallies["work"].sum(axis=0)
        return int(work[0] + work[2])

    def per_particle(self, name: str) -> np.ndarray:
        """A tally per injected particle of its group: (replicas, groups, ...)."""
        return np.stack(list(self._of_groups(name)), axis=1)

    def _of_groups(self, name: str) -> Iterator[np.ndarray]:
        return replicas_of_groups(self.tallies[name], self.tallies["injected"])

    # -- under a spectrum ------------------------------------------------------------------

    def reweight(self, **changes: float) -> Result:
        """The same particles under another injection spectrum, the medium left as it was.

        Of protons: nuclei keep their own slope.

        Parameters
        ----------
        **changes
            Any of slope, E_max_GeV, E_min_GeV, L_CR_erg_s.

        Raises
        ------
        UserError
            If a value is not allowed, or the spectrum reaches beyond the energies that were followed.
        """
        spectrum = replace(self.spectrum, **changes)
        low, high = self.grid.energy_edges_GeV[[0, -1]]
        too_low = "E_min_GeV" in changes and spectrum.E_min_GeV < low * (1 - 1e-9)
        too_high = "E_max_GeV" in changes and spectrum.E_max_GeV > high * (1 + 1e-9)
        if too_low or too_high:
            raise UserError(
                f"E_min, E_max = {spectrum.E_min_GeV:g}, {spectrum.E_max_GeV:g} GeV must lie within the "
                f"energies that were followed, {low:g} to {high:g} GeV"
            )
        first = self.provenance.get("reweighted", f"the medium is that of {self.spectrum}")
        said = {"spectrum": spectrum.as_dict(), "reweighted": first}
        return replace(self, spectrum=spectrum, provenance=self.provenance | said)

    def by_current_energy(self, name: str) -> np.ndarray:
        """Residence time per current-energy bin under the spectrum, (replicas, bins, ...) [protons].

        The number of protons that are there after t_max of constant injection: rate times mean
        residence time. Protons outside the energies that are followed are not counted. It is found once, and
        read-only: products ask for the same ones many times.
        """
        if name not in self._found:
            self._found[name] = self._by_current_energy(name)
            self._found[name].flags.writeable = False
        return self._found[name]

    @cached_property
    def _found(self) -> dict[str, np.ndarray]:
        return {}

    def _by_current_energy(self, name: str) -> np.ndarray:
        rates = self.spectrum.group_rates_s(self.grid.energy_edges_GeV) * MYR_S
        bins = self.grid.groups // GROUPS_PER_BIN
        tally = self.tallies[name]
        out = np.zeros((len(tally) + 1, bins, *tally.shape[3:]))
        for group, (rate, residence) in enumerate(zip(rates, self._of_groups(name), strict=True)):
            for step in range(ENERGY_STEPS):
                there = bins_of_step(step, group // GROUPS_PER_BIN, bins)
                for current in there:
                    out[:, current] += rate / len(there) * residence[:, step]
        return out

    @property
    def current_energy_GeV(self) -> np.ndarray:
        """Geometric centres of the current-energy bins."""
        edges = self.grid.current_edges_GeV
        return np.sqrt(edges[1:] * edges[:-1])

    def density_cm3(self, name: str) -> np.ndarray:
        """Protons per current-energy bin, (replicas, bins, ...) [cm^-3], by cell of a spatial tally.

        `name` is "halo", "bell" or "region"; for "filling" the axes after the bins are age and shell.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            density = self.by_current_energy(name) / (self.volumes_kpc3[name] * KPC_CM**3)
        return np.where(self.volumes_kpc3[name] > 0, density, 0.0)

    def snapshots_cm3(self) -> np.ndarray:
        """Protons per current-energy bin [cm^-3] at each of `AGES_MYR` after the sources are switched on.

        (replicas, bins, ages + 1, shells + 1): in the shells behind the surface and, last, in the disc; the
        last age is t_max. Injection is steady, so what is there at an age has been on its way for less.
        """
        return np.cumsum(self.density_cm3("filling"), axis=2)

    # -- files -----------------------------------------------------------------------------

    def write(self, path: Path) -> None:
        """Write an HDF5 file: all physics in datasets, the options as attributes of /run.

        Raises
        ------
        OSError
            If the file cannot be written; a file that was there before is left as it was.
        """
        with replacing_hdf5(Path(path)) as file:
            file.attrs["format"] = np.bytes_(FORMAT)
            file.attrs["provenance"] = np.bytes_(json.dumps(self.provenance, sort_keys=True))
            file.attrs["spectrum"] = np.bytes_(json.dumps(self.spectrum.as_dict(), sort_keys=True))
            run = file.create_group("run")
            for key, value in self.performance.items():
                run.attrs[key] = np.bytes_(value.encode()) if isinstance(value, str) else value
            for group, arrays in self._groups().items():
                for name, values in arrays.items():
                    options: dict[str, Any] = {"fletcher32": True, "track_times": False}
                    if values.size > 10_000:
                        options |= {"compression": "gzip", "compression_opts": 4, "shuffle": True}
                    data = file.create_dataset(f"{group}/{name}", data=values, **options)
                    unit, axes = _meaning(group, name)
                    data.attrs["unit"], data.attrs["axes"] = np.bytes_(unit), np.bytes_(axes)

    def _groups(self) -> dict[str, dict[str, np.ndarray]]:
        bins = {
            "ages_Myr": AGES_MYR,
            "time_edges_Myr": TIME_EDGES_MYR,
            "grammage_edges_g_cm2": GRAMMAGE_EDGES,
            "step_starts": np.array(STEP_STARTS),
        }
        source = {"group_rates_s": self.spectrum.group_rates_s(self.grid.energy_edges_GeV)}
        return {
            "grid": vars(self.grid),
            "bins": bins,
            "source": source,
            "tally": self.tallies,
            "volume": self.volumes_kpc3,
        }

    @classmethod
    def read(cls, path: Path) -> Result:
        """Read a file that `write` made.

        Raises
        ------
        ResultError
            If it is anything else, or damaged.
        OSError
            If it cannot be opened.
        """
        import h5py

        if not Path(path).is_file():  # HDF5 would wait for a pipe, and say more than a line
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        try:
            with h5py.File(path, "r") as file:
                header = plain_attributes(file)
                if header.get("format") != FORMAT:
                    raise ValueError(f"its format is not {FORMAT}")
                grid = TallyGrid(**plain_arrays(file, "grid"))
                shapes = {name: values.shape for name, values in grid.empty()._asdict().items()}
                result = cls(
                    grid=grid,
                    tallies=plain_arrays(file, "tally", shapes, most_leading=BATCHES),
                    volumes_kpc3=plain_arrays(file, "volume", _volume_shapes(grid)),
                    spectrum=Spectrum(**json.loads(header["spectrum"])),
                    provenance=_check_provenance(json.loads(header["provenance"])),
                    performance=plain_attributes(file["run"]),
                )
        except (LookupError, TypeError, ValueError, RuntimeError, AttributeError, MemoryError) as error:
            raise ResultError(f"{path}: not a result of this version, or damaged: {error}") from error
        except OSError as error:
            if error.errno is None:  # of HDF5, not of the disk
                raise ResultError(f"{path}: damaged: {error}") from error
            raise
        return result

    def merge(self, other: Result) -> Result:
        """The two runs as one; memory does not grow with how many are joined.

        Raises
        ------
        ResultError
            If they differ in grid, volumes, medium or spectrum, or share a seed.
        """
        mine, theirs = self.provenance, other.provenance
        for key in ("version", "machine", "medium", "medium_sha256"):
            if mine.get(key) != theirs.get(key):
                differing = difference(mine.get(key), theirs.get(key))
                raise ResultError(f"cannot merge: the runs differ in their {key}: {differing}")
        groups = other._groups()
        for group, arrays in self._groups().items():
            if group != "tally" and any(
                not np.array_equal(values, groups[group][name]) for name, values in arrays.items()
            ):
                raise ResultError(f"cannot merge: the runs differ in their {group}")
        seeds, blocks, lost = (_both(mine, theirs, key) for key in ("seed", "blocks", "lost"))
        if len(set(map(str, seeds))) < len(seeds):
            raise ResultError(f"cannot merge: the seeds {seeds} repeat, so do their particles")
        if self.spectrum != other.spectrum:
            raise ResultError("cannot merge: the runs differ in their spectrum")
        into = _places(*(tallies["injected"].sum(axis=1) for tallies in (self.tallies, other.tallies)))
        tallies = {
            name: _joined(batches, other.tallies[name], into) for name, batches in self.tallies.items()
        }
        return replace(
            self, tallies=tallies, provenance=mine | {"seed": seeds, "blocks": blocks, "lost": lost}
        )


def _both(mine: dict[str, Any], theirs: dict[str, Any], key: str) -> list[Any]:
    """An entry of two provenances, one for each of the runs that were joined."""
    entries: list[Any] = []
    for each in (mine, theirs):
        entry = each.get(key)
        if isinstance(each.get("seed"), list) and isinstance(entry, list):
            entries += entry
        else:
            entries.append(entry)
    return entries


def _places(mine: np.ndarray, theirs: np.ndarray) -> list[int]:
    """Batches to which those of another run are added: new ones up to `BATCHES`, then the emptiest."""
    counts, into = list(mine), []
    for count in theirs:
        if len(counts) < BATCHES:
            counts.append(0.0)
            into.append(len(counts) - 1)
        else:
            into.append(int(np.argmin(counts)))
        counts[into[-1]] += count
    return into


def _joined(one: np.ndarray, other: np.ndarray, into: list[int]) -> np.ndarray:
    sums = np.zeros((max(len(one), max(into) + 1), *one.shape[1:]), one.dtype)
    sums[: len(one)] = one
    for batch, place in zip(other, into, strict=True):
        sums[place] += batch
    return sums

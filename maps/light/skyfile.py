"""Sky cubes as FITS files that healpy, gammapy and reproject read.

An energy cube in the HEALPix layout of gamma-astro-data-formats (GADF): HDU SKYMAP with one column per
energy (CHANNEL1, CHANNEL2, ...) and its energy in the header (ENERG1, ENERG2, ...), HDU SKYMAP_BANDS with
the energies as a table, in the layout of SKYMAP its parts (SKYMAP_DISC, SKYMAP_HALO, SKYMAP_CGM) and its
absolute statistical error (SKYMAP_ERROR), as far as there are, and METADATA, a table of keys and JSON values
(the scenario among them: header cards are too short for it, and FITS text is ASCII, as JSON is). All maps are
float32.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ...fields.exceptions import said_by
from ...fields.units import FloatArray
from ...mc.files import replacing
from ...mc.spectrum import Spectrum

FILE_TYPE = "crhalo sky"
FILE_VERSION = 2
_PART = "SKYMAP_"
_LARGEST = 4_000_000_000  # bytes
UNIT = "cm-2 s-1 GeV-1 sr-1"
FLAVOURS = {
    "neutrino": ("per flavour", "all flavours"),
    "gamma": ("",),
    "electron_positron": ("",),
}
"""What a file must say about neutrino flavours; both count nu + nubar."""


@dataclass(frozen=True)
class SkyCube:
    """Intensity of one kind of secondary over the sky and in energy.

    Attributes
    ----------
    secondary : {"gamma", "neutrino", "electron_positron"}
    flavours : {"per flavour", "all flavours", ""}
        For neutrinos, and empty for the others. Per flavour is a third of the sum (after oscillations).
    energy_GeV : ndarray, shape (n_energy,)
        Increasing energies at which the intensity is given.
    intensity : ndarray, shape (n_energy, 12 nside^2)
        In GeV^-1 cm^-2 s^-1 sr^-1; RING order, Galactic coordinates.
    error : ndarray, same shape, or None
        Absolute statistical error of `intensity`.
    components : mapping of str to ndarray, each of the same shape
        Parts of `intensity`, by name as "disc", "halo" and "cgm".
    metadata : mapping
        Anything JSON holds: "seed", "scenario" (its text), conventions. "version" is added on writing.
    """

    secondary: str
    flavours: str
    energy_GeV: FloatArray
    intensity: FloatArray
    error: FloatArray | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    components: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse cubes that no reader would understand."""
        if self.flavours not in FLAVOURS.get(self.secondary, ()):
            allowed = "; ".join(f"{name}: {' or '.join(map(repr, says))}" for name, says in FLAVOURS.items())
            raise ValueError(f"{self.secondary!r} with flavours {self.flavours!r}; allowed are {allowed}")
        energy = np.asarray(self.energy_GeV)
        if energy.ndim != 1 or energy.size == 0 or energy[0] <= 0 or not np.all(np.diff(energy) > 0):
            raise ValueError("energy_GeV must be positive and increase")
        for name, cube in {"intensity": self.intensity, "error": self.error, **self.components}.items():
            if cube is None:
                continue
            nside = np.sqrt(np.shape(cube)[-1] / 12)
            if np.shape(cube) != (energy.size, 12 * int(nside) ** 2) or nside < 1:
                raise ValueError(f"{name} has shape {np.shape(cube)}; expected ({energy.size}, 12 nside^2)")
            if not np.all(np.isfinite(cube)):
                raise ValueError(f"{name} is not finite everywhere")

    @property
    def nside(self) -> int:
        """HEALPix resolution."""
        return int(np.sqrt(np.shape(self.intensity)[1] / 12))


def _band_edges_GeV(energy: FloatArray) -> FloatArray:
    """Geometric midpoints between the energies, the outer ones by reflection."""
    if len(energy) == 1:
        return np.repeat(energy, 2)
    middle = np.sqrt(energy[1:] * energy[:-1])
    return np.concatenate(([energy[0] ** 2 / middle[0]], middle, [energy[-1] ** 2 / middle[-1]]))


def _map_hdu(cube: SkyCube, values: FloatArray, name: str, what: str) -> Any:
    """One map per energy as a GADF HEALPix table."""
    from astropy.io import fits

    columns = [
        fits.Column(f"CHANNEL{i}", "E", unit=UNIT, array=np.asarray(row, dtype=np.float32))
        for i, row in enumerate(values, 1)
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name=name)
    hdu.header.update(
        PIXTYPE="HEALPIX",
        ORDERING="RING",
        INDXSCHM="IMPLICIT",
        COORDSYS=("G", "Galactic"),
        NSIDE=cube.nside,
        FIRSTPIX=0,
        LASTPIX=values.shape[1] - 1,
        HPX_CONV="GADF",
        BANDSHDU="SKYMAP_BANDS",
        BUNIT=UNIT,
        CONTENT=what,
        SECONDAR=(cube.secondary, "secondary particle"),
        FLAVOURS=(cube.flavours, "of neutrinos, each nu + nubar"),
    )
    for i, E in enumerate(cube.energy_GeV, 1):
        hdu.header[f"ENERG{i}"] = (float(E), f"[GeV] of CHANNEL{i}")
        hdu.header.comments[f"TTYPE{i}"] = f"at {E:.6g} GeV"
    nside = cube.nside
    if nside & (nside - 1) == 0:
        hdu.header["ORDER"] = nside.bit_length() - 1
    return hdu


def write_sky(path: str | Path, cube: SkyCube) -> None:
    """Write a sky cube; an existing file is replaced, and only by a complete one.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before is still there.
    TypeError
        If the metadata hold something that JSON does not.
    """
    from astropy.io import fits

    energy = np.asarray(cube.energy_GeV, dtype=float)
    edges = _band_edges_GeV(energy)
    bands = fits.BinTableHDU.from_columns(
        [
            fits.Column("CHANNEL", "J", array=np.arange(1, len(energy) + 1)),
            fits.Column("ENERGY", "D", unit="GeV", array=energy),
            fits.Column("E_MIN", "D", unit="GeV", array=edges[:-1]),
            fits.Column("E_MAX", "D", unit="GeV", array=edges[1:]),
        ],
        name="SKYMAP_BANDS",
    )
    bands.header.update(AXCOLS1="ENERGY", INTERP1="log")
    metadata = {**cube.metadata, "version": version("crhalo")}
    texts = {
        "KEY": [str(key) for key in metadata],
        "VALUE": [json.dumps(value) for value in metadata.values()],
    }
    table = fits.BinTableHDU.from_columns(
        [fits.Column(name, f"{max(map(len, text))}A", array=text) for name, text in texts.items()],
        name="METADATA",
    )
    primary = fits.PrimaryHDU()
    primary.header.update(FILETYPE=FILE_TYPE, FILEVERS=FILE_VERSION, CREATOR=f"crhalo {metadata['version']}")
    if isinstance(metadata.get("seed"), int):
        primary.header["SEED"] = metadata["seed"]
    if "spectrum" in metadata:
        # Without a comment, which a long one leaves no room for.
        primary.header["SPECTRUM"] = str(Spectrum(**metadata["spectrum"]))
    hdus = [primary, _map_hdu(cube, np.asarray(cube.intensity), "SKYMAP", "intensity"), bands]
    for name, part in cube.components.items():
        hdus.append(_map_hdu(cube, np.asarray(part), _PART + name.upper(), f"intensity of {name}"))
    if cube.error is not None:
        hdus.append(_map_hdu(cube, np.asarray(cube.error), "SKYMAP_ERROR", "absolute statistical error"))
    with replacing(Path(path)) as temporary:
        fits.HDUList([*hdus, table]).writeto(temporary, checksum=True)


def read_sky(path: str | Path) -> SkyCube:
    """Read a file of `write_sky`.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is damaged, or no sky file of a version that we know.
    """
    from astropy.io import fits

    def cube_of(hdu: Any) -> FloatArray:
        return np.array([hdu.data[name] for name in hdu.columns.names], dtype=float)

    if Path(path).stat().st_size > _LARGEST:
        raise ValueError(f"{path} is no sound sky file: larger than {_LARGEST} bytes")
    content = Path(path).read_bytes()  # astropy leaves a damaged file open
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with fits.open(BytesIO(content), checksum=True) as hdus:
                kind = hdus[0].header.get("FILETYPE"), hdus[0].header.get("FILEVERS")
                if kind != (FILE_TYPE, FILE_VERSION):
                    raise ValueError(f"type and version {kind}, expected {(FILE_TYPE, FILE_VERSION)}")
                header = hdus["SKYMAP"].header
                return SkyCube(
                    secondary=header["SECONDAR"],
                    flavours=header["FLAVOURS"],
                    energy_GeV=np.array(hdus["SKYMAP_BANDS"].data["ENERGY"], dtype=float),
                    intensity=cube_of(hdus["SKYMAP"]),
                    error=cube_of(hdus["SKYMAP_ERROR"]) if "SKYMAP_ERROR" in hdus else None,
                    components={
                        hdu.name.removeprefix(_PART).lower(): cube_of(hdu)
                        for hdu in hdus
                        if hdu.name.startswith(_PART) and hdu.name not in ("SKYMAP_BANDS", "SKYMAP_ERROR")
                    },
                    metadata={row["KEY"]: json.loads(row["VALUE"]) for row in hdus["METADATA"].data},
                )
        except (Warning, KeyError, TypeError, ValueError, OSError) as error:
            raise ValueError(f"{path} is no sound sky file: {said_by(error)}") from error

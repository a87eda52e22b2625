"""The tables of a scenario file: their keys, units and ranges.

Quantities are strings with a unit ("2 kpc"); once read they are plain floats in the internal units of
`crhalo.fields.units`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ...fields.gas_density import MASS_PER_HYDROGEN
from ...fields.limits import LIMITS
from .observable import Asked
from .quantities import Choice, Number, Quantity, Several, Span, Word, shown


def text_of(table: Table, key: str) -> str:
    return shown(table.model_dump(include={key})[key])


class Table(BaseModel):
    """A table of the file: immutable, no unknown keys, defaults as in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, strict=True)

    def conflicts(self) -> Iterator[str]:
        """Values that are allowed one by one but not together: a line for each, with the keys."""
        yield from ()

    @model_validator(mode="after")
    def _without_conflicts(self) -> Self:
        if messages := list(self.conflicts()):
            raise PydanticCustomError("across", "values that do not go together", {"messages": messages})
        return self


def as_in_file(value: Any) -> Any:
    """A default written as the file would write it; it is read (validated) like a value of the file."""
    return Field(value)


PRECISION_OF = (
    "cgm_neutrinos_10TeV",
    "galactic_density_1TeV",
    "cgm_neutrinos_1TeV",
    "density_behind_the_surface_1TeV",
)


GIVEN_D = ("two-zone", "power-law")
"""Words of `medium.waves` that stand for a D that is given."""
TABLE_OF_WAVES = {"self_consistency": "self-consistent", "two_zone": "two-zone", "diffusion": "power-law"}
"""Tables that some words of `medium.waves` need, and no other has."""
OWN_FUNCTIONS = ("field", "field_uG", "diffusion", "disc_gas_cm3", "halo_gas_cm3", "current", "inelasticity")
"""What a `Galaxy` may be given as functions in Python."""


class Medium(Table):
    """The medium. Lengths in kpc, fields in uG, densities in cm^-3, velocities in kpc/Myr."""

    B0: Annotated[float, Quantity(*LIMITS["B0_uG"])] = as_in_file("3 uG")
    """Halo field at the disc."""
    z_B: Annotated[float, Quantity(*LIMITS["z_B_kpc"])] = as_in_file("2 kpc")
    """Distance from the disc over which an exponential halo falls by e."""
    halo: Literal["exponential", "constant"] = "exponential"
    """exponential: B0 exp(-d/z_B). constant: B0 up to |z| = H, where particles are absorbed."""
    H: Annotated[float, Quantity(*LIMITS["H_kpc"])] = as_in_file("4 kpc")
    """Half-thickness of a constant halo (no other halo uses it)."""
    field: Literal["isotropic", "tube", "x-shaped", "azimuthal"] = "isotropic"
    """Direction of the halo field. isotropic: none, D is the same in all directions. x-shaped: poloidal lines
    R = R_1 (1 + z^2/z_open^2) with B_z = B_pol exp(-R_1/R_pol) in the plane, wound up so that the whole field
    is B0 exp(-d/z_B). tube: lines R = R_0 exp(z/2 z_B) about the axis. azimuthal: circles. With any of these,
    particles follow the lines and D is that along them."""
    B_pol: Annotated[float, Quantity(*LIMITS["B_pol_uG"])] = as_in_file("0.1 uG")
    """Poloidal part of an x-shaped field at the centre."""
    R_pol: Annotated[float, Quantity(*LIMITS["R_pol_kpc"])] = as_in_file("3 kpc")
    """Radius over which that falls by e in the plane."""
    z_open: Annotated[float, Quantity(*LIMITS["z_open_kpc"])] = as_in_file("4 kpc")
    """Height at which its lines are twice as far from the axis."""
    epsilon: Annotated[float, Number(*LIMITS["epsilon"])] = 0.0
    """D across the lines over D along them."""
    wander: Annotated[float, Quantity(*LIMITS["wander_kpc"])] = as_in_file("0 kpc")
    """D_FL of lines that wander, <dx^2> = 2 D_FL |ds|: another v D_FL/2 of D across them."""
    drifts: bool = False
    """Do guiding centres drift where lines bend, or B changes?"""
    waves: Literal["nlld", "nlld-local", "self-consistent", "two-zone", "power-law"] = "nlld"
    """nlld: F = 1.8e-5 (E/10 GeV)^0.15 (H/4 kpc)^-1/2 everywhere (REV Eq. 8). nlld-local: REV Eq. 7,
    F = [(P_CR/U_B) (v_A/v_s) (r_L/H)]^(1/2) in the local field. self-consistent: found together with the
    protons that excite them, see [self_consistency]. two-zone, power-law: D as given in
    [two_zone], [diffusion]."""
    H_waves: Annotated[float, Quantity(*LIMITS["H_waves_kpc"])] = as_in_file("4 kpc")
    """The H of REV Eq. 7 and 8."""
    n_i: Annotated[float, Quantity(*LIMITS["n_i_cm3"])] = as_in_file("0.01 cm-3")
    """Ion density in the halo, for its Alfven speed."""
    v_s: Annotated[float, Quantity(*LIMITS["v_s_kpc_Myr"])] = as_in_file("30 km/s")
    """Sound speed in the halo, for non-linear Landau damping."""
    bell: bool = True
    """Does the escaping current drive the non-resonant instability?"""
    saturation: Literal["current", "pressure", "growing-wavelength"] = "current"
    """Saturated field of the instability. current: (4 pi E^2 phi/c)^(1/2) (PRL Eq. 8). pressure: that of
    plasma pushed to the Alfven speed, (2 pi^(5/2) rho^(1/2) E^2 phi)^(1/3) (PRL Eq. 14). growing-wavelength:
    waves that lengthen as they grow (Riquelme & Spitkovsky 2009), from B_cgm."""
    outflow: Literal["alfven", "momentum", "wind"] = "alfven"
    """Speed of the plasma there, away from the centre. alfven: the Alfven speed of the saturated field (PRL).
    momentum: (F/(4 rho))^(1/3), F the energy flux of all cosmic rays, at which rho u^2 is their pressure.
    wind: that of the wind that they drive from the base of a [wind], whose gas takes the place of delta_G."""
    current: Literal["prescribed", "measured"] = "prescribed"
    """What drives it. prescribed: the flux E^2 phi = L_CR/(2 pi R_d^2 Lambda) (PRL Eq. 3), at E_max.
    measured: what particles carry behind the Bell surface, energy by energy, found in a few short runs."""
    B_cgm: Annotated[float, Quantity(*LIMITS["B_cgm_uG"])] = as_in_file("0 uG")
    """Field around the Galaxy without the instability, which is not excited where this is too strong (PRL
    Eq. 4): there, particles are free."""
    T_cgm: Annotated[float, Quantity("K", "10 K", "1e9 K")] = as_in_file("1e6 K")
    """Temperature of the gas there, for the thermal bounds that are reported."""
    D_over_bohm: Annotated[float, Number(*LIMITS["D_over_bohm"])] = 1.0
    """Diffusion coefficient of the Bell region over Bohm's."""
    two_way: bool = True
    """May particles come back from the Bell region?"""
    delta_G: Annotated[float, Number(*LIMITS["delta_G"])] = 100.0
    """Overdensity of the circumgalactic gas over the mean baryon density; at the centre, if it has a beta."""
    cgm_beta: Annotated[float, Number(*LIMITS["cgm_beta"])] = 0.0
    """Circumgalactic gas falls as (1 + r^2/cgm_core^2)^(-3 beta/2); 0: uniform."""
    cgm_core: Annotated[float, Quantity(*LIMITS["cgm_core_kpc"])] = as_in_file("10 kpc")
    """Core radius of that profile."""
    gas: Annotated[str, Word("uniform", "mcmillan", file=".fits")] = "uniform"
    """Gas of the disc. uniform: 1 cm^-3 exp(-|z|/100 pc) for R < R_d. mcmillan: the discs of atomic and
    molecular gas of McMillan (2017). Or the path of a FITS cube of hydrogen, a mean over azimuth and both
    sides of the plane, see `fields.disc.cube`."""
    helium_factor: Annotated[float | tuple[float, float, float], Number(*LIMITS["helium_factor"])] = 1.0
    """Collisions with all nuclei of the gas over those with as many protons as its density says: of all gas,
    or of [disc, halo, circumgalactic]. With helium [1.33, 1.33, 0.96]: 0.096 He for each H, where the density
    of the last is rho/m_p."""
    functions: Annotated[tuple[str, ...], Several(Word(*OWN_FUNCTIONS), 1, 7)] | None = None
    """Parts of the galaxy that are functions, given in Python: a file says so, but cannot be run again."""

    @property
    def has_lines(self) -> bool:
        """Whether particles follow field lines, of a field that is named or a function."""
        return self.field != "isotropic" or "field" in (self.functions or ())

    def conflicts(self) -> Iterator[str]:
        if self.halo == "constant" and self.bell:
            yield 'medium.bell = true: allowed: false where medium.halo = "constant", which absorbs at H'
        if self.saturation == "growing-wavelength" and self.B_cgm == 0.0:
            given = text_of(self, "B_cgm")
            yield f"medium.B_cgm = {given}: allowed: above zero for a growing wavelength"
        for key in ("epsilon", "wander", "drifts"):
            if not self.has_lines and getattr(self, key):
                given = text_of(self, key)
                yield f'medium.{key} = {given}: allowed: where medium.field is not "isotropic"'
        if self.field == "tube" and self.bell:
            yield 'medium.bell = true: allowed: false where medium.field = "tube", whose |B| grows outwards'
        if self.has_lines and self.waves == "self-consistent":
            yield f'medium.field = {shown(self.field)}: allowed: "isotropic" for "self-consistent" waves'


class Source(Table):
    """Protons injected in the Galactic disc. Luminosity in erg/s, lengths in kpc, total energies in GeV."""

    L_CR: Annotated[float, Quantity(*LIMITS["L_CR_erg_s"])] = as_in_file("1e41 erg/s")
    """Luminosity in protons between E_min and E_max."""
    R_d: Annotated[float, Quantity(*LIMITS["R_d_kpc"])] = as_in_file("10 kpc")
    """Radius of the disc."""
    slope: Annotated[float, Number(*LIMITS["slope"])] = 2.0
    """Injected dN/dE is proportional to E^-slope."""
    E_min: Annotated[float, Quantity("GeV", "1 GeV", "10 PeV")] = as_in_file("1 GeV")
    """Lowest injected energy."""
    E_max: Annotated[float, Quantity("GeV", "1 GeV", "10 PeV")] = as_in_file("1 PeV")
    """Highest injected energy."""
    slope_above: Annotated[float | Literal["cut-off"], Number(2, 10, word="cut-off")] = "cut-off"
    """What E_max is: an exponential cut-off, or where the slope changes to this one."""
    slope_beyond: Annotated[float | Literal["none"], Number(1, 4, word="none")] = "none"
    """Of what is injected from E_break to E_max; none: no break."""
    E_break: Annotated[float, Quantity(*LIMITS["E_break_GeV"])] = as_in_file("10 TeV")
    """Where the slope changes to that."""
    grammage: Annotated[float, Quantity("g/cm2", "0 g/cm2", "10 g/cm2")] = as_in_file("0 g/cm2")
    """Mass of gas, with its helium, that is crossed within the sources."""
    radial: Literal["uniform", "snr", "pulsar"] = "uniform"
    """How sources are spread over R < R_d: evenly, or as supernova remnants (Green 2015) or pulsars (Lorimer
    et al. 2006)."""

    @property
    def hydrogen_g_cm2(self) -> float:
        """Hydrogen of that grammage."""
        return self.grammage / MASS_PER_HYDROGEN

    def conflicts(self) -> Iterator[str]:
        if self.E_min >= self.E_max:
            low, high = text_of(self, "E_min"), text_of(self, "E_max")
            yield f"source.E_min = {low}: allowed: less than source.E_max = {high}"
        elif self.slope_beyond != "none" and not self.E_min < self.E_break < self.E_max:
            given = text_of(self, "E_break")
            yield f"source.E_break = {given}: allowed: between source.E_min and source.E_max"


class Transport(Table):
    """How particles are followed. Energies in GeV, lengths in kpc, times in Myr."""

    method: Literal["auto", "guiding-centre", "hybrid", "flight", "orbit"] = "auto"
    """hybrid: diffusive steps where the mean free path is short, flights elsewhere. guiding-centre: the same
    along the lines of medium.field. auto: the one or the other. flight: every collision, by brute force.
    orbit: Lorentz orbits, in a [turbulence] or, where that is affordable, through the galaxy itself."""
    acceleration: Annotated[float | Literal["auto"], Number(*LIMITS["acceleration"])] = "auto"
    """Factor by which the clock runs faster after the first visit to the Bell region; 1: the true clock."""
    energy_range: Annotated[tuple[float, float], Span("GeV", "1 GeV", "10 PeV")] = as_in_file(
        ["1 GeV", "10 PeV"]
    )
    """Energies at which particles are injected (log-uniformly); the source weighs them afterwards."""
    r_max: Annotated[float, Quantity(*LIMITS["r_max_kpc"])] = as_in_file("100 kpc")
    """Absorbing outer edge."""
    t_max: Annotated[float, Quantity("Myr", "0.001 Myr", "100 Gyr")] = as_in_file("10 Gyr")
    """Age at which histories end."""
    particles: Annotated[int, Number(*LIMITS["particles"])] = 5440
    """Number of particles."""
    seed: Annotated[int, Number(*LIMITS["seed"])] = 1
    """Seed of all random numbers."""
    precision_of: Annotated[tuple[str, ...], Several(Word(*PRECISION_OF), 1, 4)] = PRECISION_OF[:2]
    """What --precision is asked of."""
    importance_of: Annotated[str, Asked()] = Asked.NONE
    """What particles are to be released for, more of them where they matter to it: as "neutrino 10 TeV cgm",
    or as "gamma 100 TeV lhaaso-inner" for a region of the sky. Their weights make up for it; all else is
    counted with larger errors."""
    weight_windows: bool = False
    """Whether histories are divided, and end by chance, in the halo too, by how much they matter there. It
    hardly ever pays: particles forget where they were before they are seen."""

    def conflicts(self) -> Iterator[str]:
        if self.weight_windows and self.importance_of == Asked.NONE:
            yield "transport.weight_windows = true: allowed: with transport.importance_of"


NSIDES = tuple(2**k for k in range(11))
"""HEALPix resolutions."""


class Sky(Table):
    """What is seen from the Sun. Energies of photons and neutrinos in GeV."""

    nside: Annotated[int, Choice(*NSIDES)] = 64
    """HEALPix resolution."""
    energies: Annotated[tuple[Any, ...], Span("GeV", "0.1 GeV", "10 PeV", points=(2, 970), between=20)] = (
        as_in_file(["1 GeV", "10 PeV", 29, "30 TeV"])
    )
    """Lowest and highest energy, the number of energies, evenly spaced in the logarithm, and further ones."""
    absorption: Literal["cmb", "cmb+starlight"] = "cmb"
    """What gamma rays are lost on: the microwave background, or the light of stars and dust in the Galaxy
    too, which takes a quarter of those of 100 TeV from the Galactic centre."""

    @property
    def starlight(self) -> bool:
        return self.absorption == "cmb+starlight"


# Longest over shortest wave: what can be measured along a line.
_WIDEST = 1e5


class Turbulence(Table):
    """Homogeneous turbulence in a slab |z| < H, in which tracks test the diffusive approximation."""

    spectrum: Literal["kolmogorov", "scale-invariant", "self-generated"]
    """Power per ln k: k^(-2/3), constant, or F of REV Eq. 7 in the mean field."""
    geometry: Literal["isotropic", "slab", "composite"] = "isotropic"
    """Directions of the waves; slab: along z; composite: a fifth of the power along z, the rest across."""
    wavelengths: Annotated[tuple[float, float], Span("kpc", "1e-12 kpc", "100 kpc")]
    """Shortest and longest."""
    modes: Annotated[int, Number(1, 10_000, whole=True)] = 500
    """Plane waves of a realisation, evenly spaced in ln k."""
    mean_field: Annotated[float, Quantity("uG", "0 uG", "1000 uG")] = as_in_file("0 uG")
    """Along z."""
    rms_field: Annotated[float | Literal["auto"], Quantity("uG", "1e-6 uG", "1000 uG", word="auto")] = "auto"
    """Root of <dB^2>. auto: what the waves of REV Eq. 7 add up to, or the saturated field of PRL Eq. 8."""
    level: Annotated[float, Number(1e-6, 1e6)] = 1.0
    """Factor on the power of self-generated waves."""
    H: Annotated[float, Quantity("kpc", "1e-6 kpc", "10 kpc")]
    """Half-thickness of the slab that particles escape from, by transport.t_max at the latest."""
    gas: Annotated[float, Quantity("cm-3", "1e-8 cm-3", "1e6 cm-3")] = as_in_file("1 cm-3")
    """Hydrogen in it."""
    energies: Annotated[tuple[float, float, int], Span("GeV", "1 GeV", "10 PeV", points=(2, 100))]
    """Lowest and highest energy, and how many, evenly spaced in the logarithm; one test for each."""

    def conflicts(self) -> Iterator[str]:
        shortest, longest = self.wavelengths
        mean, spectrum = text_of(self, "mean_field"), f"where the spectrum is {shown(self.spectrum)}"
        if longest > _WIDEST * shortest:
            given = text_of(self, "wavelengths")
            yield f"turbulence.wavelengths = {given}: allowed: a factor of {_WIDEST:g} between them"
        if 0.0 < self.mean_field < 1e-6:
            yield f'turbulence.mean_field = {mean}: allowed: "0 uG", or "1e-06 uG" to "1000 uG"'
        if self.geometry != "isotropic" and self.mean_field == 0.0:
            geometry = shown(self.geometry)
            yield f'turbulence.geometry = {geometry}: allowed: "isotropic" where there is no mean field'
        if self.rms_field == "auto" and self.spectrum == "kolmogorov":
            yield f'turbulence.rms_field = "auto": allowed: a field, {spectrum}'
        if self.spectrum == "self-generated" and self.mean_field == 0.0:
            yield f"turbulence.mean_field = {mean}: allowed: above zero, {spectrum}"
        if self.level != 1.0 and (self.spectrum != "self-generated" or self.rms_field != "auto"):
            yield f'turbulence.level = {self.level:g}: allowed: 1, unless "self-generated" with rms "auto"'


class SelfConsistency(Table):
    """Waves found together with the protons that excite them, and the rounds that find them."""

    solver: Literal["transport-equation", "particles"] = "transport-equation"
    """What gives the flux of protons in a round."""
    growth: bool = True
    """Do protons excite waves (REV Eq. 2)?"""
    nonlinear_landau: bool = True
    """Non-linear Landau damping (REV Eq. 6), with medium.v_s."""
    cascade: Literal["none", "kolmogorov", "kraichnan"] = "none"
    """Do waves pass their energy on to shorter ones, and how fast?"""
    advected: bool = False
    """Do waves, and protons with them, leave the disc at the Alfven speed (Evoli et al. 2018)? The protons
    that they carry excite none."""
    seed: Annotated[float, Number(1e-14, 1e-2)] = 1e-8
    """F that is there without any growth, where waves are advected. D does not depend on it where growth has
    the time."""
    injected_power: Annotated[float, Number(0, 10)] = 0.0
    """dB^2/B0^2 of turbulence that is there without cosmic rays: of what leaves the disc where waves are
    advected, of what is kept up everywhere else."""
    injection_scale: Annotated[float, Quantity("kpc", "0.1 pc", "1 kpc")] = as_in_file("50 pc")
    """Its largest scale."""
    injection_height: Annotated[float, Quantity("kpc", "1 pc", "1 kpc")] = as_in_file("100 pc")
    """Over which the disc sends it off."""
    shear_scale: Annotated[float, Quantity("kpc", "0 kpc", "10 kpc")] = as_in_file("0 kpc")
    """L of damping by turbulence (Farmer & Goldreich 2004); 0: none."""
    neutrals: Annotated[float, Quantity("cm-3", "0 cm-3", "1000 cm-3")] = as_in_file("0 cm-3")
    """Neutral hydrogen, for ion-neutral damping."""
    neutral_height: Annotated[float, Quantity("kpc", "100 pc", "10 kpc")] = as_in_file("100 pc")
    """Height below which it is there."""
    temperature: Annotated[float, Quantity("K", "10 K", "1e6 K")] = as_in_file("8000 K")
    """Of ions and neutrals."""
    start: Annotated[float, Number(1e-3, 1e3)] = 1.0
    """Factor on D = r_L v/(3 F) of REV Eqs. 8 and 9, from which the first round starts."""
    tolerance: Annotated[float, Number(1e-4, 1)] = 0.01
    """Largest change of ln D in a round, at any energy and height, to stop at."""
    relaxation: Annotated[float, Number(0.01, 1)] = 1.0
    """Share of the way that ln D goes in a round."""
    most_rounds: Annotated[int, Number(1, 1000, whole=True)] = 20
    """When to give up."""

    def conflicts(self) -> Iterator[str]:
        if self.injected_power > 0 and self.cascade == "none":
            given = f"self_consistency.injected_power = {self.injected_power:g}"
            yield f'{given}: allowed: 0 where cascade = "none"'
        if not self.growth and self.injected_power == 0:
            yield "self_consistency.growth = false: allowed: where injected_power is above 0"
        if not self.nonlinear_landau and self.cascade == "none":
            given = "self_consistency.nonlinear_landau = false"
            yield f"{given}: allowed: with a cascade, for something has to end the growth"


class TwoZone(Table):
    """D with one slope near the disc and another above (Tomassetti 2012, ref. 27 of REV)."""

    D0: Annotated[float, Quantity("kpc2/Myr", "1e22 cm2/s", "1e34 cm2/s")] = as_in_file("5e28 cm2/s")
    """Of D = D0 (v/c) (p/p0)^slope, the same in both zones; times v/c, as the mean free path asks for."""
    p0: Annotated[float, Quantity("GeV", "1 GeV", "10 PeV")] = as_in_file("10 GeV")
    """In GeV/c."""
    slope_disc: Annotated[float, Number(0, 2)] = 0.18
    """d ln D/d ln p near the disc."""
    slope_halo: Annotated[float, Number(0, 2)] = 0.73
    """The same above."""
    thickness: Annotated[float, Quantity("kpc", "0.01 kpc", "100 kpc")] = as_in_file("0.5 kpc")
    """Half-thickness of the zone near the disc; the slope changes over half of it."""


class Diffusion(Table):
    """D as a power of the rigidity with a smooth break, as fits of local data have it."""

    D0: Annotated[float, Quantity("kpc2/Myr", "1e22 cm2/s", "1e34 cm2/s")] = as_in_file("5e28 cm2/s")
    """Of D = D0 (v/c)^eta (R/R0)^delta, at the disc."""
    R0: Annotated[float, Quantity("GV", "1 GV", "10 PV")] = as_in_file("10 GV")
    """Where that is, and the break is not."""
    delta: Annotated[float, Number(0, 2)] = 0.5
    """d ln D/d ln R below the break."""
    R_break: Annotated[float, Quantity("GV", "1 GV", "10 PV")] = as_in_file("300 GV")
    """Rigidity of the break."""
    delta_high: Annotated[float, Number(0, 2)] = 0.34
    """d ln D/d ln R above it."""
    smoothness: Annotated[float, Number(0.001, 2)] = 0.04
    """The change takes this over |delta - delta_high| of a factor e in R, to either side."""
    eta: Annotated[float, Number(-5, 5)] = 1.0
    """Power of v/c."""
    scale: Annotated[float | Literal["none"], Quantity("kpc", "0.1 kpc", "100 kpc", word="none")] = "none"
    """Distance from the disc over which D grows by e."""


class Observer(Table):
    """Someone who sees the galaxy from outside."""

    distance: Annotated[float, Quantity("kpc", "200 kpc", "1000 Mpc")] = as_in_file("780 kpc")
    """To the centre of the galaxy."""
    inclination_deg: Annotated[float, Number(0, 90)] = 77.0
    """0: face-on."""

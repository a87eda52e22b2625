"""Phases of the gas of the disc: temperature, density, field and ionisation, for waves and for grammage."""

from __future__ import annotations

from dataclasses import dataclass

from ..exceptions import UserError

# Momentum that an ion loses per neutral hydrogen mass [cm^3 s^-1]: the polarisation rate of Draine (2011,
# Physics of the Interstellar and Intergalactic Medium, section 2.4), 8.98e-10 (alpha/a_0^3)^(1/2)
# (m_H/mu)^(1/2), times m_n/(m_n + m_i), over the mass of the neutral.
_CHARGE_EXCHANGE = 8.4e-9  # of protons with hydrogen at 1e4 K (Kulsrud & Cesarsky 1971)
_PROTON_IN_HELIUM = 9.5e-10 / 4.0
_CARBON_IN_HYDROGEN = 1.5e-10
_CARBON_IN_MOLECULES = 2.3e-10 / 2.0


@dataclass(frozen=True)
class GasPhase:
    """A phase of the gas.

    Attributes
    ----------
    density_cm3 : float
        All gas, as hydrogen masses per cm^3.
    neutral_fraction : float
        Share of that mass in neutrals that rub against the ions.
    temperature_K : float
        Of all of it.
    B_uG : float
        Ordered field.
    neutral_rate_cm3_s : float or None
        Momentum that an ion loses in gas of one neutral hydrogen mass per cm^3; None: charge exchange of
        protons with hydrogen, 8.4e-9 (T/10^4 K)^0.4 (Kulsrud & Cesarsky 1971, ApL 8, 189), as in
        `streaming.ion_neutral_damping_rate_Myr`.
    source : str
        Where the numbers come from.
    """

    density_cm3: float
    neutral_fraction: float
    temperature_K: float
    B_uG: float
    neutral_rate_cm3_s: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.neutral_fraction < 1.0:
            raise UserError(f"neutral fraction {self.neutral_fraction:g}: allowed: 0 to less than 1")
        if min(self.density_cm3, self.temperature_K, self.B_uG) <= 0.0:
            raise UserError("a phase of the gas: allowed: density, temperature and field above zero")

    @property
    def ions_cm3(self) -> float:
        """Ions, as hydrogen masses per cm^3: what moves with waves that neutrals cannot follow."""
        return self.density_cm3 * (1.0 - self.neutral_fraction)

    @property
    def collision_temperature_K(self) -> float:
        """At which charge exchange with hydrogen brakes ions as fast as the neutrals do here."""
        if self.neutral_rate_cm3_s is None:
            return self.temperature_K
        return float(1e4 * (self.neutral_rate_cm3_s / _CHARGE_EXCHANGE) ** 2.5)

    @property
    def collision_rate_s(self) -> float:
        """At which an ion loses its momentum to neutrals [1/s]."""
        return _CHARGE_EXCHANGE * (self.collision_temperature_K / 1e4) ** 0.4 * self.neutrals_cm3

    @property
    def neutrals_cm3(self) -> float:
        """Neutrals, as hydrogen masses per cm^3."""
        return self.density_cm3 * self.neutral_fraction


_JEAN = "Jean et al. (2009, A&A 508, 1099), middle of the range"

PHASES: dict[str, GasPhase] = {
    "hot-ionised": GasPhase(0.01, 0.0, 1e6, 3.0, source="Jean et al. (2009, A&A 508, 1099)"),
    "warm-ionised": GasPhase(
        0.5, 0.1, 8000.0, 3.0, source="D'Angelo, Blasi & Amato (2016, PRD 94, 083003): 10% of H neutral"
    ),
    "warm-ionised-helium": GasPhase(
        0.5, 0.28, 8000.0, 3.0, _PROTON_IN_HELIUM, "as warm-ionised, but H ionised and He, a tenth of it, not"
    ),
    "warm-neutral": GasPhase(0.35, 0.97, 8000.0, 5.0, source=_JEAN),
    "cold-neutral": GasPhase(
        30.0, 1.0 - 12.0 * 1.4e-4, 80.0, 6.0, _CARBON_IN_HYDROGEN, f"{_JEAN}; ions: carbon, 1.4e-4 of H"
    ),
    "diffuse-molecular": GasPhase(
        300.0, 1.0 - 12.0 * 1e-4, 50.0, 5.0, _CARBON_IN_MOLECULES, f"{_JEAN}; ions: carbon, 1e-4 of H"
    ),
}
"""Phases by name."""

"""What is wrong with the light of helium fails."""

import pytest
from crhalo.maps.light.emissivity import MASS_NUMBERS
from crhalo.scenarios.validation import helium as checks

BREAKS = {
    # The energy of a nucleus read as that of each of its nucleons.
    "energy of the nucleus": ("maps.light.secondaries.PAIRS", {"He-p": (1, 5.0), "He-He": (1, 5.0)}, "He-p"),
    "half of the helium": ("maps.light.secondaries.HELIUM_PER_HYDROGEN", 0.048, "per hydrogen"),
    "nuclei as light as helium": (
        "maps.light.emissivity.MASS_NUMBERS",
        dict.fromkeys(MASS_NUMBERS, 4),
        "all",
    ),
    # A nucleon of helium with the momentum of the proton, in place of half of it.
    "heavier protons": ("maps.light.emissivity.M_P_GEV", 30.0, "pair by pair"),
}


@pytest.mark.parametrize("wrong", BREAKS)
def test_wrong_helium_fails(wrong, monkeypatch):
    place, value, name = BREAKS[wrong]
    if name == "He-p":
        value = checks.PAIRS | value
    monkeypatch.setattr(f"crhalo.{place}", value)
    failed = [row["name"] for row in checks.helium(1.0) if not row["passed"]]
    assert any(name in each for each in failed), failed

"""Known answers of nested leaky boxes notice what is broken."""

import numpy as np
import pytest
from crhalo.maps.light.antimatter import made_per_projectile_cm3_Myr
from crhalo.maps.light.near_sources import nested_leaky_box as light
from crhalo.mc.diffusion import leaky_box
from crhalo.mc.diffusion.leaky_box import Box
from crhalo.scenarios.validation.near_sources import leaky_box as checks

LEAVING = Box.leaving_Myr


def two_per_cent_more(*given):
    return 1.02 * made_per_projectile_cm3_Myr(*given)


def primaries_alone(box, species, edges, density):
    return LEAVING(box, species, edges, density) * (species.name not in ("fragment", "pbar"))


def cooled_at_the_middle(edges, radiation, whole=checks.cooling_rate_Myr):
    return 1.3 * whole(edges, radiation)


TWINS = {
    "more antiprotons": (light, "made_per_projectile_cm3_Myr", two_per_cent_more, "flat_grammage", "100 GV"),
    "antiprotons of cocoons that stay": (Box, "leaving_Myr", primaries_alone, "flat_grammage", "20 GV"),
    "gas half as heavy": (leaky_box, "M_P_G", 2.0 * leaky_box.M_P_G, "boron_of_two_boxes", "a leaky box"),
    "boron of cocoons that stays": (Box, "leaving_Myr", primaries_alone, "boron_of_two_boxes", "nested"),
    "grammage where there is none": (leaky_box, "_NO_GRAMMAGE_G_CM2", 1.0, "no_cocoons", "nuclei"),
    "antiprotons where there are none": (leaky_box, "_NO_GRAMMAGE_G_CM2", 1.0, "no_cocoons", "antiprotons"),
    "more radiation": (checks, "cooling_rate_Myr", cooled_at_the_middle, "radiating_positrons", "300 GeV"),
}


@pytest.mark.parametrize(
    "check", ["flat_grammage", "boron_of_two_boxes", "no_cocoons", "radiating_positrons"]
)
def test_known_answers(check):
    rows = getattr(checks, check)(1.0)
    assert rows and all(row["passed"] for row in rows), rows


@pytest.mark.parametrize("name", TWINS)
def test_broken_twin_fails(name, monkeypatch):
    owner, attribute, broken, check, row = TWINS[name]
    monkeypatch.setattr(owner, attribute, broken)
    watched = [each for each in getattr(checks, check)(1.0) if row in each["name"]]
    assert watched and not all(each["passed"] for each in watched), watched


def test_the_moment_of_a_steeper_spectrum_is_smaller():
    flat, steep = checks.moment_mb(100.0, 2.5), checks.moment_mb(100.0, 2.9)
    assert 0.0 < steep < 0.8 * flat and np.isfinite(flat)

"""Known answers of nuclei notice what is broken."""

import numpy as np
import pytest
from crhalo.maps.light import nuclei as light
from crhalo.mc.diffusion import nuclei, species
from crhalo.mc.diffusion.nuclei import Network, Nucleus
from crhalo.scenarios.validation import nuclei as checks


def at_the_same_rigidity(network, per_bin, times):
    return per_bin / np.diff(np.log(network.rigidity_edges_GV))[:, None]


def at_rest(nucleus, rigidity_GV):
    return 0.0 * rigidity_GV + 1.0 / nucleus.lifetime_Myr


def without_slope(loss, slope, width):
    return np.maximum(loss, 0.0) / width, 0.0 * loss


def without_11C(parent, fragment, energy_GeV, whole=light.made_mb):
    return whole(parent, fragment, energy_GeV) * (0.53 if (parent, fragment) == ("C12", "B11") else 1.0)


def not_destroyed(chain, destroyed, made, whole=checks._network):
    return whole(chain, [destroyed[0], *(0.0 for _ in destroyed[1:])], made)


TWINS = {
    "parents at the rigidity of fragments": (
        (nuclei, "_at_rigidities", at_the_same_rigidity),
        "secondaries_of_a_thin_disc",
        "A/Z = 2.2",
    ),
    "secondaries that are not destroyed": (
        (checks, "_network", not_destroyed),
        "secondaries_of_a_thin_disc",
        "destroyed",
    ),
    "gas twice as thick": ((nuclei, "MBARN_CM2", 2e-27), "secondaries_of_a_thin_disc", "X sigma/m"),
    "decays at rest": ((Nucleus, "decay_Myr", at_rest), "radioactive_nuclei", "halo"),
    "decays at rest, leaky box": ((Nucleus, "decay_Myr", at_rest), "radioactive_nuclei", "box"),
    "decays into nothing": (
        (Network, "made_by_decay_Myr", lambda self: 0.0 * self.made_mb),
        "nuclei_kept",
        "third",
    ),
    "gas twice as thick, kept": ((nuclei, "MBARN_CM2", 2e-27), "nuclei_kept", "first"),
    "losses at the middle of bins": (
        (species, "lost_and_gained", without_slope),
        "cooled_positrons",
        "mean",
    ),
    "boron without 11C": ((light, "made_mb", without_11C), "boron_of_a_grammage", "2.28 g/cm^2 of hyd"),
    "boron without 11C, of gas": (
        (light, "made_mb", without_11C),
        "boron_of_a_grammage",
        "2.28 g/cm^2 of gas",
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_broken_twin_fails(name, monkeypatch):
    (owner, attribute, broken), check, row = TWINS[name]
    monkeypatch.setattr(owner, attribute, broken)
    watched = [each for each in getattr(checks, check)(1.0) if row in each["name"]]
    assert watched and not all(each["passed"] for each in watched), watched

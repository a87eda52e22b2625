"""From a scenario and its medium to the cosmic rays that reach the Sun."""

from __future__ import annotations

from ..fields.units import FloatArray
from ..maps.light.local_cosmic_rays import LocalCosmicRays, Release
from ..mc.coupled.waves import round_cells
from ..mc.spectrum import Spectrum
from .build import Setup
from .file.scenario import Scenario


def release_of(scenario: Scenario, spectrum: Spectrum) -> Release:
    """What its sources release: protons of a spectrum, and the nuclei of its [composition], if it has one."""
    source, composition = scenario.source, scenario.composition
    if composition is None:
        return Release(spectrum, {}, spectrum.slope, 0.0, source.R_d)
    return Release(spectrum, composition.per_proton, composition.slope, source.hydrogen_g_cm2, source.R_d)


def local_cosmic_rays(
    scenario: Scenario, setup: Setup, spectrum: Spectrum, energy_edges_GeV: FloatArray
) -> LocalCosmicRays:
    """Cosmic rays at the Sun by the steady transport equation in the medium of a scenario.

    Nuclei are among them where it has a [composition].
    """
    cells, release = round_cells(setup.medium, setup.galaxy), release_of(scenario, spectrum)
    return LocalCosmicRays(cells, release, energy_edges_GeV, setup.galaxy.magnetic_field_uG)

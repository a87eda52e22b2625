"""The current that drives the instability, measured in rounds of runs, which converge."""

import numpy as np
from crhalo.fields.galaxy import Galaxy
from crhalo.mc.blocks import Transport
from crhalo.mc.coupled.current import measure_current
from crhalo.mc.spectrum import Spectrum
from crhalo.mc.tally import energy_groups, galactic_grid


def test_rounds_converge_below_the_flux_of_the_papers():
    """The model sends all that is injected through the area of the disc; some leaves by the flanks."""
    galaxy = Galaxy(delta_G=1.0, E_max_GeV=1e4, E_min_GeV=1e3)

    def grid(galaxy):
        return galactic_grid(energy_groups(1e3, 1e4), galaxy)

    spectrum = Spectrum(E_min_GeV=1e3, E_max_GeV=1e4)
    found = measure_current(galaxy, grid, Transport(2560, 3), spectrum, 2, lambda done, most: None)
    assert found.converged and 2 <= len(found.changes)
    assert np.all((found.ratio > 0.1) & (found.ratio < 0.9))
    assert found.galaxy.energy_flux < galaxy.energy_flux
    assert found.as_dict()["rounds"] == len(found.changes)

"""A few orbits on a simulated GPU: `python device_orbits.py FILE PARTICLES BLOCKSxTHREADS ...`.

With the environment `SIMULATED` everything is plain Python. What comes of each shape of launch is written to
FILE. Some of the orbits leave a slab of gas, others are still in it at their end.
"""

import os
import sys

import numpy as np
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import axis
from crhalo.fields.turbulence.synthetic import Turbulence, kolmogorov
from crhalo.mc.blocks import Job, Transport
from crhalo.mc.tally import Tally, TallyGrid

SIMULATED = {"NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"}
TWIN = "TWIN_OF_TALLIES"
_H = 0.03


def job(particles, t_max_Myr=2.5e-4):
    """Orbits of 1 PeV in a slab |z| < 30 pc with gas of 1 cm^-3."""
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: 1.0 + 0.0 * p * R * z,
        surface=lambda R, z: z - _H + 0.0 * R,
        gas_halo=lambda R, z: 1.0 + 0.0 * R * z,
        R_axis=axis((1e3, 500.0)),
        z_axis=axis((_H, _H / 4), (4 * _H, _H)),
        r_max_kpc=1e3,
    )
    whole = np.array([0.0, 1e3])
    grid = TallyGrid(1e6 * np.array([0.9, 1.0, 1.1]), whole, np.array([0.0, _H / 2, _H]), whole, whole)
    turbulence = Turbulence(kolmogorov, (2e-3, 0.02), 8, 0.3, 1.0)
    how = Transport(particles, 1, "orbit", 1, t_max_Myr, R_d_kpc=0.1, turbulence=turbulence)
    return Job.of(medium, grid, how)


def together(blocks):
    """What came of some blocks, by name."""
    blocks = list(blocks)
    found = {f"tally {name}": sum(getattr(b.tally, name) for b in blocks) for name in Tally._fields}
    return found | {
        name: np.concatenate([getattr(b, name) for b in blocks]) for name in ("fates", "ages_Myr")
    }


def break_tallies(how):
    """Tallies that are broken: too "coarse", or of "floats"."""
    from crhalo.mc.device import executor, fixed_point

    if how == "coarse":
        executor.unit_for = lambda bound: fixed_point.unit_for(bound) * 2.0**-40
    if how == "floats":
        fixed_point.whole_units = lambda value, per_unit, column: value
        whole = executor.fixed_point

        def floats(job, blocks):
            tally = whole(job, blocks)
            for array in tally:
                array.per_unit[:] = 1.0
            return Tally(*(a._replace(counts=Each(a.counts.values.astype(float))) for a in tally))

        executor.fixed_point = floats


if __name__ == "__main__":
    from crhalo.mc.device.by_block import Each
    from crhalo.mc.device.executor import Device

    break_tallies(os.environ.get(TWIN))
    file, particles, *shapes = sys.argv[1:]
    followed = {}
    for shape in shapes:
        threads = tuple(map(int, shape.split("x")))
        done = together(Device(threads, blocks=3).follow(job(int(particles)), 0, np.zeros(1, np.int64)))
        followed |= {f"{shape} {name}": values for name, values in done.items()}
    np.savez(file, **followed)

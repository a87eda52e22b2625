"""Kernels compiled before the tests start, in two processes: else each worker would compile the same ones.

`warm()` takes about a minute where nothing is cached, and nothing afterwards.
"""

import hashlib
import subprocess
import sys

from crhalo.fields._jit import cache_directory


def wall():
    """The hybrid engine with a wall, which takes as long as all the others."""
    _run("circumgalactic")


def others():
    """The hybrid engine without a wall, and skies; orbits and tracks."""
    from crhalo.fields.turbulence.synthetic import Turbulence, kolmogorov
    from crhalo.mc.orbits.diffusion_test import DiffusionTest
    from crhalo.mc.orbits.escape import Slab
    from crhalo.scenarios.products.registry import made
    from crhalo.scenarios.products.skies import PRODUCT

    made(_run("free-escape"), PRODUCT)
    turbulence = Turbulence(kolmogorov, (1e-5, 1e-2), 64, 1.0, 1.0)
    test = DiffusionTest(turbulence, 1e7, Slab(0.01, 1.0, 1e-4), 32, 1, 1)
    return test.D_kpc2_Myr, test.by_orbits.inside


def _run(name):
    from crhalo.scenarios import load
    from crhalo.scenarios.run import make_run

    small = [
        "transport.energy_range=['100 TeV', '1 PeV']",
        "sky.nside=1",
        "sky.energies=['1 TeV', '10 TeV', 2]",
    ]
    return make_run(load(name).with_overrides(["transport.particles=8", "transport.t_max=1 Myr", *small]), 1)


GROUPS = (wall, others)


def warm():
    """Compile what is not in the cache."""
    # Numba keeps kernels by the path of their source: another clone has to compile its own.
    here = hashlib.sha256(__file__.encode()).hexdigest()[:16]
    done = cache_directory() / f"compiled_for_tests_{here}"
    if done.exists():
        return
    running = [subprocess.Popen([sys.executable, __file__, group.__name__]) for group in GROUPS]
    if not any([process.wait() for process in running]):  # waits for all of them
        done.touch()


if __name__ == "__main__":
    {group.__name__: group for group in GROUPS}[sys.argv[1]]()

"""Kernels run as plain Python, without a compiler: they give the same."""

import os
import subprocess
import sys

import numpy as np

# Three particles without a wall and two that meet one.
PLAIN_PYTHON = """
import sys
import numpy as np
from crhalo.fields.galaxy import Galaxy
from crhalo.mc.blocks import Transport
from crhalo.mc.engine import run
from crhalo.mc.tally import Fate, energy_groups, galactic_grid

def tallies(particles, t_max_Myr, **changes):
    galaxy = Galaxy(r_max_kpc=30.0, delta_G=1e4, **changes)
    grid = galactic_grid(energy_groups(1e5, 1e6), galaxy)
    transport = Transport(particles=particles, seed=3, t_max_Myr=t_max_Myr)
    return run(galaxy.medium(), grid, transport).tallies

without, wall = tallies(3, 1e4, halo="constant"), tallies(3, 2.0)
if __name__ == "__main__":
    named = {f"{label} {name}": v for label, t in (("a", without), ("b", wall)) for name, v in t.items()}
    np.savez(sys.argv[1], **named)
"""


def test_plain_python_gives_the_same(tmp_path):
    (tmp_path / "plain.py").write_text(PLAIN_PYTHON)
    command = [sys.executable, "-W", "error", str(tmp_path / "plain.py"), str(tmp_path / "plain.npz")]
    subprocess.run(command, check=True, env=os.environ | {"NUMBA_DISABLE_JIT": "1"})
    compiled: dict = {}
    exec(PLAIN_PYTHON, compiled)
    plain = np.load(tmp_path / "plain.npz")
    for label, tallies in (("a", compiled["without"]), ("b", compiled["wall"])):
        assert tallies["injected"].sum() == 3
        for name, values in tallies.items():
            np.testing.assert_allclose(plain[f"{label} {name}"], values, rtol=1e-9, atol=1e-15, err_msg=name)

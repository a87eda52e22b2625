r"""
A diffusion coefficient of your own
===================================

In a halo of constant height D is a function of momentum and place. Two of them, which are the same in the
plane: does it matter that one of them grows with height? Grammage in a slab goes as one over D, so it falls
as p\ :sup:`-0.4` here: the lines.
"""

import matplotlib.pyplot as plt
import numpy as np
from crhalo.scenarios import Galaxy, Spectrum, Transport, simulate

PARTICLES = 640


def constant(p_GeV, R_kpc, z_kpc):
    """3e28 cm2/s at 10 GeV/c, the same everywhere; kpc2/Myr."""
    return 0.1 * (p_GeV / 10.0) ** 0.4 * (1.0 + 0.0 * abs(z_kpc))


def rising(p_GeV, R_kpc, z_kpc):
    """The same in the plane, growing away from it."""
    return 0.1 * (p_GeV / 10.0) ** 0.4 * (1.0 + abs(z_kpc) / 1.0)


energy_GeV = np.logspace(1, 5, 9)
figure, axes = plt.subplots(figsize=(5.2, 3.8), layout="constrained")
for diffusion, colour in ((constant, "#0072B2"), (rising, "#D55E00")):
    slab = Galaxy(diffusion=diffusion, halo="constant", H_kpc=4.0, bell=False)
    run = simulate(slab, Spectrum(slope=2.4), Transport(particles=PARTICLES, seed=1))
    found = run.grammage(energy_GeV)["disc"]
    style = {"color": colour, "marker": "o", "markersize": 4, "linestyle": "none", "capsize": 2}
    axes.errorbar(energy_GeV, found.value, found.error, label=f"D {diffusion.__name__} with height", **style)
    line = energy_GeV**-0.4
    scale = (found.value * line / found.error**2).sum() / (line**2 / found.error**2).sum()
    axes.plot(energy_GeV, scale * line, color=colour, linewidth=0.8)
axes.set(xscale="log", yscale="log", xlabel="E  [GeV]", ylabel=r"grammage in the disc  [g cm$^{-2}$]")
axes.legend(frameon=False)

"""
From tracks to a diffusion coefficient
======================================

Protons follow Lorentz orbits through realisations of isotropic Kolmogorov turbulence. The mean square of how
far they have come, over six times the time, tends to a constant: D. Its mean free path tells whether
diffusion may describe a layer of some thickness.
"""

import matplotlib.pyplot as plt
from crhalo.fields.turbulence.synthetic import Turbulence
from crhalo.mc.orbits.diffusion_test import DiffusionTest
from crhalo.mc.orbits.escape import Slab

PARTICLES = 128


def power(k_kpc):
    """Kolmogorov: power per ln k, in any unit, for it is normalised to rms_uG."""
    return k_kpc ** (-2.0 / 3.0)


turbulence = Turbulence(power, (2e-5, 2e-2), modes=128, rms_uG=1.0, mean_field_uG=0.0)
slab = Slab(H_kpc=0.05, gas_cm3=1.0, t_max_Myr=1.0)

# %%
# D against the length of the path: ballistic at first, then a plateau, which D is taken from (bands: error).

figure, axes = plt.subplots(figsize=(5.6, 3.9), layout="constrained")
for energy_GeV, colour in ((3e5, "#0072B2"), (1e6, "#009E73"), (3e6, "#D55E00")):
    test = DiffusionTest(turbulence, energy_GeV=energy_GeV, slab=slab, particles=PARTICLES, seed=1)
    running = test.late.along
    D, error = test.D_kpc2_Myr
    label = f"{energy_GeV / 1e6:g} PeV: $\\lambda$ = {1e3 * test.mean_free_path_kpc:.2g} pc"
    axes.plot(1e3 * running.path_kpc, running.running * test.speed_kpc_Myr, color=colour, label=label)
    axes.axhspan(D - error, D + error, color=colour, alpha=0.2, linewidth=0)
    print(f"{energy_GeV:g} GeV: D = {D:.3g} +- {error:.1g} kpc2/Myr")
axes.set(
    xscale="log",
    yscale="log",
    ylim=(0.015, 2.0),
    xlabel="length of the path  [pc]",
    ylabel=r"D  [kpc$^2$ Myr$^{-1}$]",
)
axes.legend(frameon=False, loc="lower right")

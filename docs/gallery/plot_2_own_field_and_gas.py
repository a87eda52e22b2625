"""
A field and a gas of your own
=============================

The magnetic field of the halo and the gas of the disc are functions in NumPy; no kernel is touched. Here the
field falls as a Lorentzian with height, not exponentially, and the gas disc flares. How much longer do
protons stay?
"""

import matplotlib.pyplot as plt
import numpy as np
from crhalo.scenarios import Galaxy, Spectrum, Transport, simulate

PARTICLES = 320


def field_uG(R_kpc, z_kpc):
    """3 uG in the disc, a Lorentzian with height, exponential beyond 10 kpc."""
    return 3.0 / (1.0 + (z_kpc / 2.0) ** 2) * np.exp(-np.maximum(R_kpc - 10.0, 0.0) / 2.0)


def disc_gas_cm3(R_kpc, z_kpc):
    """A scale height of 100 pc that doubles every 10 kpc."""
    return np.exp(-R_kpc / 5.0 - abs(z_kpc) / (0.1 * 2.0 ** (R_kpc / 10.0)))


mine = Galaxy(field_uG=field_uG, disc_gas_cm3=disc_gas_cm3, delta_G=100.0)
usual = Galaxy(delta_G=100.0)
transport = Transport(particles=PARTICLES, seed=1)
runs = {
    "field and gas of the papers": simulate(usual, Spectrum(), transport),
    "Lorentzian field, flaring gas": simulate(mine, Spectrum(), transport),
}

# %%
# The field along the axis, the age at which protons first meet the surface of the halo, and the gas they have
# crossed in the disc; bars are one sigma.

energy_GeV = np.logspace(1, 6, 11)
z_kpc = np.linspace(0.0, 12.0, 200)
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3.3), layout="constrained")
for (name, run), colour in zip(runs.items(), ("#0072B2", "#D55E00"), strict=True):
    left.semilogy(z_kpc, run.galaxy.magnetic_field_uG(0.0 * z_kpc, z_kpc), color=colour, label=name)
    for axes, found in ((middle, run.escape_time(energy_GeV)), (right, run.grammage(energy_GeV)["disc"])):
        axes.errorbar(energy_GeV, found.value, found.error, color=colour, marker="o", markersize=3, capsize=2)
left.set(xlabel="z  [kpc]", ylabel=r"B  [$\mu$G]")
middle.set(xlabel="E  [GeV]", ylabel="age at the surface  [Myr]", xscale="log", yscale="log")
right.set(xlabel="E  [GeV]", ylabel=r"grammage in the disc  [g cm$^{-2}$]", xscale="log", yscale="log")
left.legend(frameon=False, fontsize=8)

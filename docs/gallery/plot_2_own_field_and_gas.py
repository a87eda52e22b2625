"""
A field and a gas of your own
=============================

The magnetic field of the halo and the gas of the disc are functions in NumPy; no kernel is touched. Here the
field falls as a Lorentzian with height, not exponentially, and the gas disc flares. How much longer do
protons stay?
"""

import matplotlib.pyplot as plt
import numpy as np
from crhalo.fields.gas_density import disc_density_cm3
from crhalo.scenarios import Galaxy, Spectrum, Transport, simulate

PARTICLES = 320


def field_uG(R_kpc, z_kpc):
    """3 uG in the disc, a Lorentzian with height, exponential beyond 10 kpc."""
    return 3.0 / (1.0 + (z_kpc / 2.0) ** 2) * np.exp(-np.maximum(R_kpc - 10.0, 0.0) / 2.0)


def disc_gas_cm3(R_kpc, z_kpc):
    """A scale height of 100 pc that doubles every 10 kpc."""
    return np.exp(-R_kpc / 5.0 - abs(z_kpc) / (0.1 * 2.0 ** (R_kpc / 10.0)))


def disc_of_the_papers(R_kpc, z_kpc):
    """1 cm^-3 with a scale height of 100 pc, up to 10 kpc from the centre."""
    return disc_density_cm3(R_kpc, z_kpc, 10.0)


mine = Galaxy(field_uG=field_uG, disc_gas_cm3=disc_gas_cm3, delta_G=100.0)
usual = Galaxy(delta_G=100.0)
transport = Transport(particles=PARTICLES, seed=1)
runs = {
    "field and gas of the papers": simulate(usual, Spectrum(), transport),
    "Lorentzian field, flaring gas": simulate(mine, Spectrum(), transport),
}
gases = {name: run.galaxy.disc_gas_cm3 or disc_of_the_papers for name, run in runs.items()}

# %%
# The field along the axis, the gas at R = 8 kpc, and the age at which protons first meet the surface of the
# halo; bars are one sigma.

energy_GeV = np.logspace(1, 6, 11)
z_kpc = np.linspace(0.0, 12.0, 200)
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3.3), layout="constrained")
for (name, run), colour in zip(runs.items(), ("#0072B2", "#D55E00"), strict=True):
    left.semilogy(z_kpc, run.galaxy.magnetic_field_uG(0.0 * z_kpc, z_kpc), color=colour, label=name)
    middle.semilogy(z_kpc / 12, gases[name](8.0, z_kpc / 12), color=colour)
    age = run.escape_time(energy_GeV)
    right.errorbar(energy_GeV, age.value, age.error, color=colour, marker="o", markersize=3, capsize=2)
left.set(xlabel="z  [kpc]", ylabel=r"B  [$\mu$G]")
left.legend(frameon=False, fontsize=8)
middle.set(xlabel="z  [kpc]", ylabel=r"gas of the disc at R = 8 kpc  [cm$^{-3}$]")
right.set(xlabel="E  [GeV]", ylabel="age at the surface  [Myr]", xscale="log", yscale="log")

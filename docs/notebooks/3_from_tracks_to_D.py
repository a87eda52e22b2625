# %% [markdown]
# # From tracks to a diffusion coefficient
#
# Lorentz orbits of protons in turbulence of our own: do they diffuse, and with which D? Energies are
# chosen high, so that a Larmor radius is resolved by a step and the orbits take seconds.

# %%
import matplotlib.pyplot as plt
import numpy as np
from crhalo.fields.turbulence.synthetic import Turbulence
from crhalo.mc.orbits.diffusion_test import DiffusionTest
from crhalo.mc.orbits.escape import Slab


def power(k_kpc):
    """Power per ln k, in any unit: it is normalised to rms_uG. This is Kolmogorov's."""
    return k_kpc ** (-2.0 / 3.0)


turbulence = Turbulence(power, (1e-5, 1e-2), modes=100, rms_uG=1.0, mean_field_uG=2.0)
slab = Slab(H_kpc=0.1, gas_cm3=1.0, t_max_Myr=1.0)
energies_GeV = [3e6, 1e7, 3e7]

# %%
tests = [
    DiffusionTest(turbulence, energy_GeV=energy, slab=slab, particles=64, seed=1, threads=2)
    for energy in energies_GeV
]
for energy, test in zip(energies_GeV, tests, strict=True):
    value, error = test.D_kpc2_Myr
    path = test.mean_free_path_kpc
    print(f"{energy:.0e} GeV: D = {value:.3g} +- {error:.1g} kpc2/Myr, mean free path {path:.2g} kpc")

# %% [markdown]
# ## Has D stopped changing?
#
# <dx^2>/(2 v t) along the mean field grows until particles have forgotten where they started, and
# stays then. Where it does not stay, there is no diffusion coefficient to quote; `converged` says
# which it is.

# %%
figure, axis = plt.subplots(figsize=(6, 3.5), layout="constrained")
for energy, test in zip(energies_GeV, tests, strict=True):
    along = test.late.along
    axis.errorbar(along.path_kpc, along.running, along.running_error, label=f"{energy:.0e} GeV")
    print(f"{energy:8.1e} GeV: {'converged' if along.converged else 'not converged'}")
axis.set(xlabel="path v t [kpc]", ylabel="D/v along the field [kpc]", xscale="log", yscale="log")
_ = axis.legend()

# %% [markdown]
# ## D against energy
#
# The Larmor radius of 10 PeV is half the longest wave: there and above, few waves are in resonance,
# and D grows about as the square of the energy. A point that has not converged is drawn open.

# %%
values, errors = np.array([test.D_kpc2_Myr for test in tests]).T
figure, axis = plt.subplots(figsize=(6, 3.5), layout="constrained")
settled = [test.late.along.converged for test in tests]
for energy, value, error, full in zip(energies_GeV, values, errors, settled, strict=True):
    axis.errorbar(energy, value, error, fmt="ko", mfc="k" if full else "w")
axis.set(xlabel="E [GeV]", ylabel="D [kpc$^2$/Myr]", xscale="log", yscale="log")
slope = np.polyfit(np.log(energies_GeV), np.log(values), 1)[0]
print(f"D grows as E to the {slope:.2f}")

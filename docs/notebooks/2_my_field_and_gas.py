# %% [markdown]
# # My own field and gas
#
# A galaxy is made of functions in plain NumPy: lengths in kpc, fields in microgauss, gas in hydrogen
# nuclei per cm3. R and z are arrays, and what a function returns broadcasts against them. Nothing is
# compiled anew.

# %%
import matplotlib.pyplot as plt
import numpy as np
from crhalo.scenarios import Galaxy, Spectrum, Transport, simulate


def field_uG(R_kpc, z_kpc):
    """3 uG in the disc, falling with height as a Lorentzian and beyond 10 kpc exponentially."""
    return 3.0 / (1.0 + (z_kpc / 2.0) ** 2) * np.exp(-np.maximum(R_kpc - 10.0, 0.0) / 2.0)


def disc_gas_cm3(R_kpc, z_kpc):
    """A disc that flares: its scale height doubles every 10 kpc."""
    height_kpc = 0.1 * 2.0 ** (R_kpc / 10.0)
    return np.exp(-R_kpc / 5.0 - abs(z_kpc) / height_kpc)


# %%
R, z = np.meshgrid(np.linspace(0.0, 20.0, 81), np.linspace(0.0, 10.0, 41))
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
labels = ("field [uG]", "gas [cm$^{-3}$]")
for ax, of, label in zip(axes, (field_uG, disc_gas_cm3), labels, strict=True):
    levels = ax.contourf(R, z, np.log10(of(R, z) + 1e-6), 12)
    figure.colorbar(levels, ax=ax, label=f"log10 {label}")
    ax.set(xlabel="R [kpc]", ylabel="z [kpc]")

# %% [markdown]
# ## Protons in it
#
# The halo ends where the field of the escaping current exceeds the one given here. Where it does so
# nowhere, as with `Spectrum(slope=2.3)`, protons are lost at 100 kpc, nothing shines outside, and
# `run.notes` says so: it has all that a run has to say of itself.

# %%
mine = Galaxy(field_uG=field_uG, disc_gas_cm3=disc_gas_cm3, delta_G=100.0)
run = simulate(mine, Spectrum(), Transport(particles=80, seed=1), nside=8, energy_range_GeV=(1e4, 1e7))
print(run.notes)
time = run.summary["escape_time_Myr"]
for energy, value, error in zip(time.energy_GeV, time.value, time.error, strict=True):
    print(f"{energy:12.4g} GeV   {value:8.3g} +- {error:.2g} Myr")

# %%
run.figures.density_axis()

# %% [markdown]
# ## What shines
#
# The mean intensity of gamma rays of 10 TeV over the sky, by component, in GeV^-1 cm^-2 s^-1 sr^-1.

# %%
sky = run.sky("gamma", [1e4], nside=8)
for name, mean in sky.mean.items():
    print(f"{name:6s} {mean.value[0]:.3g} +- {mean.error[0]:.1g}")

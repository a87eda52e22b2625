# %% [markdown]
# # Quick start
#
# From a scenario to a sky, in a few seconds. A scenario is a short file; `load` reads one that comes
# along, and any of its values can be replaced. With so few particles the errors are large: they
# shrink as one over the root of the number.

# %%
import healpy
import matplotlib.pyplot as plt
import numpy as np
from crhalo.scenarios import load

scenario = load("circumgalactic").with_overrides(
    [
        "medium.delta_G=1e4",
        "transport.energy_range=['10 TeV', '10 PeV']",
        "sky.nside=8",
        "sky.energies=['1 TeV', '100 TeV', 3]",
    ]
)
run = scenario.run(particles=80, seed=1)

# %% [markdown]
# ## The sky in neutrinos
#
# Maps are HEALPix in RING order, in Galactic coordinates, in GeV^-1 cm^-2 s^-1 sr^-1.

# %%
sky = run.sky("neutrino", energy_GeV=[1e4], nside=16)
healpy.mollview(np.log10(sky.total[0]), title="Neutrinos of 10 TeV", unit="log10 of the intensity")
plt.show()
for name, mean in sky.mean.items():
    print(f"{name:6s} {mean.value[0]:.3g} +- {mean.error[0]:.1g}")

# %% [markdown]
# ## How long protons stay
#
# Every number is an `Estimate`: a value, its error, and the energies that it is given at.

# %%
time = run.summary["escape_time_Myr"]
for energy, value, error in zip(time.energy_GeV, time.value, time.error, strict=True):
    print(f"{energy:12.4g} GeV   {value:8.3g} +- {error:.2g} Myr")

# %%
run.figures.escape_and_grammage()

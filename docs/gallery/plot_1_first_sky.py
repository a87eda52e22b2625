r"""
A first sky
===========

Neutrinos of 10 TeV, from protons that leave the disc, cross the halo and end in the circumgalactic medium.
Each component has its own scale: the disc is brighter than all around the Galaxy by orders of magnitude.
"""

import healpy as hp
import matplotlib.pyplot as plt
import numpy as np
from crhalo.scenarios import load

PARTICLES = 544
run = load("circumgalactic").run(particles=PARTICLES, seed=1)
sky = run.sky("neutrino", energy_GeV=[1e4], nside=32)

# %%
# Maps are HEALPix in Galactic coordinates; E\ :sup:`2` I is in GeV cm\ :sup:`-2` s\ :sup:`-1` sr\ :sup:`-1`.
# The faint bands in the last one are scatter: 544 protons are few.

names = {"disc": "Galactic disc", "halo": "Halo", "cgm": "Circumgalactic"}
figure = plt.figure(figsize=(9, 2.3))
for place, (component, name) in enumerate(names.items(), start=1):
    hp.projview(
        np.log10(1e4**2 * sky.maps[component][0]),
        coord="G",
        fig=figure.number,
        sub=(1, 3, place),
        projection_type="mollweide",
        cmap="inferno",
        title=name,
        unit=r"$\log_{10} E^2 I$",
        format="%.1f",
        fontsize={"title": 11, "cbar_label": 9, "cbar_tick_label": 8},
    )
figure.subplots_adjust(left=0.02, right=0.98, top=0.98, bottom=0.12, wspace=0.08)

# %%
# The mean of the whole sky, with its statistical error:

for component, mean in sky.mean.items():
    print(
        f"{component:6s} E^2 I = {1e8 * mean.value[0]:.2e} +- {1e8 * mean.error[0]:.0e} GeV cm^-2 s^-1 sr^-1"
    )

"""
A flux tube near a source
=========================

What a supernova remnant lets go moves along the field and excites the waves that hold it. How many protons
are left in the tube, and how much is D suppressed about the source? No particles here: the equations of
protons and waves are solved together.
"""

import matplotlib.pyplot as plt
import numpy as np
from crhalo.fields.disc.phases import PHASES
from crhalo.fields.units import KPC2_MYR_CM2_S
from crhalo.fields.waves.tube_waves import TubeWaves
from crhalo.mc.coupled.flux_tube import FluxTube, Tube

p_GeV = np.geomspace(10.0, 1e5, 33)
cells = np.full(100, 1.0)
phase = PHASES["warm-ionised"]
tube = Tube(
    L_c_kpc=0.1,
    radius_kpc=0.02,
    source_kpc=0.02,
    energy_erg=1e50,
    slope=2.0 + 0.0,
    release_Myr=np.zeros(p_GeV.size),
    gas_cm3=cells * phase.density_cm3,
)
print(phase)
waves = TubeWaves(p_GeV, phase, D_gal_cm2_s=3.6e28, slope=1 / 3)
run = FluxTube(tube, waves).follow(np.geomspace(1e-3, 1.0, 13).tolist())

# %%
# Left: D at 1 TeV over that of the Galaxy, along the tube. Right: protons that are left at each age.

at = int(np.argmin(abs(p_GeV - 1e3)))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
shades = plt.get_cmap("viridis")(np.linspace(0.0, 0.9, 4))
for snapshot, colour in zip(run.snapshots[3::3], shades, strict=True):
    D = run.waves.D_kpc2_Myr(snapshot.F)[:, at] * KPC2_MYR_CM2_S
    left.semilogy(
        1e3 * tube.faces_kpc,
        D / (waves.D_gal_kpc2_Myr[at] * KPC2_MYR_CM2_S),
        color=colour,
        label=f"{1e3 * snapshot.age_Myr:.3g} kyr",
    )
    right.loglog(p_GeV, snapshot.n_cm3.mean(axis=0), color=colour)
left.set(xlabel="distance from the source  [pc]", ylabel=r"$D/D_{\\rm gal}$ at 1 TeV")
right.set(xlabel="p  [GeV/c]", ylabel=r"protons per ln p  [cm$^{-3}$], mean of the tube")
left.legend(frameon=False)

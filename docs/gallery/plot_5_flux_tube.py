"""
A flux tube near a source
=========================

What a supernova remnant lets go moves along the field and excites the waves that hold it. How much is D
suppressed about the source, and how much longer do protons stay? No particles here: the equations of protons
and waves are solved together.
"""

import matplotlib.pyplot as plt
import numpy as np
from crhalo.fields.disc.phases import PHASES
from crhalo.fields.waves.tube_waves import TubeWaves
from crhalo.mc.coupled.flux_tube import FluxTube, Tube

p_GeV = np.geomspace(10.0, 1e5, 33)
phase = PHASES["hot-ionised"]
tube = Tube(
    L_c_kpc=0.1,
    radius_kpc=0.02,
    source_kpc=0.005,
    energy_erg=1e50,
    slope=2.0,
    release_Myr=np.zeros(p_GeV.size),
    gas_cm3=np.full(100, phase.density_cm3),
)
ages_Myr = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
waves = TubeWaves(p_GeV, phase)
run = FluxTube(tube, waves).follow(ages_Myr)
without = FluxTube(tube, TubeWaves(p_GeV, phase, growth=False)).follow(ages_Myr)

# %%
# Left: D at 1 TeV over that of the Galaxy, along the tube. Right: the mean time that protons stay in the
# tube, with the waves that they excite and with those of the Galaxy alone.

at = int(np.argmin(abs(p_GeV - 1e3)))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
shades = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, 5))
for snapshot, colour in zip(run.snapshots, shades, strict=False):
    D = waves.D_kpc2_Myr(snapshot.F)[:, at] / waves.D_gal_kpc2_Myr[at]
    left.semilogy(1e3 * tube.faces_kpc, D, color=colour, label=f"{1e3 * snapshot.age_Myr:g} kyr")
left.set(xlabel="distance from the source  [pc]", ylabel=r"$D/D_{\rm gal}$ at 1 TeV")
left.legend(frameon=False)
right.loglog(p_GeV, 1e3 * run.residence_Myr, color="#0072B2", label="waves of the protons")
right.loglog(
    p_GeV, 1e3 * without.residence_Myr, color="#777777", linestyle="--", label="D of the Galaxy alone"
)
right.set(xlabel="p  [GeV/c]", ylabel="mean time in the tube  [kyr]")
right.legend(frameon=False)

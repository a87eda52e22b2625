"""Is diffusion in the saturated field of the Bell region Bohm's, as PRL Eq. 9 takes it to be?

Isotropic turbulence with the same power in every ln k, up to the Larmor radius of E_max, at B_sat.

    python scenarios/bell_turbulence.py --particles 160
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

"""Is the spread of protons in isotropic Kolmogorov turbulence diffusion, and with which coefficient?

Tracks without a mean field, r_L from 0.1 to 5 correlation lengths: D beside published values and theory, and
the escape from a slab beside what diffusion makes of it.

    python scenarios/diffusion_check.py --particles 320
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

"""Waves of the cosmic rays alone: their growth against non-linear Landau damping, in a uniform halo.

python scenarios/self_generated_halo.py --particles 2000
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

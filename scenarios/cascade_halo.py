"""Turbulence that leaves the disc, waves that cosmic rays add, and the halo that comes of both.

python scenarios/cascade_halo.py --particles 2000
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

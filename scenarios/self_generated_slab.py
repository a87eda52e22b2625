"""Protons in waves that cosmic rays excite (REV Eq. 7), made stronger until their free paths can be followed.

Slab waves about a mean field: D along it beside quasi-linear theory and beside r_L v/(3F), and D_mumu.

    python scenarios/self_generated_slab.py --particles 160
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

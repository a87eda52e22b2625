"""The model of Blasi & Amato (2019): cosmic rays leave the Galaxy and light up the circumgalactic medium.

They diffuse through a halo whose field falls off exponentially until their own current amplifies the field
outside (Bell instability), are held there, and are carried away with the plasma at its Alfven speed.

    python scenarios/circumgalactic.py --particles 2000
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

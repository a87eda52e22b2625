"""D with one slope near the disc and another above: a break in the spectrum without self-generation.

python scenarios/two_zone.py --particles 2000
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

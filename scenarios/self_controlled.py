"""A self-made halo that ends at the Bell surface: does D rise with height?

python scenarios/self_controlled.py --particles 2000
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

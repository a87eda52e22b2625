"""The usual picture, to compare with: a uniform halo that absorbs at |z| = H.

python scenarios/free_escape.py --particles 2000
"""

from crhalo.scenarios.script import main

if __name__ == "__main__":
    main(__file__)

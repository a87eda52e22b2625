"""`python -m crhalo`: the `crhalo` command, where its script is not on the PATH."""

from __future__ import annotations

from crhalo.scenarios.commands.entry_point import program

if __name__ == "__main__":
    program()

"""What a scenario's script does: run the TOML file of the same name, through the API."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .pipeline import execute
from .schema import load_file


def main(script: str) -> None:
    """Run the scenario beside a script; `--particles`, `--seed` and `--out` as on the command line."""
    path = Path(script)
    parser = argparse.ArgumentParser(prog=path.name)
    parser.add_argument("--particles", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, default=Path("run"))
    given = parser.parse_args()
    settings = [
        f"transport.{key}={getattr(given, key)}"
        for key in ("particles", "seed")
        if getattr(given, key) is not None
    ]
    scenario = load_file(path.with_name(path.stem.replace("_", "-") + ".toml")).with_overrides(settings)
    execute(scenario, given.out, os.cpu_count() or 1)
    print(f"Written to {given.out}")

"""`crhalo data`: the published measurements that come along, and what is in them."""

from __future__ import annotations

import sys

from ...maps.data.tables import load, names
from .show import print_rows


def show_data(name: str | None) -> None:
    """List all tables, or print one, a file of one's own too, as ECSV.

    Raises
    ------
    UserError
        If there is no such table, or it lacks units or errors.
    """
    if name is not None:
        load(name).write(sys.stdout, format="ascii.ecsv")
        return
    rows = []
    for each in names():
        table = load(each)
        rows.append([each, len(table), table.meta["measured"], table.meta["source"]])
    print_rows("", ["name", "rows", "measured", "source"], rows)

"""Measurements that are asked for, on those figures of products that show their quantity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from ...fields.exceptions import UserError, on_a_line
from ...maps.data.points import points_of
from ...maps.data.read import Points
from ...maps.data.tables import load
from .product import Made, Product

Measured = Mapping[str, Sequence[Points]]
"""Measurements by quantity, as figures take them."""


def quantities(products: Iterable[Product]) -> list[str]:
    """The quantities that figures of products show, each once."""
    shown = [each for product in products for several in product.shows.values() for each in several]
    return list(dict.fromkeys(shown))


def measured(
    names: Sequence[str | Path],
    shown: Sequence[str],
    where: str,
    elsewhere: Callable[[str], Sequence[str]] = lambda quantity: (),
) -> Measured:
    """Tables of measurements by quantity.

    Parameters
    ----------
    names : sequence of str or Path
        Tables that come along, or files of one's own.
    shown : sequence of str
        The quantities that they may be of.
    where : str
        What shows these, for messages.
    elsewhere : callable, optional
        The scenarios that show a quantity, for messages.

    Raises
    ------
    UserError
        If there is no such table, its quantity is shown nowhere, or its units cannot be converted.
    """
    found: dict[str, list[Points]] = {}
    for name in names:
        table = load(name)
        quantity = table.meta["quantity"]
        if quantity not in shown:
            others = elsewhere(quantity)
            raise UserError(
                f"data {on_a_line(str(name))}: quantity {on_a_line(quantity)}; "
                f"allowed: {', '.join(shown) or 'none'} ({where})"
                + (f"; it is shown by {', '.join(others)}" if others else "")
            )
        found.setdefault(quantity, []).extend(points_of(table, Path(name).name))
    return found


def overlaid(product: Product, found: Made, data: Measured) -> Made:
    """What has been made, with measurements on those figures that show their quantity."""
    figures = {
        name: partial(draw, data=data) if name in product.shows else draw
        for name, draw in found.figures.items()
    }
    return found._replace(figures=figures)

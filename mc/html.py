"""Tables for notebooks, which show what `_repr_html_` returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(rows: Iterable[Sequence[object]], header: Sequence[object] = (), caption: str = "") -> str:
    """A table of texts, escaped; the first of each row is its name.

    >>> html_table([["B0", "3 uG"]], caption="medium")
    '<table><caption>medium</caption><tr><th>B0</th><td>3 uG</td></tr></table>'
    """
    head = f"<caption>{_text(caption)}</caption>" if caption else ""
    if header:
        head += "<tr>" + "".join(f"<th>{_text(each)}</th>" for each in header) + "</tr>"
    body = "".join(
        f"<tr><th>{_text(name)}</th>{''.join(f'<td>{_text(each)}</td>' for each in rest)}</tr>"
        for name, *rest in rows
    )
    return f"<table>{head}{body}</table>"


def _text(value: object) -> str:
    return escape(str(value))

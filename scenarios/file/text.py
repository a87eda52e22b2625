"""TOML text: files of a bounded size, and values as they are written."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from .quantities import ScenarioError

MAX_BYTES = 64_000
MAX_KEY_PARTS = 16
MAX_DEPTH = 8
_BARE_QUANTITY = re.compile(
    r"^\s*(\w+)\s*=\s*([-+.\d]+(?:[eE][-+]?\d+)? ?[A-Za-z][\w/^ .-]{0,20}?)\s*(?:#.*)?$", re.M
)
# An unterminated long string runs to the end of the text: every match is then linear.
_QUOTED_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"""|\Z)' r"|'''.*?(?:'''|\Z)" r'|"(?:\\.|[^"\\\n])*+"' r"|'[^'\n]*+'" r"|#[^\n]*+",
    re.DOTALL,
)
_DOTTED_KEY = re.compile(r"[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++)*+")


def read_bounded(path: Path) -> str:
    """Text of a file of at most `MAX_BYTES`; `ScenarioError` where it is no such file, or not UTF-8."""
    if not path.is_file():
        raise ScenarioError("no such file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ScenarioError(f"too large; allowed: {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError("not text; allowed: UTF-8") from None


def check_size(text: str) -> None:
    """Refuse (`ScenarioError`) a text that is too long, too deeply nested, or has too long a dotted key."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ScenarioError(f"too large; allowed: {MAX_BYTES} bytes")
    bare = _QUOTED_OR_COMMENT.sub("q", text)
    if any(key.count(".") >= MAX_KEY_PARTS for key in _DOTTED_KEY.findall(bare)):
        raise ScenarioError(f"a key has too many parts; allowed: {MAX_KEY_PARTS}")
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", bare):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise ScenarioError(f"nested too deeply; allowed: {MAX_DEPTH} levels")


def parsed(text: str) -> dict[str, Any]:
    """Tables of a TOML text; `ScenarioError` where it is none."""
    check_size(text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        bare = _BARE_QUANTITY.search(text)
        hint = f'; quantities are quoted: {bare[1]} = "{bare[2]}"' if bare else ""
        raise ScenarioError(f"not TOML: {error}{hint}") from None


def as_toml(value: Any) -> str:
    """A string, bool, number or list of them as TOML, which writes these as JSON does."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)

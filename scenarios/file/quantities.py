"""Kinds of value that a scenario file may hold: each reads a value, checks it, and writes it back.

They are attached to the keys in `crhalo.scenarios.file.tables` with ``Annotated``. A value that is refused
raises `NotAllowed`, which says what would have been allowed; the key and the value are put in front of it
by `crhalo.scenarios.file.faults`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic_core import core_schema

from ...fields.exceptions import UserError, did_you_mean, on_a_line
from ...fields.limits import Bare

_ROUNDING = 1e-9  # a bound written in another unit may be missed by a few last bits
_LONGEST = 40  # characters of a quantity: nothing longer reaches the parser of units


class ScenarioError(UserError):
    """A scenario that is not allowed; one line that names each key, its value and what is allowed.

    Attributes
    ----------
    faults : list of str
        One entry for each fault; the text of the error joins the first `MOST_FAULTS` of them.
    """

    MOST_FAULTS = 10

    def __init__(self, *faults: str, where: str = "") -> None:
        more = len(faults) - self.MOST_FAULTS
        line = "; ".join(faults[: self.MOST_FAULTS])
        super().__init__((f"{where}: " if where else "") + line + (f" (and {more} more)" if more > 0 else ""))
        self.faults = list(faults)


@contextmanager
def refused_as(key: str) -> Iterator[None]:
    """Within it what is refused is so by a key."""
    try:
        yield
    except UserError as fault:
        raise ScenarioError(f"{key}: {fault}") from None


class NotAllowed(ValueError):
    """A value that is refused: its text is what is allowed; `hint` says what was probably meant."""

    def __init__(self, allowed: str, hint: str = "") -> None:
        super().__init__(allowed)
        self.hint = hint


def shown(value: object) -> str:
    """A value as an error message shows it: one short line, whatever the value is; of a path, all of it."""
    if isinstance(value, Path):
        return repr(str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return on_a_line(value)


@lru_cache(maxsize=1024)
def _internal(text: str, unit: str) -> float:
    from ...fields.units import to_internal

    return to_internal(text, unit)


@lru_cache(maxsize=1024)
def _unknown_unit(text: str, unit: str) -> str:
    from ...fields.units import unknown_unit

    return unknown_unit(text, unit)


class Kind(ABC):
    """What pydantic needs to know of a kind: how to read a value and how to write it back."""

    @abstractmethod
    def parse(self, value: Any) -> Any:
        """The value in internal units; `NotAllowed` says what is allowed."""

    def write(self, value: Any) -> Any:
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse, serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )


@dataclass(frozen=True)
class Title(Kind):
    """One printable line."""

    def parse(self, value: Any) -> str:
        if not (isinstance(value, str) and value.isprintable() and 0 < len(value) <= 200):
            raise NotAllowed("one line of 1 to 200 printable characters")
        return value


class Number(Kind):
    """A number as `Bare` allows it, with the same arguments."""

    def __init__(self, *bare: Any, **named: Any) -> None:
        self.bare = Bare(*bare, **named)

    def parse(self, value: Any) -> Any:
        try:
            return self.bare.checked(value)
        except ValueError as error:
            word = [self.bare.word] if self.bare.word else []
            raise NotAllowed(str(error), did_you_mean(value, word)) from None

    def write(self, value: Any) -> Any:
        return list(value) if isinstance(value, tuple) else value

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest number."""
        return self.bare.low, self.bare.high


class Word(Kind):
    """One of a few words, or the path of a file of some ending, which is made absolute."""

    def __init__(self, *options: str, file: str = "") -> None:
        self.options, self.file = options, file

    def parse(self, value: Any) -> str:
        if self.file and isinstance(value, str) and value.endswith(self.file):
            return str(Path(value).expanduser().absolute())
        if value not in self.options:
            path = f", or the path of a {self.file} file" if self.file else ""
            raise NotAllowed(f"of {', '.join(self.options)}{path}", did_you_mean(value, self.options))
        return str(value)


@dataclass(frozen=True)
class Several(Kind):
    """A list of values of one kind."""

    each: Kind
    least: int
    most: int

    def parse(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or not self.least <= len(value) <= self.most:
            raise NotAllowed(f"a list of {self.least} to {self.most}")
        try:
            return tuple(self.each.parse(one) for one in value)
        except NotAllowed as error:
            raise NotAllowed(f"a list, each {error}", error.hint) from None

    def write(self, value: tuple[Any, ...]) -> list[Any]:
        return [self.each.write(one) for one in value]


class Choice(Kind):
    """One of a few whole numbers."""

    def __init__(self, *options: int) -> None:
        self.options = options

    def parse(self, value: Any) -> int:
        if type(value) is not int or value not in self.options:
            raise NotAllowed(f"one of {', '.join(map(str, self.options))}")
        return value


@dataclass(frozen=True)
class Quantity(Kind):
    """A string with a unit, between two bounds, or one word in its place; read, a float in the internal unit.

    Written back it takes the unit of a bound, or the internal one where only that gives the same bits.
    """

    unit: str
    low: str
    high: str
    word: str | None = None

    def parse(self, value: Any) -> Any:
        if self.word is not None and value == self.word:
            return self.word
        if isinstance(value, str) and len(value) <= _LONGEST:
            try:
                number = _internal(value, self.unit)
            except ValueError:
                number = math.nan
            if self._bound(self.low) * (1 - _ROUNDING) <= number <= self._bound(self.high) * (1 + _ROUNDING):
                return number
        word = f'"{self.word}", or ' if self.word else ""
        raise NotAllowed(f'{word}"{self.low}" to "{self.high}"', self._hint(value))

    def _hint(self, value: Any) -> str:
        """What was probably meant by a value that is not allowed."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f'did you mean "{value:g} {self.low.split(maxsplit=1)[1]}"?'
        if not isinstance(value, str) or len(value) > _LONGEST:
            return ""
        return did_you_mean(value, [self.word] if self.word else []) or _unknown_unit(value, self.unit)

    def write(self, value: float | str) -> str:
        if isinstance(value, str):
            return value
        units = (bound.split(maxsplit=1)[1] for bound in (self.low, self.high))
        texts = [f"{value / _internal(f'1 {unit}', self.unit):.12g} {unit}" for unit in units]
        exact = [text for text in texts if _internal(text, self.unit) == value]
        return min(exact, key=len) if exact else f"{value!r} {self.unit}"

    @property
    def limits(self) -> tuple[float, float]:
        """The bounds in the internal unit."""
        return self._bound(self.low), self._bound(self.high)

    @property
    def written_unit(self) -> str:
        """The unit of the lower bound."""
        return self.low.split(maxsplit=1)[1]

    def in_written_unit(self, value: float) -> float:
        """A value of the internal unit in that of the lower bound."""
        return value / _internal(f"1 {self.written_unit}", self.unit)

    def _bound(self, text: str) -> float:
        return _internal(text, self.unit)


@dataclass(frozen=True)
class Span(Kind):
    """Two quantities in rising order, as a list, and if asked a number of points and some values between."""

    unit: str
    low: str
    high: str
    points: tuple[int, int] | None = None
    between: int = 0
    _end: Quantity = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_end", Quantity(self.unit, self.low, self.high))

    def parse(self, value: Any) -> tuple[float | int, ...]:
        try:
            low, high, *rest = value if isinstance(value, (list, tuple)) else ()
            span = self._end.parse(low), self._end.parse(high)
            number = int(self.points is not None)
            points, between = rest[:number], [self._end.parse(one) for one in rest[number:]]
            if span[0] >= span[1] or len(points) != number or len(between) > self.between:
                raise ValueError
            if not all(span[0] <= one <= span[1] for one in between):
                raise ValueError
            numbers = (int(Number(*self.points or (0, 0), whole=True).parse(n)) for n in points)
            return (*span, *numbers, *between)
        except ValueError as error:
            count = f", {self.points[0]} to {self.points[1]}" if self.points else ""
            count += f", up to {self.between} between" if self.between else ""
            ends = f'"{self.low}" and "{self.high}"'
            hint = getattr(error, "hint", "")
            raise NotAllowed(f'["low", "high"{count}], rising, between {ends}', hint) from None

    def write(self, value: tuple[Any, ...]) -> list[Any]:
        number = 2 + (self.points is not None)
        ends, between = value[:2], value[number:]
        return [*map(self._end.write, ends), *value[2:number], *map(self._end.write, between)]

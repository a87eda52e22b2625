"""Elementary functions that vector units evaluate: polynomials without branches, as libraries have not.

Errors are relative, and what the argument's own last digit would make is not counted: exp(x) is uncertain by
1.1e-16 |x| whatever computes it.
"""

from __future__ import annotations

import math

import numpy as np

from ....fields._jit import kernel

_LN2 = math.log(2.0)
_INVERSE_LN2 = 1.0 / _LN2
_EXPONENT_BIAS, _MANTISSA_BITS = 1023, 52
# Bits of 1 and of sqrt(1/2): mantissas are taken between that and sqrt(2).
_BITS_OF_ONE, _BITS_OF_SQRT_HALF = 0x3FF0000000000000, 0x3FE6A09E667F3BCD
# exp(x) neither overflows nor falls below the smallest normal number between these.
_LEAST_EXPONENT, _LARGEST_EXPONENT = -708.0, 709.0
# The series of exp(x) - 1 serves below this; above it exp(x) - 1 has lost no more than a digit.
_SERIES_BELOW = 0.1


@kernel
def exponential(x):
    """exp(x) to 3e-16; constant below -708 and above 709."""
    x = min(max(x, _LEAST_EXPONENT), _LARGEST_EXPONENT)
    k = math.floor(x * _INVERSE_LN2 + 0.5)
    r = x - k * _LN2
    # The series to r^12, |r| < 0.35, in pairs: the terms wait for each other less than one by one.
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r) + r2 * (1.0 / 2 + r * (1.0 / 6))
    middle = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040))
    high = (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800))
    series = low + r4 * (middle + r4 * (high + r4 * (1.0 / 479001600)))
    return series * np.int64((np.int64(k) + _EXPONENT_BIAS) << _MANTISSA_BITS).view(np.float64)


@kernel
def exponential_less_one(x):
    """exp(x) - 1 to 1e-15."""
    x2 = x * x
    x4 = x2 * x2
    low = (1.0 + x * (1.0 / 2)) + x2 * (1.0 / 6 + x * (1.0 / 24))
    high = (1.0 / 120 + x * (1.0 / 720)) + x2 * (1.0 / 5040 + x * (1.0 / 40320))
    series = x * (low + x4 * (high + x4 * (1.0 / 362880)))
    return series if abs(x) < _SERIES_BELOW else exponential(x) - 1.0


@kernel
def logarithm(x):
    """ln(x) of a positive normal number to 4e-16."""
    bits = np.float64(x).view(np.int64)
    k = ((bits + (_BITS_OF_ONE - _BITS_OF_SQRT_HALF)) >> _MANTISSA_BITS) - _EXPONENT_BIAS
    f = np.int64(bits - (k << _MANTISSA_BITS)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    s2 = s * s
    s4 = s2 * s2
    low = (1.0 / 3 + s2 * (1.0 / 5)) + s4 * (1.0 / 7 + s2 * (1.0 / 9))
    high = (1.0 / 11 + s2 * (1.0 / 13)) + s4 * (1.0 / 15 + s2 * (1.0 / 17))
    series = low + s4 * s4 * (high + s4 * s4 * (1.0 / 19 + s2 * (1.0 / 21)))
    return k * _LN2 + 2.0 * (s + s * s2 * series)


@kernel
def sine_and_cosine_of_turn(v):
    """(sin, cos) of 2 pi v, v from 0 to 1, to 3e-16 of 1."""
    quarter = math.floor(4.0 * v + 0.5)
    x = 2.0 * math.pi * (v - 0.25 * quarter)  # |x| < pi/4
    y = x * x
    y2 = y * y
    y4 = y2 * y2
    sine = x * (
        ((1.0 - y * (1.0 / 6)) + y2 * (1.0 / 120 - y * (1.0 / 5040)))
        + y4 * ((1.0 / 362880 - y * (1.0 / 39916800)) + y2 * (1.0 / 6227020800 - y * (1.0 / 1307674368000)))
    )
    cosine = ((1.0 - y * 0.5) + y2 * (1.0 / 24 - y * (1.0 / 720))) + y4 * (
        ((1.0 / 40320 - y * (1.0 / 3628800)) + y2 * (1.0 / 479001600 - y * (1.0 / 87178291200)))
        + y4 * (1.0 / 20922789888000)
    )
    turns = np.int64(quarter)
    a = cosine if turns & 1 else sine
    b = sine if turns & 1 else cosine
    return (-a if turns & 2 else a), (-b if (turns + 1) & 2 else b)

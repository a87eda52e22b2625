"""What a fit has solved so far goes on from its file, to the bit, or is refused."""

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.scenarios.fitting.kept import Kept

HEADER = {"scenario": "one", "free": ["a"]}
NAMES = [("solved", 1.0, 0.1 + 0.2), ("weighed", 1e-300, -2.5)]
VALUES = [np.array([1.0 / 3.0, 1e-30]), np.array([2.0])]


def never():
    raise AssertionError("made again")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "evaluations.jsonl"
    kept = Kept()
    kept.or_made(NAMES[0], lambda: VALUES[0])
    kept.begin(path, HEADER)
    kept.or_made(NAMES[1], lambda: VALUES[1])
    return path


def test_each_is_made_once_and_read_back_to_the_bit(file):
    kept = Kept.read(file, HEADER)
    for name, values in zip(NAMES, VALUES, strict=True):
        assert np.array_equal(kept.or_made(name, never), values)
    assert kept.solved == 1


def test_what_comes_later_is_added(file):
    Kept.read(file, HEADER).or_made(("solved", 7.0), lambda: np.array([7.0]))
    assert np.array_equal(Kept.read(file, HEADER).or_made(("solved", 7.0), never), [7.0])


def test_a_line_that_was_cut_off_is_made_again(file):
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    kept = Kept.read(file, HEADER)
    assert np.array_equal(kept.or_made(NAMES[1], lambda: VALUES[1]), VALUES[1])
    assert file.read_bytes() == whole


def test_that_of_another_fit_is_refused(file):
    with pytest.raises(UserError, match="is of another fit, its scenario: one there, two here"):
        Kept.read(file, {**HEADER, "scenario": "two"})


@pytest.mark.parametrize(
    "damage", [b"", b"\n", b"{}", b"{}\n[1]\n", b'{"a": 1}\n{"name": 3}\n', b"\xff\xfe\n"]
)
def test_what_is_damaged_is_refused(file, damage):
    file.write_bytes(damage)
    with pytest.raises(UserError) as refused:
        Kept.read(file, HEADER)
    assert "\n" not in str(refused.value)


def test_without_a_file_nothing_is_there(tmp_path):
    assert Kept.read(tmp_path / "none", HEADER).found == {}

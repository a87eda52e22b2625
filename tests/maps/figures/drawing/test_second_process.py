"""Figures of a second process are those of this one, and whatever happens to it costs none."""

import os
import subprocess
import sys
import time

import pytest
from crhalo.maps.figures.drawing import second_process
from crhalo.maps.figures.drawing.second_process import SecondProcess
from crhalo.maps.figures.page import dress, new_figure, plain_numbers, plain_style, save
from crhalo.scenarios.products.write import write_left


def figure():
    found = new_figure(2.0, 2.0)
    axes = found.subplots()
    axes.loglog([1.0, 30.0], [1.0, 3.0])
    dress(axes, "$E$  [GeV]", "$n$")
    plain_numbers(axes.xaxis)
    return found


def cannot_be_pickled():
    found = figure()
    found.axes[0].yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    return found


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_the_same_bits(tmp_path, suffix):
    with plain_style(), SecondProcess() as second:
        second.save(figure(), tmp_path / f"there.{suffix}")
        second._asked[tmp_path / f"there.{suffix}"].result()
        assert list(second.left()) == []
        save(figure(), tmp_path / f"here.{suffix}")
    assert (tmp_path / f"there.{suffix}").read_bytes() == (tmp_path / f"here.{suffix}").read_bytes()


def test_what_cannot_be_sent_is_drawn_here(tmp_path):
    with plain_style(), SecondProcess() as second:
        for name, each in {"one": figure(), "two": cannot_be_pickled(), "three": figure()}.items():
            second.save(each, tmp_path / f"{name}.png")
        assert write_left(second) == []
        save(cannot_be_pickled(), tmp_path / "here.png")
    assert (tmp_path / "two.png").read_bytes() == (tmp_path / "here.png").read_bytes()
    assert (tmp_path / "one.png").stat().st_size > 0 and (tmp_path / "three.png").stat().st_size > 0


def test_an_error_is_told_here(tmp_path):
    broken = figure()
    broken.axes[0].set_title("$\\nothing{$")
    with plain_style(), SecondProcess() as second:
        second.save(broken, tmp_path / "broken.png")
        second.save(figure(), tmp_path / "whole.png")
        (line,) = write_left(second)
    assert line.startswith("broken.png: ValueError") and (tmp_path / "whole.png").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole.png"]


def test_a_disk_that_refuses_is_told_here(tmp_path):
    with plain_style(), SecondProcess() as second:
        second.save(figure(), tmp_path / "nowhere" / "a.png")
        with pytest.raises(OSError, match="nowhere"):
            write_left(second)


@pytest.mark.parametrize("executable", ["", "/nowhere/python", "/usr/bin/another-program"])
def test_without_a_second_process(tmp_path, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    with plain_style(), SecondProcess() as second:
        assert second._process is None
        second.save(figure(), tmp_path / "a.png")
        assert write_left(second) == []
    assert (tmp_path / "a.png").stat().st_size > 0


def test_one_that_is_killed(tmp_path):
    with plain_style(), SecondProcess() as second:
        second._process.kill()
        second.save(figure(), tmp_path / "a.png")
        assert write_left(second) == []
    assert (tmp_path / "a.png").stat().st_size > 0


def test_none_is_left_behind(tmp_path):
    with pytest.raises(KeyboardInterrupt), plain_style(), SecondProcess() as second:
        for i in range(5):
            second.save(figure(), tmp_path / f"{i}.png")
        raise KeyboardInterrupt
    assert second._process.returncode is not None
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.skipif(os.name == "nt", reason="asks for a process by its number")
def test_it_ends_with_this_process():
    script = (
        f"import os; from {second_process.__name__} import SecondProcess;"
        "print(SecondProcess()._process.pid, flush=True); os._exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    for _ in range(600):
        try:
            os.kill(int(done.stdout), 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("it goes on")

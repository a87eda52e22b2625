"""Where the command starts: a user whom the system gives no home."""

import os
from pathlib import Path

from crhalo.scenarios.commands import entry_point


def test_a_user_without_a_home_gets_one_for_the_run(monkeypatch, capsys):
    def no_home():
        if "HOME" in os.environ:
            return Path(os.environ["HOME"])
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(entry_point.Path, "home", no_home)
    monkeypatch.setenv("HOME", "/somewhere")
    entry_point._give_a_home()
    assert os.environ["HOME"] == "/somewhere" and capsys.readouterr().err == ""
    monkeypatch.delenv("HOME")
    entry_point._give_a_home()
    assert Path(os.environ["HOME"]).is_dir() and "has no home folder" in capsys.readouterr().err

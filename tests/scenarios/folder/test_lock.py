"""The lock of a folder, on file systems that have none too."""

import errno
import fcntl

import pytest
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.folder.lock import only_one_run_in


def test_one_run_at_a_time(tmp_path):
    with only_one_run_in(tmp_path), pytest.raises(ScenarioError, match="another run is at work"):
        with only_one_run_in(tmp_path):
            pass
    with only_one_run_in(tmp_path):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, capsys, number):
    def refuse(*_):
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with only_one_run_in(tmp_path / "new"):
        pass
    assert "cannot be locked (no locks here)" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_another_error_of_a_lock_is_not_passed_over(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="broken"), only_one_run_in(tmp_path):
        pass

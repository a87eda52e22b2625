"""Files that take their names when all of them is on the disk."""

import errno
import os

import pytest
from crhalo.mc.files import write_text


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_folders_that_cannot_be_synced(tmp_path, monkeypatch, number):
    real = os.fsync

    def refused_for_folders(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(number, "not for folders")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", refused_for_folders)
    write_text(tmp_path / "a", "b")
    assert (tmp_path / "a").read_text() == "b"


def test_a_file_that_cannot_be_synced_is_not_there(tmp_path, monkeypatch):
    def refused(descriptor):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(OSError, match="broken"):
        write_text(tmp_path / "a", "b")
    assert not (tmp_path / "a").exists()

"""`--device cuda`: what is refused, in one line each."""

import pytest
from crhalo.mc.device import cuda
from crhalo.scenarios.commands.cluster import check_device
from crhalo.scenarios.commands.main import main


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["run", "circumgalactic", "--device", "tpu"], "--device 'tpu': allowed: cuda"),
        (["run", "circumgalactic", "--device", "cuda"], 'transport.method = "auto": allowed: "orbit"'),
        (["run", "circumgalactic", "--device", "cuda", "--cluster", "dask-local:1"], "not with --cluster"),
    ],
)
def test_what_is_refused(options, reason, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(options) == 2
    said = capsys.readouterr().err.strip()
    assert reason in said and "\n" not in said
    assert not list(tmp_path.iterdir())


def test_without_numba_cuda(capsys, monkeypatch):
    monkeypatch.setattr(cuda, "INSTALLED", False)
    assert main(["bench", "--device", "cuda"]) == 2
    assert "numba-cuda is not installed" in capsys.readouterr().err


class _NoGPU:
    @staticmethod
    def is_available():
        return False


def test_without_a_gpu(capsys, monkeypatch):
    monkeypatch.setattr(cuda, "INSTALLED", True)
    monkeypatch.setattr(cuda, "cuda", _NoGPU)
    assert main(["bench", "--device", "cuda"]) == 2
    said = capsys.readouterr().err.strip()
    assert "no GPU that numba-cuda can use" in said and "\n" not in said


def test_where_there_is_one(monkeypatch):
    monkeypatch.setattr(cuda, "INSTALLED", True)
    monkeypatch.setattr(cuda, "cuda", type("GPU", (), {"is_available": staticmethod(lambda: True)}))
    check_device("cuda", "orbit")

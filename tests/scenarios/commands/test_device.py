"""`--device cuda`: what is refused, in one line each."""

import pytest
from crhalo.mc.blocks import Threads
from crhalo.mc.device import cuda
from crhalo.mc.result import ResultError
from crhalo.scenarios import load
from crhalo.scenarios.commands.cluster import check_device
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.run import RunOptions, check_same_experiment, make_run


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


class _OnGPU(Threads):
    machine = property(lambda self: {"gpu": "Tesla K9 9.9"})


def test_a_result_of_a_gpu_is_not_mixed_with_others():
    settings = ["transport.energy_range=['100 TeV', '1 PeV']", "transport.t_max=1 Myr"]
    first, second = (
        load("free-escape").with_overrides([*settings, "transport.particles=64", f"transport.seed={seed}"])
        for seed in (1, 2)
    )
    there, here = make_run(first, 1, options=RunOptions(executor=_OnGPU(1))), make_run(second, 1)
    assert there.result.provenance["machine"]["gpu"] == "Tesla K9 9.9"
    assert "gpu" not in here.result.provenance["machine"]
    with pytest.raises(ResultError, match="differ in their machine"):
        there.result.merge(here.result)
    with pytest.raises(ScenarioError, match="another machine"):
        check_same_experiment(there.result, first, "run")

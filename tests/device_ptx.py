"""Kernels compiled to PTX, the code of a GPU, on a machine without one."""

import re
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from crhalo.mc.blocks import Job
from crhalo.mc.device.by_block import side_by_side
from crhalo.mc.device.executor import fixed_point
from crhalo.mc.kernels.world import World

CAPABILITY = (9, 0)
# What a kernel may have as arguments [bytes], with drivers of CUDA 12.1 and later.
MOST_ARGUMENTS = 32764


def _fault():
    """Why nothing can be compiled here; empty where it can."""
    if find_spec("numba_cuda") is None:
        return "numba-cuda is not installed: pip install numba-cuda nvidia-nvvm"
    from numba.cuda.cudadrv import nvvm

    try:
        nvvm.NVVM()
    except Exception as error:
        return f"there is no compiler for GPUs, pip install nvidia-nvvm: {' '.join(str(error).split())[:80]}"
    return ""


FAULT = _fault()
needs_compiler = pytest.mark.skipif(bool(FAULT), reason=FAULT)


def ptx_of(function, arguments, monkeypatch):
    """PTX of a launched function, as it is compiled for arguments."""
    from numba import cuda, typeof
    from numba.cuda import cuda_paths, dispatcher
    from numba.cuda.cudadrv import nvrtc

    monkeypatch.setattr(
        dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=CAPABILITY)
    )
    # Else a compiler of C++ is asked, which comes with the libraries of CUDA and is not needed.
    monkeypatch.setattr(nvrtc, "get_supported_ccs", lambda: (CAPABILITY,))
    monkeypatch.setattr(cuda_paths, "_get_nvrtc_path", lambda: None)
    signature = tuple(typeof(each) for each in arguments)
    return cuda.compile_ptx(function.py_func, signature, cc=CAPABILITY)[0]


def arguments_of(job: Job, blocks: int = 2):
    """What a launched function is given for some blocks of a job."""
    size = job.block_size
    tally, buffer = fixed_point(job, blocks), np.empty((1, 1))
    world = World(job.table, job.controls, job.wall, job.one_way, tally, None, buffer, None, None, None)
    results = np.zeros((blocks, size)), np.zeros((blocks, size), np.int64)
    last = *results, 0, blocks * size, np.zeros(1, np.int64)
    turbulence = job.transport.turbulence
    if turbulence is None:
        return world, np.ones((blocks, size), np.int64), *last
    fields = side_by_side([turbulence.realisation((1, block)) for block in range(blocks)])
    return world, fields, 0.1, *last


def check_ptx(ptx, name):
    """PTX has the launched function, with arguments that fit, and adds whole numbers to tallies."""
    entry = re.search(rf"\.visible \.entry \S*{name}[^(]*\(([^)]*)\)", ptx)
    assert entry and ".target sm_90" in ptx
    sizes = [int(bits) // 8 for bits in re.findall(r"\.param \.[a-z](\d+)", entry[1])]
    assert 1000 < sum(sizes) < MOST_ARGUMENTS
    # Sums of floats would depend on their order.
    added = re.findall(r"\b(?:atom|red)\.(?:global\.)?add\.(\w+)", ptx)
    assert len(added) > 3 and set(added) <= {"u64", "s64"}

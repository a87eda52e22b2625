"""The scripts of the gallery, run with fewer particles than they show."""

import re
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[1] / "docs" / "gallery"
SCRIPTS = sorted(GALLERY.glob("plot_*.py"))


# healpy sets colours of a map in a way that Matplotlib will give up.
@pytest.mark.filterwarnings("ignore:The set_:PendingDeprecationWarning")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_draws_its_figure(script, capsys):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    source = re.sub(r"^PARTICLES = \d+$", "PARTICLES = 80", script.read_text(), flags=re.MULTILINE)
    source = source.replace("nside=32", "nside=4")
    plt.close("all")
    exec(compile(source, script.name, "exec"), {"__name__": "example"})
    figures = [plt.figure(number) for number in plt.get_fignums()]
    assert figures and all(figure.axes for figure in figures)
    plt.close("all")

"""Small skies, and figures that are not drawn, for tests of other things."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from crhalo.maps.light import sky_model
from crhalo.scenarios.products import skies
from matplotlib.figure import Figure


@pytest.fixture(scope="module")
def coarse_errors():
    """Errors of skies from maps of 48 pixels, which take a sixteenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sky_model, "_ERROR_NSIDE", 2)
        patch.setattr(skies, "_LMAX", 4)
        yield


@pytest.fixture(scope="session")
def undrawn():
    """Within it the files of figures are empty: drawing takes most of the time of a small run."""

    @contextmanager
    def undrawn():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Figure, "draw_without_rendering", lambda figure: None)
            patch.setattr(Figure, "savefig", lambda figure, path, **_: Path(path).touch())
            yield

    return undrawn

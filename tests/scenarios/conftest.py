"""Small skies, for tests of other things."""

import pytest
from crhalo.maps.light import regions, sky_model
from crhalo.scenarios.products import skies


@pytest.fixture(scope="module")
def coarse_errors():
    """Errors of skies from maps of 48 pixels, which take a sixteenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sky_model, "_ERROR_NSIDE", 2)
        patch.setattr(regions, "_FINE_NSIDE", 16)
        patch.setattr(skies, "_LMAX", 4)
        yield

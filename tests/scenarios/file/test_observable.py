"""What importance is asked of: how it is read, and what is refused."""

import pytest
from cases import each
from crhalo.maps.light.regions import REGIONS
from crhalo.scenarios.file.observable import KINDS, Observable, observable_of, places_of
from crhalo.scenarios.file.quantities import ScenarioError


def test_words_are_read_and_said_again():
    assert places_of("gamma") == ("disc", "halo", "cgm", *REGIONS)
    for kind in KINDS:
        for place in places_of(kind):
            read = observable_of(f"{kind} 0.5 PeV {place}")
            assert read == Observable(kind, 5e5, place)
            assert str(read) == f"{kind} 500 TeV {place}" and read.name == f"{kind}_500TeV_{place}"
            assert "500 TeV" in read.label and read.unit.startswith("GeV-1 cm-")
    assert observable_of("  gamma 3e2GeV   disc ") == Observable("gamma", 300.0, "disc")


def test_others_are_refused_in_one_line():
    def refused(text, said):
        with pytest.raises(ScenarioError) as caught:
            observable_of(text)
        message = str(caught.value)
        assert said in message and "allowed: " in message and "\n" not in message and len(message) < 200

    each(
        [
            ("", "what, energy and where"),
            ("neutrino", "what, energy and where"),
            (7, "what, energy and where"),
            ("neutrinos 10 TeV cgm", "did you mean neutrino?"),
            ("neutrino 10 TeV sun", "disc, halo, cgm"),
            ("protons 10 TeV cgm", "allowed: sun"),
            ("gamma 10 TeV lhaaso-iner", "did you mean lhaaso-inner or lhaaso-outer?"),
            ("gamma ten TeV cgm", "energy 'ten TeV'"),
            ("gamma 10 kpc cgm", "energy '10 kpc'"),
            ("gamma 10 cgm", "energy '10'"),
            ("gamma -1 GeV cgm", "energy '-1 GeV'"),
            ("gamma nan GeV cgm", "energy 'nan GeV'"),
            ("gamma inf GeV cgm", "energy 'inf GeV'"),
            ("gamma " + "9" * 500 + " GeV cgm", "allowed: as 10 TeV"),
        ],
        refused,
    )

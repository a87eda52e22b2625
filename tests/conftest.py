"""For all tests: kernels are compiled before the workers start, which then share the files of tests."""

from contextlib import contextmanager

import pytest

pytest.register_assert_rewrite("cases", "contracts")

# Files whose tests need nothing of each other: they are shared out one by one, those of other files together.
SPREAD = ("tests/known_answers/test_known_answers.py", "tests/test_docs.py", "tests/test_gallery.py")
# Files that take longest, so that no worker is left alone with one at the end.
FIRST = (
    "tests/scenarios/products/test_registry.py",
    "tests/scenarios/products/test_halo.py",
    "tests/scenarios/studies/test_studies.py",
    "tests/scenarios/studies/test_orbits.py",
    "tests/scenarios/test_api.py",
    "tests/scenarios/commands/test_run.py",
    "tests/known_answers/test_known_answers.py",
    "tests/mc/test_dask_cluster.py",
)


def pytest_sessionstart(session):
    """Before workers start; a test that runs alone compiles what it needs itself."""
    if getattr(session.config.option, "numprocesses", None) and not hasattr(session.config, "workerinput"):
        from warm import warm

        warm()


def pytest_collection_modifyitems(items):
    order = {file: place for place, file in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return nodeid if file in SPREAD else file

    # In the order above, not by the number of tests in a file.
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(scope="session")
def undrawn():
    """Within it the files of figures are empty: drawing takes most of the time of a small run.

    Those in `but` are drawn, and their files are empty all the same.
    """
    from crhalo.maps.figures.drawing import second_process
    from crhalo.scenarios.products import write

    @contextmanager
    def undrawn(but=()):
        def touch(draw, remark, save, path):
            if path.stem in but:
                write.drawn(draw, remark)
            path.touch()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(write, "_write_figure", touch)
            patch.setattr(second_process, "_started", lambda: None)
            yield

    return undrawn

"""All known answers with all their particles, also those that take minutes: `crhalo validate`."""

from crhalo.scenarios.validation.suite import run_checks


def test_all_known_answers():
    rows = run_checks(quick=False)
    assert len({row["name"] for row in rows}) == len(rows)
    failed = [row for row in rows if not row["passed"]]
    assert not failed, "\n".join(str(row) for row in failed)

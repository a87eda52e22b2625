"""Tables as files: units by the names of columns, what could not be measured, where it comes from."""

import numpy as np
import pytest
from astropy.table import Table
from crhalo.scenarios.folder.write import write_ecsv


def test_a_table_has_units_and_says_where_it_comes_from(tmp_path):
    rows = [
        {"energy_GeV": 1e6, "time_error_Myr": None, "D_cm2_s": 1e28, "flag": "ballistic", "F": 0.1},
        {"energy_GeV": 2e6, "time_error_Myr": 0.5, "D_cm2_s": 2e28, "flag": "diffusive", "F": 0.2},
    ]
    write_ecsv(rows, {"seed": 3, "conventions": {"F": "power"}}, tmp_path / "table.ecsv")
    table = Table.read(tmp_path / "table.ecsv")
    units = {name: str(table[name].unit) for name in table.colnames}
    assert units == {
        "energy_GeV": "GeV", "time_error_Myr": "Myr", "D_cm2_s": "cm2 / s", "flag": "None", "F": "None",
    }  # fmt: skip
    assert np.isnan(table["time_error_Myr"][0]) and table["time_error_Myr"][1] == 0.5
    assert list(table["flag"]) == ["ballistic", "diffusive"]
    assert table.meta["seed"] == 3 and table.meta["conventions"] == {"F": "power"}


def test_nothing_is_written_where_it_cannot_be(tmp_path):
    with pytest.raises(OSError):
        write_ecsv([{"energy_GeV": 1.0}], {}, tmp_path / "no folder" / "table.ecsv")

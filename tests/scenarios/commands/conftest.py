"""Commands as they are called, in this process."""

import pytest
from crhalo.scenarios.commands import main as cli


@pytest.fixture
def crhalo(capsys):
    """Run a command; return its exit code, output, and the single line of its error."""

    def run(*argv):
        code = cli.main(argv)
        out, err = capsys.readouterr()
        assert "Traceback" not in err and "Usage" not in err
        assert err == "particles: 50%\n" if code == 0 and err else err.count("\n") == (code != 0), err
        return code, out, err

    return run

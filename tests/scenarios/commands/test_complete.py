"""What a shell offers after TAB, asked as bash asks."""

import os
import subprocess
import sys

import pytest

WORDS = {
    "crhalo ru": ["run"],
    "crhalo run free": ["free-escape"],
    "crhalo new free": ["free-escape"],
    "crhalo explain medium.z_": ["medium.z_B", "medium.z_open"],
    "crhalo explain sk": ["sky", "sky.nside", "sky.energies"],
    "crhalo run m31 --set medium.delta": ["medium.delta_G="],
    "crhalo scan m31 --grid medium.delta": ["medium.delta_G="],
    "crhalo data calet": ["calet-bc", "calet-protons"],
    "crhalo fit milky-way --data ams02-bc,calet": ["ams02-bc,calet-bc", "ams02-bc,calet-protons"],
    "crhalo fit milky-way --free source.slope,source.L_C": ["source.slope,source.L_CR"],
    "crhalo run m31 --data icecube-h": ["icecube-hese"],
    "crhalo run nothing-begins-so": [],
}


def asked(**environment):
    command = [sys.executable, "-c", "from crhalo.scenarios.commands.entry_point import program; program()"]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)


@pytest.mark.parametrize("line", WORDS)
def test_what_may_follow(line):
    place = str(len(line.split()) - 1)
    done = asked(_CRHALO_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=place)
    assert set(WORDS[line]) <= set(done.stdout.split()), done.stderr
    assert all(word.startswith(line.split()[-1]) for word in done.stdout.split())


def test_the_script_for_a_shell():
    done = asked(_CRHALO_COMPLETE="source_bash")
    assert done.returncode == 0 and "complete -o default -F" in done.stdout

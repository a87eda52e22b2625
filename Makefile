# Everything from a fresh machine that has make and Python 3.11, 3.12 or 3.13.
#   make demo   the main scenario, with its maps and figures, into run/
#   make test   the test suite
#   make soak   runs killed, damaged, spread out and repeated: one line each

.PHONY: demo test soak types
.DELETE_ON_ERROR:

SUITABLE = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check

demo: .venv/crhalo
	.venv/bin/crhalo run circumgalactic --out run/

test: .venv/crhalo-dev types
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile

# What takes about an hour.
soak: .venv/crhalo-dev
	.venv/bin/python tests/soak

# For type checkers: `import crhalo.fields` as a plain folder on disk.
types:
	@mkdir -p .types/crhalo
	@for folder in fields mc maps scenarios; do ln -sfn ../../$$folder .types/crhalo/$$folder; done

# Each stamp is made anew when pyproject.toml changes; the code itself is used in place (-e).
.venv/crhalo: .venv/bin/python pyproject.toml
	$(PIP) -e .
	@touch $@

.venv/crhalo-dev: .venv/bin/python pyproject.toml
	$(PIP) -e ".[dev]"
	@touch $@ .venv/crhalo

# A name on the PATH is not enough: version managers leave names there that do not run.
.venv/bin/python:
	@for python in python3.13 python3.12 python3.11 python3; do \
	    if $$python -c '$(SUITABLE)' >/dev/null 2>&1; then \
	        echo "$$python -m venv .venv" && exec $$python -m venv .venv; \
	    fi; \
	done; \
	echo "no Python 3.11, 3.12 or 3.13 with the venv module was found; install one and try again" >&2; exit 1

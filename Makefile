# Everything from a fresh machine that has make and one of Python 3.11 to 3.14.
#   make demo   the main scenario, with its maps and figures, into run/
#   make test   the test suite
#   make twins   known answers on broken code, which must fail: after a change of kernels
#   make nightly   the twins, all known answers in full, the soak, the oldest dependencies: hours
#   make soak   runs killed, damaged, spread out and repeated: one line each
#   make docs   the documentation as a site, into build/site/html/
#   make linkcheck   whether the links out of it answer: needs the network
#   make notebooks   docs/notebooks/*.ipynb from the .py files beside them, run: a minute
#   make wheel-check   sdist and wheel, installed and tried in bare environments: a quarter of an hour
#   make findings   docs/findings.md, each number from a run: an hour and a half on two cores

.PHONY: demo test twins nightly soak minima docs linkcheck findings notebooks wheel-check types
.DELETE_ON_ERROR:

SUITABLE = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check

demo: .venv/crhalo
	.venv/bin/crhalo run circumgalactic --out run/

test: .venv/crhalo-dev types
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile

# The kernels that passed are noted: .ci/run asks for this again where they have changed.
twins: .venv/crhalo-dev types
	kernels=$$(.venv/bin/python -c "from crhalo.fields import _jit; print(_jit.cache_key())") && \
	.venv/bin/python -m pytest --durations=0 tests/nightly/test_*_twins.py && \
	echo $$kernels > tests/nightly/passed_kernels.txt

nightly: twins
	.venv/bin/python -m pytest tests/nightly/test_full_*.py
	$(MAKE) soak minima

# What takes about an hour.
soak: .venv/crhalo-dev
	.venv/bin/python tests/nightly/soak

# The quick tests with the lower bounds of pyproject.toml, in build/minima/.
minima: .venv/crhalo-dev
	.venv/bin/python tests/nightly/minima.py

# Runs that build/findings/ holds already are taken as they are: remove it after a change of the code.
findings: .venv/crhalo
	.venv/bin/python docs/findings/make.py

# Scripts of the gallery run anew where they changed: remove build/site/ after a change of the code.
docs: .venv/crhalo-docs
	.venv/bin/python docs/site/make.py

linkcheck: .venv/crhalo-docs
	.venv/bin/python docs/site/make.py --linkcheck

notebooks: .venv/crhalo-dev
	.venv/bin/python docs/notebooks/make.py

# As `make wheel-check VERSIONS="3.11 3.14"` for some of the versions of Python alone.
wheel-check: .venv/crhalo-dev
	.venv/bin/python tests/nightly/wheel.py $(VERSIONS)

# For checkers of types and imports: the package as a plain folder on disk.
types:
	@mkdir -p .types/crhalo
	@for folder in fields mc maps scenarios; do ln -sfn ../../$$folder .types/crhalo/$$folder; done
	@for file in __init__ __main__; do ln -sf ../../crhalo/$$file.py .types/crhalo/; done

# Each stamp is made anew when pyproject.toml changes; the code itself is used in place (-e).
.venv/crhalo: .venv/bin/python pyproject.toml
	$(PIP) -e .
	@touch $@

.venv/crhalo-dev: .venv/bin/python pyproject.toml
	$(PIP) -e ".[dev]"
	@touch $@ .venv/crhalo

.venv/crhalo-docs: .venv/bin/python pyproject.toml
	$(PIP) -e ".[docs]"
	@touch $@ .venv/crhalo

# A name on the PATH is not enough: version managers leave names there that do not run.
.venv/bin/python:
	@for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	    if $$python -c '$(SUITABLE)' >/dev/null 2>&1; then \
	        echo "$$python -m venv .venv" && exec $$python -m venv .venv; \
	    fi; \
	done; \
	echo "no Python 3.11 to 3.14 with the venv module was found; install one and try again" >&2; exit 1

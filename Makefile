# `make help` lists what there is. VENV=<folder> chooses where the environment is made, CORES how
# many jobs run at once, CONFIG a file that overrides keys of config.yaml.

VENV ?= .venv
CORES ?= all
CONFIG ?=
PYTHON ?= python3

# Jobs call `python`: the environment's must be the first on the path.
export PATH := $(abspath $(VENV))/bin:$(PATH)
# The run's name, of the last file that says it.
RUN = $(shell sed -n 's/^run: *\([[:alnum:]_-]*\).*/\1/p' config.yaml $(CONFIG) | tail -n 1)
# A live display on a terminal, a line a step elsewhere.
PROGRESS = $(if $(shell test -t 2 && echo terminal),--logger rich,--quiet host rules)
SNAKEMAKE = snakemake --cores $(CORES) $(if $(CONFIG),--configfile $(CONFIG))

.DEFAULT_GOAL := help
.PHONY: help run report dry-run test lint format bench clean

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run.done ## create the environment, reproduce everything, print the verdicts
	@begin=$$(date +%s); $(SNAKEMAKE) $(PROGRESS) || exit; end=$$(date +%s); \
	python workflow/scripts/verdicts.py results/$(RUN)/claims.csv; \
	echo "time: $$(((end - begin) / 60)) min $$(((end - begin) % 60)) s"; \
	echo "table: results/$(RUN)/scores.csv, figures: results/$(RUN)/<study>/figures"; \
	echo "explore: results/$(RUN)/explorer.html"; \
	echo "report: make report$(if $(CONFIG), CONFIG=$(CONFIG)) writes results/$(RUN)/report.html"

report: $(VENV)/run.done ## write report.html: verdicts, figures, tables, run times, code
	$(SNAKEMAKE) $(PROGRESS)
	$(SNAKEMAKE) --report results/$(RUN)/report.html
	@echo "report: results/$(RUN)/report.html"

dry-run: $(VENV)/run.done ## show which jobs a run would start, and why
	$(SNAKEMAKE) --dry-run

test: $(VENV)/test.done ## create what the tests need, run every check and test
	$(MAKE) --no-print-directory lint
	python -m pytest -n 2

lint: $(VENV)/test.done ## check style and workflow
	ruff check
	ruff format --check
	snakefmt --check Snakefile workflow
	snakemake --lint

format: $(VENV)/test.done ## format the code
	ruff check --fix
	ruff format
	snakefmt Snakefile workflow

bench: $(VENV)/test.done ## time the training against a plain reference
	python bench/graves.py

clean: ## remove the environment; data and results stay
	rm -rf $(VENV)

# An environment is made anew only when what it is made of has changed.
$(VENV)/run.done: requirements.txt constraints.txt
	@echo "creating the environment in $(VENV) (some minutes, once)"
	$(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@python -m compileall -q $(VENV)/lib >/dev/null || true
	@touch $@

$(VENV)/test.done: requirements-test.txt $(VENV)/run.done
	@echo "adding what the tests need"
	python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt -c constraints.txt
	@touch $@

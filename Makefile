# Two commands matter: `make demo` and `make test`. Everything else serves them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
V := .venv/bin
PEOPLE ?=
SPEED ?=
.DEFAULT_GOAL := help
.PHONY: help demo faces test quick lint bench fuzz docs mutants lock clean

help:
	@echo "make demo   run the whole system with a live town (PEOPLE=40 SPEED=10)"
	@echo "make test   install what tests need and run them all"
	@echo "make quick  the quick tests (a little over a minute)"
	@echo "make lint   style, types and the lines between the rooms"
	@echo "make bench  measure, print a table, write benchmarks/out/*.json"
	@echo "make fuzz   damaged photographs against the decoder, for a minute (FUZZ_S=3600 for an hour)"
	@echo "make mutants  does any test notice when a rule is changed? (hours; RULES='duty zones' or RULES='--sample 0.05' for some)"
	@echo "make docs   draw the states, and check that the docs name what is there"
	@echo "make lock   write the lock files anew from requirements/*.in"

.venv/run.stamp: requirements/run.txt pyproject.toml
	@test -x $(V)/python || $(PYTHON) -m venv .venv
	$(V)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(V)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	$(V)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# Photo check-ins are compared by models that are found; without any, by dlib from the index, if it can be had.
faces: .venv/run.stamp
	@if [ -z "$$SURETY_MODELS" ] && [ ! -d .demo/models ] && ! $(V)/python -c "import dlib" 2>/dev/null; then \
	  $(V)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dlib.txt \
	    || echo "The extra dlib cannot be had now: the demonstration runs, and people look at every check-in."; fi

demo: .venv/run.stamp faces
	@$(V)/surety demo $(if $(PEOPLE),--people $(PEOPLE)) $(if $(SPEED),--speed $(SPEED))

test: .venv/dev.stamp
	@tests/support/install-components
	$(V)/pytest -n 2 --dist loadfile

quick: .venv/dev.stamp
	$(V)/pytest -q -n 2 --dist loadfile -m "not slow and not postgres and not browser and not shared"

lint: .venv/dev.stamp
	$(V)/ruff check .
	$(V)/ruff format --check .
	$(V)/mypy surety
	$(V)/lint-imports --no-logo

bench: .venv/dev.stamp
	$(V)/python -m benchmarks

fuzz: .venv/dev.stamp
	$(V)/python -m benchmarks fuzz_photos

mutants: .venv/dev.stamp
	$(V)/python -m tests.mutants $(RULES)

docs: .venv/dev.stamp
	$(V)/python docs/draw_states.py
	$(V)/python docs/draw_retention.py
	$(V)/pytest -q tests/docs

lock: .venv/dev.stamp
	@for set in run dev; do \
	  $(V)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links requirements/$$set.in -o requirements/$$set.txt; done

clean:
	rm -rf .venv .demo build *.egg-info

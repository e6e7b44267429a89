# make run: the dashboard on this host, installing what is missing. make test: every check there is.
# make bench: what it costs, beside its peers (BENCH="screen --seconds 60" chooses).
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin

.PHONY: run test check lint types imports unit venv system bench clean

run:
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/run

test: $(VENV)/.test
	@sh scripts/system test
	$(MAKE) --no-print-directory check

check: lint types imports unit

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/vermin -t=3.6- --violations --no-tips --quiet src/bttop/tracer.py src/bttop/hooktimer.py

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports --no-cache

unit:
	$(BIN)/pytest -n 6 --dist worksteal

bench: $(VENV)/.test
	@sh scripts/system bench
	$(BIN)/python -m benchmarks $(BENCH)

$(VENV)/.test: pyproject.toml scripts/venv scripts/python scripts/schema
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/venv '.[test]'
	@VENV="$(VENV)" sh scripts/schema
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

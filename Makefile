# Two targets for people: `make demo` and `make test`. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# On each core, up to four: with TensorFlow in it each of them takes a gigabyte.
PYTEST := $(BIN)/pytest --numprocesses auto --maxprocesses 4

.PHONY: demo test test-all check format clean help
help:
	@echo "make demo    train, quantize and classify digits in MicroPython, no board needed"
	@echo "make test    the tests, after make check: 8 to 15 minutes on two cores"
	@echo "make test-all    those too that take long: fuzzing, kernels to compare ours with"
	@echo "make check   ruff, mypy, and the order of the rooms"
	@echo "make clean   remove build/ (keeps .venv)"

demo: $(STAMP)
	$(BIN)/tinycnn demo

test: check
	@echo "This takes about 15 minutes on two cores, 8 without upstream sources"
	$(PYTEST) $(PYTEST_ARGS)

test-all: check
	$(PYTEST) --all $(PYTEST_ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf build

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "tinycnn needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is another:" \
			"make PYTHON=python3.13, say"; exit 2; }
	@echo "Installing into $(VENV): TensorFlow is large, this takes a minute or two"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -e '.[dev]'
	touch $@

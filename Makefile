# The commands of the README: `make build`, `make test`, `make quick`. Each makes .venv when there is none.

PYTHON ?= python3
VENV ?= .venv
# PyTorch's processor-only builds are smaller; where pip's index has them elsewhere: make build TORCH_INDEX=ADDRESS
TORCH_INDEX ?=
PIP = $(VENV)/bin/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt \
      $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: build test quick serve format benchmark clean

build: $(VENV)/installed-measure
	$(VENV)/bin/python -m generator build

serve: $(VENV)/installed-measure
	$(VENV)/bin/python -m generator serve

test: $(VENV)/installed-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m pytest -n auto

# Most of the logic: without PyTorch, ONNX Runtime and mypy, which it does not install, and without
# what is slow. Where they are installed, it is tested as if they were not.
quick: $(VENV)/installed-quick
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/python -m pytest -n auto --light

format: $(VENV)/installed-test
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# The quick forms: they print ratios and save nothing. benchmarks/README.md has the long ones.
benchmark: $(VENV)/installed-benchmark
	$(VENV)/bin/python -m benchmarks.overhead --quick
	$(VENV)/bin/python -m benchmarks.validity --quick
	$(VENV)/bin/python -m benchmarks.time_to_precision --quick
	$(VENV)/bin/python -m benchmarks.shorter_blocks --quick
	$(VENV)/bin/python -m benchmarks.records --quick

clean:
	rm -rf build site .cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed-measure: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing what measuring needs into $(VENV) (several minutes the first time)."
	@echo "Then the site of the committed records is built, and only then is anything measured ..."
	$(PIP) --editable '.[measure]'
	@touch $@

$(VENV)/installed-test: $(VENV)/installed-measure
	$(PIP) --editable '.[measure,test]'
	@touch $@

$(VENV)/installed-quick: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[quick]'
	@touch $@

$(VENV)/installed-benchmark: $(VENV)/installed-measure
	$(PIP) --editable '.[measure,benchmark]'
	@touch $@

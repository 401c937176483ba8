# make demo   install, tune a deep network on handwritten digits, show the result
# make test   install, run every test
# make cluster  install Ray and Dask as well, run the tests of their executors
# make frameworks  install the training frameworks as well, run the tests of their callbacks, kills included
# make soak   the fault matrix in full: 200 kills of every kind, 20 runs of every training
#             that misbehaves, ten thousand simulated studies; hours
# make check  style, types and the house's import rules, of the page's modules too
# make docs   the manual as a site: build/site/index.html; make check builds it as well, and no link may be dead
# make bench  the benchmarks behind the numbers in docs/benchmarks.md, quick form

VENV ?= .venv
DATA ?= ../shared/data
BIN := $(VENV)/bin
# Three, also on two cores: many tests wait for processes. Who has nothing left to do takes from the others.
TESTS = $(BIN)/python -m pytest -n 3 --dist worksteal
# Warnings are errors: a dead link, an anchor that is not there, a page that no menu names.
MKDOCS = NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# The tests start hundreds of Python processes: each reads compiled modules instead of compiling them anew,
# whatever the caller's environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test fast slow cluster frameworks soak check docs bench clean
.DEFAULT_GOAL := demo

$(VENV)/.base: pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	@echo "installing osetra and PyTorch into $(VENV) ..."
	$(PIP) --editable '.[torch,data,plot]'
	@touch $@

$(VENV)/.test: $(VENV)/.base
	$(PIP) --editable '.[torch,data,plot,test]'
	@touch $@

$(VENV)/.check: $(VENV)/.test
	$(PIP) --editable '.[torch,data,plot,test,check,docs]'
	@touch $@

$(VENV)/.docs: $(VENV)/.base
	$(PIP) --editable '.[torch,data,plot,docs]'
	@touch $@

$(VENV)/.cluster: $(VENV)/.test
	$(PIP) --editable '.[torch,data,plot,test,ray,dask]'
	@touch $@

$(VENV)/.frameworks: $(VENV)/.test
	$(PIP) --editable '.[torch,data,plot,test,frameworks]'
	@touch $@

$(VENV)/.bench: $(VENV)/.base
	$(PIP) --editable '.[torch,data,plot,bench,postgres,ray]'
	@touch $@

demo: $(VENV)/.base
	$(BIN)/osetra tune mnist5k --trials 12 --epochs 4 --tune lr,batch_size,dropout --workers 2

test: $(VENV)/.test
	VENV=$(VENV) .ci/page test
	$(TESTS)

fast: $(VENV)/.test
	VENV=$(VENV) .ci/page test
	$(TESTS) -m "not slow"

slow: $(VENV)/.test
	$(TESTS) -m slow

cluster: $(VENV)/.cluster
	$(BIN)/python -m pytest tests/executors/test_ray.py tests/executors/test_dask.py tests/faults/test_row_39_ray.py

frameworks: $(VENV)/.frameworks
	OSETRA_FRAMEWORKS=1 $(BIN)/python -m pytest tests/integrations
	# Not the whole folder: Paddle dies of a fault where TensorFlow was imported before it.
	OSETRA_FRAMEWORKS=1 KERAS_BACKEND=tensorflow $(BIN)/python -m pytest tests/integrations/test_keras.py tests/integrations/test_guide.py tests/integrations/test_tensorflow.py -k "TensorFlow or tensorflow"

soak: $(VENV)/.cluster
	OSETRA_KILLS=200 OSETRA_SOAK=1 $(BIN)/python -m pytest tests/faults tests/stores tests/upkeep tests/executors
	$(BIN)/python benchmarks/faults.py
	OSETRA_MEGABYTES=100 $(BIN)/python benchmarks/misbehaviour.py

check: $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	VENV=$(VENV) .ci/page check
	$(MKDOCS)

docs: $(VENV)/.docs
	$(MKDOCS)
	@echo "the manual: build/site/index.html"

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/overhead.py --quick
	$(BIN)/python benchmarks/suggest.py
	$(BIN)/python benchmarks/search.py --quick --data $(DATA)
	$(BIN)/python benchmarks/multifidelity.py --quick --data $(DATA)
	$(BIN)/python benchmarks/steering.py --quick
	$(BIN)/python benchmarks/scale.py --quick
	$(BIN)/python benchmarks/postgres.py --quick
	$(BIN)/python benchmarks/ray_overhead.py --quick
	$(BIN)/python benchmarks/faults.py --quick
	$(BIN)/python benchmarks/misbehaviour.py --quick

clean:
	rm -rf $(VENV) build dist

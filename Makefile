# make demo [MUSIC=~/Music]   hear it: a playlist from your music, or from songs composed on the spot
# make test [WORKERS=2]       the whole test suite, by so many processes at once
# make mutants MODULE=FILE    small faults in a module of the core that none of its tests notices (or of TESTS="FILES")
# make lint                   style, common mistakes, and types
# make docs                   the documentation as a site, in build/docs; a link that leads nowhere is an error
# make dist                   sdist and wheel, in dist/
# make smoke                  these, installed without a compiler into an empty environment, and used
# make release                the same from a clean tree, and a tag; CONTRIBUTING.md says what comes before and after
# make bench [MUSIC=FOLDER]   speed and memory, against others; RUNS=1 for one run instead of three
# make clean                  remove the environment and the demo
#
# Everything is installed into .venv: the plain package for the demo, all extras for the rest. PYTHON chooses the interpreter,
# PIP_OPTIONS go to pip: for the tests on Linux without an NVIDIA card,
# PIP_OPTIONS="--extra-index-url https://download.pytorch.org/whl/cpu" saves gigabytes.

PYTHON ?= python3
PIP_OPTIONS ?=
MUSIC ?=
WORKERS ?= 2
RUNS ?= 3
VENV := .venv
PIP := $(VENV)/bin/pip --disable-pip-version-check install --quiet --constraint constraints.txt $(PIP_OPTIONS)

.PHONY: demo test mutants lint docs dist smoke release bench clean

demo: $(VENV)/installed
	$(VENV)/bin/python demo/demo.py $(if $(MUSIC),"$(MUSIC)")

test: $(VENV)/installed-test
	$(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal

mutants: $(VENV)/installed-test
	@$(PIP) --editable ".[test,mutants]"
	WORKERS=$(WORKERS) $(VENV)/bin/python tools/mutants.py $(MODULE) $(TESTS)

lint: $(VENV)/installed-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(VENV)/installed-docs
	rm -rf build/docs
	$(VENV)/bin/python -m sphinx -b html -W --keep-going -q -d build/doctrees docs build/docs
	$(VENV)/bin/python -m tools.site build/docs

dist: $(VENV)/installed-release
	rm -rf dist
	$(VENV)/bin/python -m build --no-isolation
	$(VENV)/bin/python -m twine check --strict dist/*

smoke: dist
	$(VENV)/bin/python tools/smoke.py dist/*.whl $(PIP_OPTIONS)

release: $(VENV)/installed-release
	$(VENV)/bin/python -m tools.release --check
	$(MAKE) smoke
	$(VENV)/bin/python -m tools.release --tag

bench: $(VENV)/installed-bench
	$(VENV)/bin/python -m benchmarks $(if $(MUSIC),"$(MUSIC)") --runs $(RUNS)

clean:
	rm -rf $(VENV) demo-library build dist

$(VENV)/installed: setup.py pyproject.toml constraints.txt
	@$(PYTHON) -m venv $(VENV) || { echo "no venv module: on Debian and Ubuntu, sudo apt install python3-venv"; exit 1; }
	@echo "installing into $(VENV)..."
	@$(PIP) --editable .
	@$(VENV)/bin/python -c "import annoy" 2>/dev/null || $(PIP) --force-reinstall --no-deps annoy 2>$(VENV)/annoy.log || cat docs/compiler.txt
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	@$(PIP) --editable ".[test]"
	@touch $@

$(VENV)/installed-release: $(VENV)/installed
	@$(PIP) --editable ".[release]"
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	@$(PIP) --editable ".[docs]"
	@touch $@

# The package of bliss-audio 0.2 for Linux dies on processors without AVX-512.
OLD_BLISS = $(shell grep -qs ^flags /proc/cpuinfo && ! grep -qs avx512f /proc/cpuinfo && echo '"bliss-audio<0.2"')

$(VENV)/installed-bench: $(VENV)/installed-test
	@$(PIP) --editable ".[test,bench]" $(OLD_BLISS)
	@touch $@

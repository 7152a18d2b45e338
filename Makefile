# The two commands that matter: `make run` and `make test`. `make help` lists the others.
# Settings come from the environment or the command line: make run PORT=8001

PYTHON ?= python3.11
PY := .venv/bin/python
# What a production machine would set, so that its warnings show here.
PRODUCTION := env SECRET_KEY=a-key-for-checks-only-0123456789-abcdefghijklmnopqrstuvwxyz \
	ALLOWED_HOSTS=example.org HTTPS=on DEBUG=off

.PHONY: help run setup dev-setup test check chaos replays lock bench bench-full clean python

help:
	@echo 'make run     set up, then run the site until Ctrl-C (PORT, ADMIN_PASSWORD, VAR_DIR)'
	@echo 'make setup   set up only: dependencies, settings, models'
	@echo 'make test    set up, then run every test'
	@echo 'make check   style, types, layers, migrations, deployment settings, templates'
	@echo 'make chaos   1,000 photos re-embedded while 20 times something is killed (CHAOS_SEED)'
	@echo 'make replays 1,000 generated attacks on the liveness check; fails if one passes (PEOPLE)'
	@echo 'make bench   measure this machine, in about five minutes; make bench-full: everything'
	@echo 'make lock    pin the dependencies of pyproject.toml again'
	@echo 'make clean   remove .venv and caches; data in VAR_DIR stays'

python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo 'Python 3.11 is needed: install python3.11, or name one: make run PYTHON=/path/to/python3.11' >&2; \
		exit 1; }

setup: python
	@$(PYTHON) scripts/setup.py requirements.txt

dev-setup: python
	@$(PYTHON) scripts/setup.py requirements-dev.txt

run: setup
	@exec $(PY) -m faceproject.supervisor

test: dev-setup
	@$(PY) -m pytest -n 2

check: dev-setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PRODUCTION) $(PY) -m mypy .
	$(PY) -c 'from importlinter.cli import lint_imports_command as lint; lint()'
	$(PRODUCTION) $(PY) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	$(PY) -m djlint templates --check --lint --quiet

chaos: dev-setup
	@env CHAOS_PHOTOS=1000 CHAOS_KILLS=20 timeout 3600 $(PY) -m pytest -n 0 -q -s tests/chaos/test_reembed.py

# PEOPLE: a folder of Name/photo.jpg that the attacks are made of; the demo photos without it.
replays: dev-setup
	@$(PY) manage.py evaluate_liveness --turns $(PEOPLE) --replays 1000

bench: dev-setup
	@$(PY) manage.py bench

bench-full: dev-setup
	@$(PY) manage.py bench --full

lock: dev-setup
	$(PY) -m uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet --output-file requirements.txt
	$(PY) -m uv pip compile pyproject.toml --extra dev -c requirements.txt --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet --output-file requirements-dev.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

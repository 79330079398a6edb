# Two commands are enough: `make run` shows Verkan, `make test` tries it. The work is in scripts/.

PORT ?= 8080

.PHONY: help run test test-slow check bench calibrate clean
help:
	@echo "make run        the made-up company, served at http://127.0.0.1:$(PORT)"
	@echo "make test       all tests; installs what they need, a browser included"
	@echo "make test-slow  the tests that take minutes"
	@echo "make check      style, types, who may import whom"
	@echo "make bench      how quick the record store is on this machine"
	@echo "make calibrate  how often its answers are right, on companies whose truth is known"
	@echo "make clean      removes what was installed and built, not your data"

run:
	@scripts/demo --port $(PORT)

test:
	@scripts/test

test-slow:
	@scripts/test -m slow

check:
	@scripts/check

bench:
	@scripts/environment test
	@.venv/bin/python tests/benchmarks/bench.py

calibrate:
	@scripts/environment test
	@.venv/bin/python tests/benchmarks/calibrate.py $(CALIBRATE)

clean:
	rm -rf .venv dist tests/clients/node_modules tests/.artifacts .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

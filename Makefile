# The plain words of this project. `make demo` and `make test` prepare everything they need.

ARGS =
MARKS = not bench and not slow
BIN = .venv/bin

.PHONY: help demo run test lint bench wheel lock clean

help:
	@echo "make demo    plan a meeting for the sample district and open the app"
	@echo "make run     open the app on your own study: make run ARGS=my-district"
	@echo "make test    run the tests: make test ARGS=tests/test_house.py"
	@echo "make lint    check style, types and who imports whom"
	@echo "make bench   measure speed, as ratios in one run"
	@echo "make wheel   build the package into dist/"
	@echo "make lock    choose dependency versions anew, for requirements.lock"
	@echo "make clean   remove caches and built packages"

demo:
	@sh tools/prepare.sh run
	@$(BIN)/famgeo demo $(ARGS)

run:
	@sh tools/prepare.sh run
	@$(BIN)/famgeo app $(ARGS)

test:
	@sh tools/prepare.sh test
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "$(MARKS)" $(ARGS)

lint:
	@sh tools/prepare.sh test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:
	@sh tools/prepare.sh bench
	@$(BIN)/python -m pytest -p no:xdist -s -m bench $(ARGS)

wheel:
	@sh tools/prepare.sh test
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

lock:
	@sh tools/prepare.sh test
	$(BIN)/python tools/lock.py $(ARGS)

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find famgeo pages tests -name __pycache__ -type d -prune -exec rm -rf {} +

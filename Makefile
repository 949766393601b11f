# A few verbs; `make` alone lists them.
RUN := python -m uv run --extra sim --extra physx --group dev

.PHONY: help setup test fast lint format generate train
help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

setup: ## make the environment
	python -m pip install uv
	python -m uv sync --extra sim --extra physx --group dev
test: ## all tests
	$(RUN) pytest
fast: ## the tests that need neither the simulator nor patience
	$(RUN) pytest -m "not sim and not slow"
lint: ## lint, formatting and types
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) stripec fmt --check examples/*.stripe examples/*/*.stripe
	$(RUN) pyright
format: ## mend what can be mended by itself
	$(RUN) ruff check --fix .
	$(RUN) ruff format .
	$(RUN) stripec fmt examples/*.stripe examples/*/*.stripe
generate: ## compile the examples into generated/
	for file in examples/*.stripe; do $(RUN) stripec compile $$file || exit 1; done
train: ## train the cartpole
	$(RUN) stripec train examples/cartpole.stripe

# One line a target, each over scripts/. The environment (.venv) is made when it is missing and kept when
# it is current. Another interpreter: make PYTHON=python3.12
PYTHON ?= python3
RUN := .venv/bin/python scripts
# Hundreds of short processes would each compile every library anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := environment
.PHONY: help environment run index verify generations rollback test test-quick test-thorough test-slow test-faults test-cluster check evaluate bench bench-growth fuzz soak bom mutants

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

environment:  ## make or renew .venv, with everything that building and testing need
	@$(PYTHON) scripts/prepare.py

run: environment  ## build the index if there is none, start the server and print its address
	@$(RUN)/run.py $(ARGS)

index: environment  ## build a new index generation of corpus/ and publish it
	@$(RUN)/reindex.py $(ARGS)

verify: environment  ## check every file, passage and id of the current generation against corpus/
	@$(RUN)/verify.py $(ARGS)

generations: environment  ## list the generations that are kept
	@$(RUN)/generations.py

rollback: environment  ## point back to the generation before the current one
	@$(RUN)/rollback.py $(ARGS)

check: environment  ## ruff and mypy, without the tests
	@$(RUN)/check.py

test: environment  ## all checks and tests, the browser's included
	@$(RUN)/test.py

test-quick: environment  ## the tests that start no process, browser or build
	@$(RUN)/test.py --quick

test-thorough: environment  ## the tests that take long for what they seldom find; continuous integration runs them, too
	@$(RUN)/test.py --thorough

test-slow: environment  ## the tests that take minutes
	@$(RUN)/test.py --slow

test-faults: environment  ## kill, fill up and damage the index in every way, at length
	@$(RUN)/test.py --faults

test-cluster: environment  ## the tests that start nodes of Ray; installs the extra `cluster` first
	@$(RUN)/test.py --cluster

fuzz: environment  ## send everything that is wrong; ARGS=--full does it at length
	@$(RUN)/fuzz.py $(ARGS)

soak: environment  ## load, overload, slow clients, killed workers, leaks; ARGS=--full does it at length
	@$(RUN)/soak.py $(ARGS)

mutants: environment  ## change the core step by step and tell which changes no test notices; ARGS=--all tries each
	@$(RUN)/mutants.py $(ARGS)

bom: environment  ## list everything installed and the model, with licences and hashes, as CycloneDX
	@$(RUN)/bom.py $(ARGS)

evaluate: environment  ## measure the answers to the development questions
	@$(RUN)/evaluate.py $(ARGS)

bench: environment  ## measure us beside the plain way and other frameworks; writes docs/performance.md
	@$(RUN)/benchmark.py $(ARGS)

bench-growth: environment  ## measure made-up corpora of up to a million passages; writes docs/growth.md
	@$(RUN)/growth.py $(ARGS)

# What people and CI type. `make help` lists it.
# Every path is relative, so that a clone may lie in a folder with spaces in its name.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

STRICT := -Xswiftc -warnings-as-errors
AUTOBAHN := Tests/ConformanceTests/autobahn/setup.sh
# How long `make demo` runs: seconds, 0 = until Ctrl-C. Empty = its own default, well under a minute.
DEMO_SECONDS ?=
# How long `make fuzz` searches with each target, and which targets; empty = all.
SECONDS ?= 60
TARGETS ?=

.PHONY: help deps demo build test faults soak check lint bench bench-connections sanitize-thread sanitize-address fuzz autobahn conformance clean

help: ## This list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 28

deps: ## Install the system packages that are missing (apt-get)
	@./scripts/install-dependencies

demo: deps ## Build, then show all six paths by real messages; DEMO_SECONDS=0 stays
	@echo "Building wsbridge; the first time this takes some minutes."
	@swift build -c release --product wsbridge
	@$(if $(DEMO_SECONDS),DEMO_SECONDS=$(DEMO_SECONDS)) "$$(swift build -c release --show-bin-path)/wsbridge" demo

build: deps ## Build the release binary
	@swift build -c release --product wsbridge
	@echo "Built: $$(swift build -c release --show-bin-path)/wsbridge"

test: deps autobahn ## Build and run all tests
	@echo "Building the tests; the first time this takes some minutes."
	@swift build --build-tests $(STRICT)
	@echo "Running the tests."
	@REQUIRE_AUTOBAHN=1 ./scripts/test --skip-build $(STRICT)

# Some tests hang brokers, fill disks and stop processes: one after the other.
faults: deps ## The fault suite in its long form: kills, stops, brokers, disks, floods, clocks (some 30 minutes)
	@swift build --build-tests $(STRICT)
	@swift test --skip-build $(STRICT) --filter 'SpoolModel|ConflatingStore|SQLiteEngine|ReceiptClock|WithheldTests'
	@FAULTS=long swift test --skip-build $(STRICT) --no-parallel \
		--filter '(Kill|Stop|BrokerFault|DiskFault|Flood|TimeFault|Isolation|Spool)Tests'

soak: SECONDS = 3600
soak: deps ## Random faults against one gateway for SECONDS (3600), nothing may be lost
	@swift build --build-tests $(STRICT)
	@SOAK_SECONDS=$(SECONDS) swift test --skip-build $(STRICT) --filter SoakTests

check: lint deps ## Lint, build with warnings as errors, run the unit tests
	@swift build --build-tests $(STRICT)
	@swift test --skip-build $(STRICT) --skip IntegrationTests --skip ConformanceTests

lint: ## Formatting and style
	@swift format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Fuzzing
	@echo "Lint: clean."

# The conformance suite's own Python environment.
autobahn:
	@$(AUTOBAHN)

conformance: deps autobahn ## All 517 Autobahn cases, compression included: some 9 minutes
	@swift build -c release --product wsecho
	@Tests/ConformanceTests/autobahn/conform.sh "$$(swift build -c release --show-bin-path)/wsecho" \
		.build-conformance docs/conformance.md

bench-connections: ## 1,000 connections in one process: memory, CPU, and how they come back
	@./scripts/install-dependencies python3
	@swift build -c release --product wsbridge
	@./Benchmarks/load/connections.py
	@./Benchmarks/load/connections.py --routes

bench: ## Benchmarks: parts in nanoseconds, and all paths against the limit and a C peer
	@./scripts/install-dependencies gcc make libwebsockets-dev
	@swift build -c release --product wsbridge
	@./Benchmarks/load/bench
	@echo "What single steps cost:"
	@swift run -c release --package-path Benchmarks microbench
	@swift run -c release corebench
	@echo "Queues in memory and on disk:"
	@swift run -c release corebench spool

# Sanitized programs are several times slower, so deadlines are stretched.
sanitize-thread: deps autobahn ## All tests under the thread sanitizer
	@SANITIZED=1 REQUIRE_AUTOBAHN=1 TEST_DEADLINE_FACTOR=5 \
		TSAN_OPTIONS="suppressions='$$PWD/Tests/thread-sanitizer-suppressions.txt'" \
		./scripts/test --sanitize thread --scratch-path .build-thread

# Without leaks: the test runner and NIO's thread pool keep what they have until the process ends.
sanitize-address: deps autobahn ## All tests under the address sanitizer
	@SANITIZED=1 REQUIRE_AUTOBAHN=1 TEST_DEADLINE_FACTOR=5 ASAN_OPTIONS=detect_leaks=0 \
		./scripts/test --sanitize address --scratch-path .build-address

fuzz: deps ## Search for inputs that break a parser; SECONDS=60 for each, TARGETS="frames url"
	@./scripts/fuzz $(SECONDS) $(TARGETS)

clean: ## Remove what was built
	@rm -rf .build .build-thread .build-address .build-fuzz .build-conformance Benchmarks/.build Benchmarks/.build-load

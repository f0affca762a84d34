# Everything starts here: `make help`. A fresh Debian 12 machine needs `make run` or `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install build run test lint format asan tsan bench soak demo docker-build docker-run clean

PRESET ?= release
JOBS ?= $(shell nproc)
ARGS ?=
IMAGE ?= kcloud-logger:0.1.0
BINARY := build/release/kcloud-logger
# Build type `ci` shares the folder of `release`.
BUILD_DIR := build/$(if $(filter ci,$(PRESET)),release,$(PRESET))
# Half as many again as cores: tests that speak to servers wait most of the time.
TEST_JOBS ?= $(shell echo $$(( $(JOBS) + $(JOBS) / 2 )))
CTEST := ctest --output-on-failure --no-tests=error -j $(TEST_JOBS)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: build ## Prepare the checkout: install what is missing, build release

build: ## Build release (build/release/kcloud-logger)
	@tools/install-packages.sh build
	cmake --preset $(PRESET)
	cmake --build $(BUILD_DIR) -j $(JOBS)

run: ## Install, build and run the agent at http://localhost:8007 (ARGS="--listen …")
	@tools/install-packages.sh build
	cmake --preset $(PRESET)
	cmake --build $(BUILD_DIR) -j $(JOBS) --target kcloud-logger
	$(BINARY) run $(ARGS)

test: ## Install, build and run every test
	@tools/install-packages.sh build test
	@tools/fetch-kafka.sh
	@tools/fetch-opensearch.sh
	cmake --preset $(PRESET)
	cmake --build $(BUILD_DIR) -j $(JOBS)
	$(CTEST) --test-dir $(BUILD_DIR) -LE soak $(ARGS)

lint: ## clang-format, clang-tidy, shellcheck and the floors
	@tools/install-packages.sh build lint
	cmake --preset $(PRESET)
	tools/lint.sh $(BUILD_DIR)

format: ## Format the sources in place
	@tools/install-packages.sh lint
	git ls-files -z -- '*.h' '*.cpp' | xargs -0 clang-format -i

asan tsan: ## Build with sanitizers and run every test (asan: address and undefined; tsan: thread)
	@tools/install-packages.sh build test
	@tools/fetch-kafka.sh
	@tools/fetch-opensearch.sh
	cmake --preset $@
	cmake --build build/$@ -j $(JOBS)
	$(CTEST) --test-dir build/$@ -LE soak $(ARGS)

bench: ## Measure speed and memory against the floor (BENCH=full: everything)
	@tools/install-packages.sh build test
	@tools/fetch-kafka.sh
	@tools/fetch-opensearch.sh
	cmake --preset $(PRESET)
	cmake --build $(BUILD_DIR) -j $(JOBS)
	bench/run $(if $(filter full,$(BENCH)),--full) $(ARGS)

soak: ## Run the long fault tests with their full counts
	@tools/install-packages.sh build test
	@tools/fetch-kafka.sh
	@tools/fetch-opensearch.sh
	cmake --preset $(PRESET)
	cmake --build $(BUILD_DIR) -j $(JOBS)
	KCLOUD_SOAK=1 $(CTEST) --test-dir $(BUILD_DIR) -L "soak|scaled" --timeout 14400 $(ARGS)

demo: ## Post a believable fleet to the running agent (ARGS="--rate 50", or a week of history: ARGS="--days 7")
	@tools/install-packages.sh build
	cmake --preset $(PRESET)
	cmake --build $(BUILD_DIR) -j $(JOBS) --target kcloud-logger
	$(BINARY) demo $(ARGS)

docker-build: ## Build the container image (IMAGE=…)
	docker build --file deployment/Dockerfile --tag $(IMAGE) .

docker-run: ## Run the container image at http://localhost:8007
	docker run --rm --publish 127.0.0.1:8007:8007 --volume kcloud-logger:/var/lib/kcloud-logger $(IMAGE) $(ARGS)

clean: ## Remove the build folder
	rm -rf build

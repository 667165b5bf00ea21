# The commands of this repository. `make run` and `make test` need Go and nothing else.

GO ?= go

# Go refuses to build where it finds a repository that git does not trust, such as a
# mounted folder; then the binary goes without its revision.
VCS := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)

.PHONY: help run build test bench

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build and start the gateway, a sample service and an issuer
	@exec bin/demo --gateway bin/gateway --config Caddyfile.example

build: ## build bin/gateway and bin/demo
	@CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=$(VCS) -o bin/ ./cmd/gateway ./examples/demo

test: ## install what the tests need, then check and test everything
	@GO=$(GO) scripts/test

bench: ## run the benchmarks, with allocations
	@$(GO) test -run '^$$' -bench . -benchmem ./...

#!/usr/bin/env bash
# Builds the Go clients of tests/interop into target/go-clients: oauth2-proxy, an app on go-oidc, and
# one that signs in as Grafana does.
# What is built is pinned in tests/interop/go; does nothing when that is built already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

module=tests/interop/go
home=target/go-clients

mkdir -p target
exec 9> target/go-clients.lock
flock 9
stamp=$(cat .ci/go-clients.sh "$module"/go.{mod,sum} "$module"/{app,grafana}/*.go | cksum)
if [ "$(cat "$home/provisioned" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi

if ! command -v go >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go
fi

rm -rf "$home"
mkdir -p "$home"
# An older Go (from 1.21 on) fetches the one that go.mod asks for, as a module.
export GOTOOLCHAIN=auto GOFLAGS=-mod=readonly CGO_ENABLED=0
(cd "$module" && go vet ./app ./grafana && go build -trimpath -o "../../../$home/" ./app ./grafana github.com/oauth2-proxy/oauth2-proxy/v7)
echo "$stamp" > "$home/provisioned"

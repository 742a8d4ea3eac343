#!/usr/bin/env bash
# Lays the client libraries of other languages ready for tests/interop in target/libraries. What is
# there already is left alone. The versions are those of the lock files in tests/interop.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=target/libraries
mkdir -p "$home"
exec 9> "$home/lock"
flock 9

install() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# Runs `provision_NAME` for an empty folder, unless that was done for the same FILES.
provide() {
  local name=$1 folder="$home/$1" stamp
  shift
  stamp=$(cat .ci/libraries.sh "$@" | cksum)
  if [ "$(cat "$folder/provisioned" 2>/dev/null)" = "$stamp" ]; then
    return
  fi
  rm -rf "$folder"
  mkdir "$folder"
  "provision_$name" "$folder"
  echo "$stamp" > "$folder/provisioned"
}

provision_node() {
  command -v npm >/dev/null || install nodejs npm
  node --eval 'if (parseInt(process.versions.node) < 20) throw new Error("openid-client needs Node 20 or newer")'
  cp tests/interop/node/package.json tests/interop/node/package-lock.json "$1"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --silent
  # The scripts find their packages beside the folder they are run from.
  ln -s ../../../tests/interop/node "$1/scripts"
}

provision_python() {
  python3 -c 'import ensurepip' 2>/dev/null || install python3 python3-venv
  python3 -m venv "$1/venv"
  "$1/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --requirement tests/interop/python/requirements.txt
}

provision_spring() {
  command -v javac >/dev/null || install openjdk-17-jdk-headless
  command -v mvn >/dev/null || install maven
  mvn -B -q -Dstyle.color=never -f tests/interop/spring/pom.xml \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$PWD/$1/jars"
}

provide node tests/interop/node/package.json tests/interop/node/package-lock.json
provide python tests/interop/python/requirements.txt
provide spring tests/interop/spring/pom.xml

#!/usr/bin/env bash
# Lays a Keycloak ready for tests/interop in target/keycloak: fetched, built once, its database made
# with one administrator. Needs Java 17 and Maven; does nothing when it is there already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=26.7.3
home=target/keycloak
stamp=$(cksum < .ci/keycloak.sh)

mkdir -p target
exec 9> target/keycloak.lock
flock 9
if [ "$(cat "$home/provisioned" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi

install() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
command -v java >/dev/null || install openjdk-17-jre-headless
command -v mvn >/dev/null || install maven
command -v unzip >/dev/null || install unzip

scratch=$(mktemp -d target/keycloak.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
# In a folder without a pom.xml. It is fetched once: Maven keeps it in its local repository.
(cd "$scratch" && mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -Dartifact="org.keycloak:keycloak-quarkus-dist:$version:zip" -DoutputDirectory=.)
unzip -q "$scratch/keycloak-quarkus-dist-$version.zip" -d "$scratch"
rm -rf "$home"
mv "$scratch/keycloak-$version" "$home"

"$home/bin/kc.sh" build --db=dev-file > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
# Makes the schema and the master realm; every test run starts from a copy.
ADMIN_PASSWORD=admin "$home/bin/kc.sh" bootstrap-admin user --optimized --username admin \
  --password:env ADMIN_PASSWORD > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
echo "$stamp" > "$home/provisioned"

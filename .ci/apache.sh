#!/usr/bin/env bash
# Installs Apache and mod_auth_openidc for tests/interop, by Debian's packages, without a service:
# the tests run an instance of their own. Does nothing when they are there already.
set -euo pipefail

missing=()
for package in apache2-bin libapache2-mod-auth-openidc; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

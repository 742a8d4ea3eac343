#!/usr/bin/env bash
# Installs libfaketime for tests/interop, by Debian's package: the data of an earlier version is only
# valid at its own time. Does nothing when it is there already.
set -euo pipefail

dpkg-query -W -f='${Status}' libfaketime 2>/dev/null | grep -q 'ok installed' && exit
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libfaketime

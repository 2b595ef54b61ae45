#!/usr/bin/env bash
# Sees that there is Debian's Chromium for the tests of the page, and installs it where that may be done here. Fails with
# one line that says why there is none.
set -uo pipefail

[ -x /usr/bin/chromium ] && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || {
  echo '/usr/bin/chromium is not here, and this user cannot install it' >&2
  exit 1
}
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1
[ -x /usr/bin/chromium ] || {
  echo '/usr/bin/chromium is not here, and apt-get install chromium fails' >&2
  exit 1
}

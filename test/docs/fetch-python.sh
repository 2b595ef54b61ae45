#!/usr/bin/env bash
# Prints a folder for PYTHONPATH that has the packages of the documentation's Python examples: made once under the
# cache folder, for this python3 and these releases. Fails when they cannot be had.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
release=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
digest=$(cksum <"$here/python-packages.txt" | cut -d ' ' -f 1)
folder="${XDG_CACHE_HOME:-$HOME/.cache}/radish-test/python-$release-$digest"
if [ ! -d "$folder" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  python3 -m pip install --quiet --target "$work/packages" --requirement "$here/python-packages.txt" >&2
  mkdir -p "$(dirname "$folder")"
  mv "$work/packages" "$folder"
fi
echo "$folder"

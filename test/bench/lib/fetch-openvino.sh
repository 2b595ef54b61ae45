#!/usr/bin/env bash
# Prints the path of a Python that has OpenVINO GenAI, installed once under the cache folder from PyPI.
set -euo pipefail
version=2026.4.1.0
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radish-bench"
folder="$cache/openvino-genai-$version"
if [ ! -e "$folder" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/openvino-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  {
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet "openvino-genai==$version"
    mv "$work/venv" "$folder"
  } >&2
fi
echo "$folder/bin/python"

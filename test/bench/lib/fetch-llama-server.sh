#!/usr/bin/env bash
# Prints the path of a llama-server built once, for this CPU, under the cache folder: from the sources of llama.cpp
# that the PyPI package llama-cpp-python carries. llama-quantize and llama-perplexity are built beside it. Needs a C++
# compiler, CMake and ten minutes on two cores.
# With --avx2 it is built for AVX2 alone, for a machine whose emulator or hypervisor hides the rest.
set -euo pipefail
version=0.3.36
cache="${XDG_CACHE_HOME:-$HOME/.cache}/radish-bench"
flags=(-DGGML_NATIVE=ON)
folder="$cache/llama-server-$version"
if [ "${1:-}" = --avx2 ]; then
  flags=(-DGGML_NATIVE=OFF -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_BMI2=ON -DGGML_FMA=ON -DGGML_F16C=ON)
  folder="$folder-avx2"
fi
tools=(llama-server llama-quantize llama-perplexity)
if [ ! -x "$folder/bin/${tools[-1]}" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  {
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" download --quiet --no-deps --no-binary :all: -d "$work" "llama-cpp-python==$version"
    tar -xzf "$work"/llama_cpp_python-*.tar.gz -C "$work"
    cmake -S "$work"/llama_cpp_python-*/vendor/llama.cpp -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
      -DBUILD_SHARED_LIBS=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF "${flags[@]}"
    cmake --build "$work/build" --target "${tools[@]}" -j "$(nproc)"
    mkdir -p "$folder/bin"
    for tool in "${tools[@]}"; do mv "$work/build/bin/$tool" "$folder/bin/$tool"; done
  } >&2
fi
echo "$folder/bin/llama-server"

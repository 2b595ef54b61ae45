#!/usr/bin/env bash
# Packs all that card.sh needs on a machine with a GPU that has no network, no Node and perhaps no CUDA libraries.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin # ldconfig

usage() {
  cat >&2 <<'TEXT'
Usage: test/gpu/pack.sh FOLDER [--model FOLDER] [--no-cuda] [--no-cuda-libraries] [--fast]
  --model FOLDER         a checkpoint to serve there; else the built-in model
  --no-cuda              without onnxruntime's CUDA provider
  --no-cuda-libraries    without NVIDIA's: the machine has those of CUDA 13 (a toolkit, or PyTorch's)
  --fast                 parts that are larger, in a fraction of the minutes
Needs `npm run build`, npm, python3 with pip, and xz. Linux x64. Parts have 60 MiB at most.
TEXT
  exit 2
}

[ $# -ge 1 ] || usage
target=$1
shift
model=''
cuda=yes
libraries=yes
level=6
while [ $# -gt 0 ]; do
  case $1 in
    --model) model=${2:?}; shift ;;
    --no-cuda) cuda=no; libraries=no ;;
    --no-cuda-libraries) libraries=no ;;
    --fast) level=1 ;;
    *) usage ;;
  esac
  shift
done
case $target in -*) usage ;; esac

root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$target"
target=$(cd "$target" && pwd)
[ -z "$model" ] || model=$(cd "$model" && pwd)
[ -f "$root/dist/test/gpu/card.js" ] || { echo 'Not built: run npm run build first.' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/radish
mkdir -p "$stage/lib"

wheel() { # name==version, folder
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$work/wheels" "${@:3}" "$1" >&2
  mkdir -p "$2"
  for file in "$work"/wheels/*.whl; do python3 -m zipfile -e "$file" "$2"; done
  rm -rf "$work/wheels"
}

# Node, the server with what it imports, and the stages.
release=$(node -p process.versions.node)
binary=$(bash "$root/test/nodes/fetch-node.sh" "$release" 2>/dev/null) || binary=$(node -p process.execPath)
cp -L "$binary" "$stage/node"
app=$stage/app
mkdir -p "$app/dist/test/e2e"
cp -r "$root/package.json" "$root/config" "$root/bin" "$app/"
cp -r "$root/dist/src" "$root/dist/workers" "$app/dist/"
cp -r "$root/dist/test/gpu" "$app/dist/test/"
cp "$root/dist/test/e2e/radish-process.js" "$app/dist/test/e2e/"
find "$app/dist" \( -name '*.map' -o -name '*.d.ts' \) -delete
cd "$root"
npm ls --omit=dev --all --parseable | sed -n "s#^$root/##p" | sort -u | while read -r package; do
  mkdir -p "$app/$(dirname "$package")"
  [ -e "$app/$package" ] || cp -r "$package" "$app/$package"
done
(cd "$app" && node bin/prune.js)

native=$(echo "$app"/node_modules/onnxruntime-node/bin/napi-v*/linux/x64)
if [ "$cuda" = yes ]; then
  version=$(node -p "require('onnxruntime-node/package.json').version")
  wheel "onnxruntime-gpu==$version" "$work/ort" --python-version 3.12 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64
  cp "$work"/ort/onnxruntime/capi/libonnxruntime_providers_{cuda,shared}.so "$native/"
fi

# A loader of Vulkan, and what NVIDIA's driver wants beside it, for a machine without.
for name in libvulkan.so.1 libX11.so.6 libXext.so.6 libxcb.so.1 libXau.so.6 libXdmcp.so.6 libbsd.so.0 libmd.so.0; do
  path=$(ldconfig -p | awk -v name="$name" '$1 == name && /x86-64/ { print $NF; exit }')
  if [ -n "$path" ]; then
    mkdir -p "$stage/vulkan"
    cp -L "$path" "$stage/vulkan/$name"
  fi
done

pack() { # name, paths below radish/
  rm -f "$target/$1".tar.xz.*
  tar -C "$work" -cf - "${@:2}" | xz -T0 "-$level" | split -b 60M - "$target/$1.tar.xz."
  du -ch "$target/$1".tar.xz.* | sed "s#$target/##"
}

rm -f "$target"/{app,cuda,model}.tar.xz.*
paths=(radish/node radish/app)
[ ! -d "$stage/vulkan" ] || paths+=(radish/vulkan)
pack app "${paths[@]}"

if [ "$libraries" = yes ]; then
  # The oldest of CUDA 13: a newer driver takes them, an older one need not take newer ones.
  for package in 'nvidia-cuda-runtime~=13.0.0' 'nvidia-cublas~=13.0.0' 'nvidia-curand~=10.4.0'; do
    wheel "$package" "$work/nvidia"
  done
  needed=$(readelf -d "$native/libonnxruntime_providers_cuda.so" | sed -n 's/.*NEEDED.*\[\(libcu.*\)\]/\1/p')
  for name in $needed; do
    [ "$name" != libcuda.so.1 ] || continue # the driver's
    path=$(find "$work/nvidia" -name "$name" | head -n 1)
    [ -n "$path" ] || { echo "No package has $name, which the CUDA provider needs." >&2; exit 1; }
    cp "$path" "$stage/lib/"
  done
  pack cuda radish/lib
fi

if [ -n "$model" ]; then
  mkdir "$stage/model"
  cp -rL "$model"/. "$stage/model/"
  pack model radish/model
fi

cp "$root/test/gpu/card.sh" "$target/"
cat >"$target/README" <<'TEXT'
On the machine with the card, in this folder: `bash card.sh .` unpacks the parts and runs everything, within ten minutes.
By hand: `cat app.tar.xz.* | tar xJ`, then the same for `cuda` and `model`; the server is `radish/node radish/app/bin/radish.js`.
Node needs glibc 2.28. CUDA needs a driver for CUDA 13 (580 or newer).
TEXT
du -sh "$target"

#!/usr/bin/env bash
# Runs on the machine with the card: unpacks what pack.sh made, then tries each device within ten minutes. What fails is
# a line of the table at the end. `bash card.sh FOLDER [flags of dist/test/gpu/card.js]`; results go to $OUT, else
# FOLDER/out. Without parts, FOLDER is a checkout that is built.
set -uo pipefail
PATH=$PATH:/usr/sbin:/sbin # ldconfig
here=$(cd "${1:?a folder with the parts that pack.sh made, or a built checkout}" && pwd) || exit 2
shift
out=${OUT:-$here/out}
mkdir -p "$out"

unpack() {
  if command -v xz >/dev/null; then
    tar -C "$here" -xJf -
  else
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer, 1 << 20)' |
      tar -C "$here" -xf -
  fi
}

for archive in app cuda model; do
  done_file=$here/radish/.$archive
  if [ -e "$here/$archive.tar.xz.aa" ] && [ ! -e "$done_file" ]; then
    echo "Unpacking $archive"
    cat "$here/$archive".tar.xz.* | unpack || { echo "$archive could not be unpacked" >&2; exit 1; }
    touch "$done_file"
  fi
done

app=$here
node=$(command -v node || true)
model=()
if [ -d "$here/radish/app" ]; then
  app=$here/radish/app
  node=$here/radish/node
  [ ! -d "$here/radish/model" ] || model=(--model "$here/radish/model")
fi
"$node" --version >/dev/null || { echo 'Node does not run here: it needs glibc 2.28.' >&2; exit 1; }

# The CUDA libraries: the pack's, else the system's, else a toolkit's, else those that PyTorch brought.
add() { [ ! -d "$1" ] || export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$1"; }
if [ -e "$here/radish/lib/libcublasLt.so.13" ]; then
  add "$here/radish/lib"
else
  for folder in /usr/local/cuda*/lib64 /usr/local/cuda*/targets/x86_64-linux/lib; do add "$folder"; done
  while read -r folder; do add "$folder"; done < <(
    python3 -c 'import glob, sys
for path in sys.path:
    print(*sorted(glob.glob(path + "/nvidia/*/lib")), sep="\n")' 2>/dev/null
  )
fi
# Where the driver's own libraries are not known to the loader.
add /usr/local/nvidia/lib64

# The pack's Vulkan loader stands behind the system's.
ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' || add "$here/radish/vulkan"
if ! ls /etc/vulkan/icd.d/*.json /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 && [ -z "${VK_DRIVER_FILES:-}" ]; then
  driver=$(find /usr/local /opt -name 'nvidia_icd*.json' 2>/dev/null | head -n 1)
  [ -z "$driver" ] || export VK_DRIVER_FILES=$driver
fi

{
  uname -sr
  nvidia-smi --query-gpu=name,memory.total,driver_version,compute_cap --format=csv,noheader 2>&1 | head -n 4
  echo "Node $("$node" --version), $(nproc) cores"
  echo "LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}"
  echo "VK_DRIVER_FILES=${VK_DRIVER_FILES:-}"
} | tee "$out/machine.txt"

cd "$app" || exit 1
timeout --kill-after=10 600 "$node" dist/test/gpu/card.js --out "$out" ${model[@]+"${model[@]}"} "$@"

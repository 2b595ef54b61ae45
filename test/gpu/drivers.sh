#!/usr/bin/env bash
# Says whether this machine has a Vulkan driver for tests of `--device webgpu`, and what to install where it has none.
# Installs nothing. Exit code 0: a driver is there; 1: not.
# No `grep -q`: it ends before what writes to it, which pipefail takes for a failure.
set -uo pipefail
PATH=$PATH:/usr/sbin:/sbin # ldconfig

# Mesa's software driver below 23 (Debian 12's own) is refused by the WebGPU implementation.
readonly OLDEST_MESA=23

loader() { ldconfig -p 2>/dev/null | grep 'libvulkan\.so\.1' >/dev/null; }

drivers() {
  if [ -n "${VK_DRIVER_FILES:-}" ]; then
    tr ':' '\n' <<<"$VK_DRIVER_FILES"
    return
  fi
  local folder
  for folder in /etc/vulkan/icd.d /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d "$HOME/.local/share/vulkan/icd.d"; do
    find "$folder" -name '*.json' 2>/dev/null
  done
}

# Empty where the packages do not tell.
mesa_release() {
  dpkg-query --showformat='${Version}' --show mesa-vulkan-drivers 2>/dev/null ||
    rpm --query --queryformat='%{VERSION}' mesa-vulkan-drivers 2>/dev/null | grep -E '^[0-9]'
}

works() {
  loader && [ -n "$(drivers)" ] || return 1
  local mesa
  mesa=$(mesa_release)
  mesa=${mesa%%.*}
  # A card's own driver does not need Mesa.
  drivers | grep 'lvp_icd' >/dev/null || return 0
  [ -z "$mesa" ] || [ "$mesa" -ge "$OLDEST_MESA" ]
}

if works; then
  echo "Vulkan drivers:"
  drivers | sed 's/^/  /'
  exit 0
fi

# shellcheck source=/dev/null
release=$(. /etc/os-release 2>/dev/null && echo "${ID:-unknown}-${VERSION_ID:-}")
echo "No Vulkan driver that works was found. The software driver of Mesa, for $release:"
case "$release" in
  debian-12)
    cat <<'TEXT'
  # Its own Mesa 22 is too old. MIRROR is the address that the other lines of /etc/apt have.
  echo 'deb MIRROR bookworm-backports main' > /etc/apt/sources.list.d/backports.list
  apt-get update
  # libdrm2 must be 2.4.121 or newer, which backports has too.
  apt-get install -y -t bookworm-backports mesa-vulkan-drivers libvulkan1 libdrm2
TEXT
    ;;
  debian-* | ubuntu-2[4-9]*)
    echo "  apt-get install -y mesa-vulkan-drivers libvulkan1"
    ;;
  fedora-*)
    echo "  dnf install -y mesa-vulkan-drivers vulkan-loader"
    ;;
  *)
    echo "  the packages of Mesa $OLDEST_MESA or newer with lavapipe, and of the Vulkan loader"
    ;;
esac
cat <<'TEXT'
A second adapter, for tests of choosing one (Debian; it has no f16, so no model is served on it):
  apt-get install -y chromium-common
  export VK_ADD_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json
Keep ~/.cache/mesa_shader_cache_db between runs: a first prefill takes most of a minute without it.
TEXT
exit 1

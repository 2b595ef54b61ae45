import { drmName, type DrmCard } from './drm.js';
import type { Access, Host } from './host.js';
import type { NvidiaCard, NvidiaHost } from './nvidia.js';
import { idOf, NVIDIA } from './pci.js';
import type { VulkanDriver, VulkanHost } from './vulkan.js';

/** A card as WebGPU would use it, through Vulkan. */
export interface GpuCard {
  readonly name: string;
  readonly pciSlot: string | null;
  readonly vendorId: number | null;
  readonly deviceId: number | null;
  readonly memoryBytes: number | null;
  /** Vulkan's drivers that speak for it. */
  readonly drivers: readonly VulkanDriver[];
  /** A clause why WebGPU cannot use it; null = it can. */
  readonly hindrance: string | null;
}

export interface GpuParts {
  readonly nvidia: NvidiaHost;
  /** Of NVIDIA's control device. */
  readonly nvidiaAccess: Access;
  readonly drm: readonly DrmCard[];
  readonly vulkan: VulkanHost;
}

/** Drivers of the kernel, and the beginnings of the names of the manifests for their cards. */
const MANIFESTS: Readonly<Record<string, readonly string[]>> = {
  amdgpu: ['radeon', 'amd'],
  radeon: ['radeon'],
  i915: ['intel'],
  xe: ['intel'],
  nvidia: ['nvidia'],
  nouveau: ['nouveau'],
  virtio_gpu: ['virtio', 'gfxstream'],
  'virtio-pci': ['virtio', 'gfxstream'],
  vmwgfx: [],
  asahi: ['asahi'],
  msm: ['freedreno'],
  panfrost: ['panfrost'],
  panthor: ['panfrost'],
  v3d: ['broadcom'],
};
/** Drivers of the kernel's own, without a card. */
const CARDLESS: ReadonlySet<string | null> = new Set(['vgem', 'vkms']);

/** Every card that can compute, by its slot, as NVIDIA's tools count. */
export function gpuCards(parts: GpuParts, host: Host): readonly GpuCard[] {
  const { nvidia, drm } = parts;
  const shown = drm
    .filter(({ render, driver }) => render !== null || driver === 'nvidia')
    .filter(({ driver }) => !CARDLESS.has(driver))
    .map((card) => shownCard(card, parts));
  const slots = new Set(shown.map(({ pciSlot }) => pciSlot));
  // Servers without a screen may run NVIDIA's driver without its DRM part.
  const hidden = nvidia.cards
    .filter(({ pciSlot }) => pciSlot !== null && !slots.has(pciSlot))
    .map((card) => hiddenCard(card, parts, host));
  return [...shown, ...hidden].sort((a, b) => (slotKey(a) < slotKey(b) ? -1 : 1));
}

function slotKey({ pciSlot }: GpuCard): string {
  return pciSlot ?? 'none';
}

function shownCard(card: DrmCard, parts: GpuParts): GpuCard {
  const { pciSlot, vendorId, deviceId, driver, vramBytes } = card;
  const known = parts.nvidia.cards.find((one) => one.pciSlot !== null && one.pciSlot === pciSlot);
  const drivers = driversFor(driver, parts.vulkan);
  return {
    name: known?.name ?? drmName(card),
    pciSlot,
    vendorId,
    deviceId,
    memoryBytes: known?.memoryBytes ?? vramBytes,
    drivers,
    hindrance: accessHindrance(card, parts.nvidiaAccess) ?? driverHindrance(drivers, parts.vulkan),
  };
}

function hiddenCard(
  { name, pciSlot, memoryBytes }: NvidiaCard,
  parts: GpuParts,
  host: Host,
): GpuCard {
  const drivers = driversFor('nvidia', parts.vulkan);
  return {
    name,
    pciSlot,
    vendorId: NVIDIA,
    deviceId: idOf(host.read(`/sys/bus/pci/devices/${pciSlot ?? ''}/device`)),
    memoryBytes,
    drivers,
    hindrance: nvidiaHindrance(parts.nvidiaAccess) ?? driverHindrance(drivers, parts.vulkan),
  };
}

/** A kernel driver that nobody here knows may be spoken for by any. */
function driversFor(kernelDriver: string | null, { drivers }: VulkanHost): readonly VulkanDriver[] {
  const names = MANIFESTS[kernelDriver ?? ''] ?? [''];
  return drivers.filter(
    ({ name, isSoftware, hasLibrary }) =>
      !isSoftware && hasLibrary !== false && names.some((one) => name.startsWith(one)),
  );
}

function driverHindrance(
  drivers: readonly VulkanDriver[],
  { hasLoader }: VulkanHost,
): string | null {
  if (hasLoader === false) return "Vulkan's loader, libvulkan.so.1, is not installed";
  return drivers.length === 0 ? 'no Vulkan driver for it is installed' : null;
}

function accessHindrance({ driver, render }: DrmCard, nvidiaAccess: Access): string | null {
  if (driver === 'nvidia') return nvidiaHindrance(nvidiaAccess);
  if (render === null || render.access === 'open') return null;
  return render.access === 'denied'
    ? `${render.path} may not be opened: this user must be in its group, render as a rule`
    : `${render.path} is not there: a container must be given it`;
}

/** A clause why nothing reaches NVIDIA's cards, or null. */
export function nvidiaHindrance(access: Access): string | null {
  if (access === 'open') return null;
  return access === 'denied'
    ? '/dev/nvidiactl may not be opened by this user'
    : '/dev/nvidiactl is not there: a container must be started with its GPUs';
}

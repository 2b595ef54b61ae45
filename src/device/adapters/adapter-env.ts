import type { GpuCard } from './gpu-cards.js';
import { hex } from './pci.js';
import type { VulkanDriver, VulkanHost } from './vulkan.js';

/** Variables of a process that must be so before its first session; null = not set. */
export type AdapterEnv = Readonly<Record<string, string | null>>;

export interface Choosable {
  readonly gpus: readonly GpuCard[];
  readonly vulkan: VulkanHost;
}

/**
 * The environment in which WebGPU takes `card`: ONNX Runtime takes no adapter by name, so Vulkan shows it one alone,
 * or that one first.
 *
 * Its drivers alone are loaded, which leaves out software and other makers. Among several cards of these drivers,
 * Mesa's device-select layer shows one by its ids, or one of identical ones by its slot; it comes with Mesa and works
 * for any driver. Without it the loader can put one first by its ids. Null where nothing tells the card from another.
 *
 * Tried with ONNX Runtime 1.30.0, Mesa 25.0.7, loader 1.3.239, llvmpipe and SwiftShader: all of these but the slot.
 */
export function adapterEnv(card: GpuCard, { gpus, vulkan }: Choosable): AdapterEnv | null {
  const only = driversEnv(card.drivers);
  const rivals = gpus.filter(
    (other) => other !== card && other.drivers.some((driver) => card.drivers.includes(driver)),
  );
  if (rivals.length === 0) return only;
  const selection = rivals.every((other) => idsOf(other) !== idsOf(card))
    ? selectionByIds(card, vulkan)
    : selectionBySlot(card, vulkan);
  return selection === null ? null : { ...only, ...selection };
}

/** The environment in which no other drivers are there. The loader hears the older name where it knows no newer one. */
export function driversEnv(drivers: readonly VulkanDriver[]): AdapterEnv {
  const files = drivers.map(({ file }) => file).join(':');
  return { VK_DRIVER_FILES: files, VK_ICD_FILENAMES: files, VK_ADD_DRIVER_FILES: null };
}

function idsOf({ vendorId, deviceId }: GpuCard): string {
  return `${vendorId ?? ''}:${deviceId ?? ''}`;
}

function selectionByIds(
  { vendorId, deviceId }: GpuCard,
  { hasSelectLayer }: VulkanHost,
): AdapterEnv | null {
  if (vendorId === null || deviceId === null) return null;
  if (!hasSelectLayer) return { VK_LOADER_DEVICE_SELECT: `${hex(vendorId)}:${hex(deviceId)}` };
  const ids = [vendorId, deviceId].map((id) => id.toString(16)).join(':');
  // The mark at its end hides the others.
  return { MESA_VK_DEVICE_SELECT: `${ids}!`, NODEVICE_SELECT: null };
}

/** The ids would win over the slot. */
function selectionBySlot({ pciSlot }: GpuCard, { hasSelectLayer }: VulkanHost): AdapterEnv | null {
  if (!hasSelectLayer || pciSlot === null) return null;
  const tag = `pci-${pciSlot.replaceAll(/[:.]/g, '_')}`;
  return { DRI_PRIME: tag, MESA_VK_DEVICE_SELECT: null, NODEVICE_SELECT: null };
}

/** An environment in which WebGPU takes the adapter. */
export function withAdapter(
  env: Readonly<Record<string, string | undefined>>,
  adapter: AdapterEnv,
): Record<string, string | undefined> {
  const changed = { ...env };
  for (const [name, value] of Object.entries(adapter)) changed[name] = value ?? undefined;
  return changed;
}

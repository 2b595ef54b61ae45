/** Makers of GPUs by PCI vendor, and of what only looks like one. */
const VENDORS: Readonly<Record<number, string>> = {
  0x1002: 'AMD',
  0x102b: 'Matrox',
  0x106b: 'Apple',
  0x1234: 'QEMU',
  0x1414: 'Microsoft',
  0x15ad: 'VMware',
  0x1a03: 'ASPEED',
  0x1af4: 'virtio',
  0x1b36: 'Red Hat',
  0x10de: 'NVIDIA',
  0x5143: 'Qualcomm',
  0x8086: 'Intel',
};

export const NVIDIA = 0x10de;

/** `AMD`, or the number where nobody here knows it. */
export function vendorName(vendorId: number): string {
  return VENDORS[vendorId] ?? hex(vendorId);
}

/** `0x744c` */
export function hex(id: number): string {
  return `0x${id.toString(16).padStart(4, '0')}`;
}

/** `00000000:3B:00.0`, as NVIDIA's tools write a slot, to the kernel's `0000:3b:00.0`; null for what is no slot. */
export function pciSlotOf(text: string): string | null {
  const parts = /^(?:([\da-f]+):)?([\da-f]{2}):([\da-f]{2})\.([\da-f])$/i.exec(text.trim());
  if (parts === null) return null;
  const [, domain = '0', bus = '', device = '', fn = ''] = parts;
  const short = parseInt(domain, 16).toString(16).padStart(4, '0');
  return `${short}:${bus}:${device}.${fn}`.toLowerCase();
}

/** A number of sysfs, `0x1002`; null for none. */
export function idOf(text: string | null): number | null {
  const id = text === null ? NaN : Number(text);
  return Number.isInteger(id) ? id : null;
}

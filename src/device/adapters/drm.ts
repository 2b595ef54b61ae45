import { basename } from 'node:path';

import type { Access, Host } from './host.js';
import { hex, idOf, pciSlotOf, vendorName } from './pci.js';

/** A graphics card as the kernel's DRM shows it. */
export interface DrmCard {
  /** `0000:0b:00.0`; null for what is part of a chip. */
  readonly pciSlot: string | null;
  readonly vendorId: number | null;
  readonly deviceId: number | null;
  /** Of the kernel: `amdgpu`. */
  readonly driver: string | null;
  /** Null where the driver does not say; only amdgpu does. */
  readonly vramBytes: number | null;
  /** What programs compute through; null = the card cannot, as those of server boards that only show a console. */
  readonly render: RenderNode | null;
}

export interface RenderNode {
  /** `/dev/dri/renderD128` */
  readonly path: string;
  readonly access: Access;
}

const CLASS = '/sys/class/drm';

/** All cards, in the kernel's order. Its outputs (`card0-DP-1`) are none. */
export function findDrmCards(host: Host): readonly DrmCard[] {
  const names = host.list(CLASS);
  const nodes = names.filter((name) => /^renderD\d+$/.test(name));
  const renderOf = (device: string): RenderNode | null => {
    const node = nodes.find((name) => host.realPath(`${CLASS}/${name}/device`) === device);
    if (node === undefined) return null;
    const path = `/dev/dri/${node}`;
    return { path, access: host.access(path) };
  };
  return names
    .filter((name) => /^card\d+$/.test(name))
    .map((name) => host.realPath(`${CLASS}/${name}/device`))
    .filter((device) => device !== null)
    .map((device) => cardAt(device, host, renderOf(device)));
}

function cardAt(device: string, host: Host, render: RenderNode | null): DrmCard {
  const driver = host.realPath(`${device}/driver`);
  return {
    // A virtio device stands below its slot.
    pciSlot:
      device
        .split('/')
        .map(pciSlotOf)
        .findLast((slot) => slot !== null) ?? null,
    vendorId: idOf(host.read(`${device}/vendor`)),
    deviceId: idOf(host.read(`${device}/device`)),
    driver: driver === null ? null : basename(driver),
    vramBytes: idOf(host.read(`${device}/mem_info_vram_total`)),
    render,
  };
}

/** `AMD 0x744c` */
export function drmName({ vendorId, deviceId, driver }: DrmCard): string {
  if (vendorId === null) return driver ?? 'a card';
  return deviceId === null ? vendorName(vendorId) : `${vendorName(vendorId)} ${hex(deviceId)}`;
}

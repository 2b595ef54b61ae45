/** What a device computes with, as `--device` names it. */
export const DEVICE_KINDS = ['cpu', 'cuda', 'webgpu'] as const;

export type DeviceKind = (typeof DEVICE_KINDS)[number];

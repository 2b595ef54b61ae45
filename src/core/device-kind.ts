/** What a device computes on: `--device`. */
export const DEVICE_KINDS = ['cpu', 'cuda', 'webgpu'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

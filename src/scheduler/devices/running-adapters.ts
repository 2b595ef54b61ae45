import { BASE_MODEL, type LoraId } from '../../core/lora.js';
import type { DeviceLink } from './link.js';

/** The LoRA adapters that requests in slots of the device have. */
export function runningAdapters({ seats }: Pick<DeviceLink, 'seats'>): ReadonlySet<LoraId> {
  const ids = [...seats].map(({ req }) => req.input.adapter ?? BASE_MODEL);
  return new Set(ids.filter((id) => id !== BASE_MODEL));
}

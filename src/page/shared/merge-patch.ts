import type { MergePatch, MergeValue } from '../../api/ws/watch/types.js';

/** What a patch makes of a value (RFC 7396). What it does not name is the same object as before. */
export function patched(value: unknown, patch: MergePatch): unknown {
  const result: Record<string, unknown> = isPlain(value) ? { ...value } : {};
  for (const [name, change] of Object.entries(patch)) {
    // A name is a key and nothing more, whatever the server calls it.
    if (change === null || name === '__proto__') Reflect.deleteProperty(result, name);
    else result[name] = isPatch(change) ? patched(result[name], change) : change;
  }
  return result;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPatch(value: MergeValue): value is MergePatch {
  return isPlain(value);
}

import type { ConfigFields } from './config-fields.js';

/**
 * By layer, the one whose keys and values it reads, undefined where it has its own: the last `num_kv_shared_layers` read
 * those of the last layer before them that has the same window.
 */
export function kvSources(
  fields: ConfigFields,
  windows: readonly (number | null)[],
  fallback: number,
): readonly (number | undefined)[] {
  const field = 'num_kv_shared_layers';
  const first = windows.length - fields.count(field, fallback);
  if (first <= 0) return windows.map(() => undefined);
  const own = windows.slice(0, first);
  return windows.map((window, layer) => {
    if (layer < first) return undefined;
    const source = own.lastIndexOf(window);
    if (source >= 0) return source;
    return fields.fail(field, 'so few that the layers before them have each kind of attention');
  });
}

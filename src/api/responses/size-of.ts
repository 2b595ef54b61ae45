import { LazyRows } from '../../http/large-json.js';

/** Bytes of an object, a list or a field beside what is in it: what V8 takes, roughly. */
const PER_VALUE = 16;
/** Of a log-probability that is not written yet. */
const PER_LAZY_VALUE = 16;

/** About how many bytes of memory a JSON value takes. Texts count two bytes a unit: the most they take. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return PER_VALUE + 2 * value.length;
  if (value instanceof LazyRows) return PER_VALUE + PER_LAZY_VALUE * value.numValues;
  if (typeof value !== 'object' || value === null) return PER_VALUE;
  let bytes = PER_VALUE;
  for (const [key, one] of Object.entries(value)) bytes += PER_VALUE + key.length + sizeOf(one);
  return bytes;
}

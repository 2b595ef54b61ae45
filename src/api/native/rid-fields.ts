import { refuse } from '../../core/errors.js';
import { isStrings } from '../../http/field-reader.js';
import type { BatchShape } from './logprob-fields.js';

export const MAX_RID_LENGTH = 1024;

/**
 * One rid per sample, by prompt. A string names a batch as `rid_0`, `rid_1`, …; samples of one prompt get
 * fresh ones, which still start with the given one, so that aborting by it reaches them all.
 * @throws RequestError
 */
export function resolveRids(
  rid: unknown,
  shape: BatchShape,
  freshId: () => string,
): readonly (readonly string[])[] {
  const fresh = (): string => freshId().replaceAll('-', '');
  const bases = baseRids(rid, shape);
  const duplicate = bases.find((base, i) => base !== null && bases.indexOf(base) !== i);
  if (typeof duplicate === 'string') {
    refuse(`Duplicate request IDs detected within the request: ['${duplicate}']`);
  }
  return bases.map((base) => {
    if (shape.n === 1) return [base ?? fresh()];
    const prefix = base === null ? '' : `${base}_`;
    return Array.from({ length: shape.n }, () => prefix + fresh());
  });
}

function baseRids(rid: unknown, { numPrompts, isBatch }: BatchShape): readonly (string | null)[] {
  if (rid === null || rid === '') return Array.from({ length: numPrompts }, () => null);
  if (typeof rid === 'string') {
    checkLength(rid);
    if (!isBatch) return [rid];
    return Array.from({ length: numPrompts }, (_, i) => `${rid}_${i}`);
  }
  if (!isStrings(rid)) return refuse('The rid should be a string or a list of strings.');
  if (!isBatch || rid.length !== numPrompts) {
    refuse('The specified rids length mismatch with the batch_size for batch processing.');
  }
  rid.forEach(checkLength);
  return rid;
}

function checkLength(rid: string): void {
  if (rid.length > MAX_RID_LENGTH) refuse(`A rid may have at most ${MAX_RID_LENGTH} characters.`);
}

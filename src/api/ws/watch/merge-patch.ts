/** JSON merge patches (RFC 7396) between states that have no null in them. For browsers too. */
import type { MergePatch, MergeValue } from './types.js';

/** Objects whose fields may be left out; neither they nor their lists are changed once they are made. */
type State = object;

/** What makes `after` of `before`; null = they are the same. What is one and the same object is not looked into. */
export function patchBetween(before: State, after: State): MergePatch | null {
  if (before === after) return null;
  let patch: Record<string, MergeValue> | null = null;
  const old = before as Readonly<Record<string, unknown>>;
  const now = after as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(now)) {
    const news = now[key] === undefined ? null : newsOf(old[key], now[key]);
    if (news !== null) (patch ??= {})[key] = news;
  }
  for (const key of Object.keys(old)) {
    if (old[key] !== undefined && now[key] === undefined) (patch ??= {})[key] = null;
  }
  return patch;
}

/** Null = nothing new. */
function newsOf(before: unknown, after: unknown): MergeValue {
  if (before === after) return null;
  if (isPlain(before) && isPlain(after)) return patchBetween(before, after);
  if (Array.isArray(before) && Array.isArray(after) && hasSameItems(before, after)) return null;
  return after as MergeValue;
}

/** Objects in lists are the same when they are one. */
function hasSameItems(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && before.every((item, i) => item === after[i]);
}

/** The state that follows `before`, which is left as it was: what is not in the patch is shared with it. */
export function patched<T extends State>(before: T, patch: MergePatch): T {
  const after = { ...before } as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- RFC 7396 removes keys
      delete after[key];
    } else {
      after[key] = isPlain(value) ? patched(isPlain(after[key]) ? after[key] : {}, value) : value;
    }
  }
  return after as T;
}

function isPlain(value: unknown): value is MergePatch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

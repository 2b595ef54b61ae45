import type { DeviceKind } from './device-kind.js';

/** What a device's probe has found out about it. A plain value. */
export interface DeviceFacts {
  readonly kind: DeviceKind;
  readonly determinism: Determinism;
}

/** Whether a token's numbers are the same to the last bit, whatever else happens. */
export interface Determinism {
  /** The same run twice. */
  readonly repeats: boolean;
  /** A prompt in one run, or cut into several. */
  readonly chunks: boolean;
  /** A decode row alone, or beside others. */
  readonly batches: boolean;
}

/** What the CPU's kernels keep, and the tests of this project with them. */
export const FULLY_DETERMINISTIC: Determinism = { repeats: true, chunks: true, batches: true };

const NAMES: Readonly<Record<keyof Determinism, string>> = {
  repeats: 'repeated runs',
  chunks: 'prompts in parts',
  batches: 'rows beside others',
};

/** Names of what keeps its bits and of what does not. */
export function determinismNames(determinism: Determinism): {
  readonly kept: readonly string[];
  readonly lost: readonly string[];
} {
  const keys = Object.keys(NAMES) as (keyof Determinism)[];
  const names = (isKept: boolean): string[] =>
    keys.filter((key) => determinism[key] === isKept).map((key) => NAMES[key]);
  return { kept: names(true), lost: names(false) };
}

import { deflateSync, inflateSync } from 'node:zlib';

/** How often a packed text may unfold: no text of a model's gets near it, and a body of zeros must not fill memory. */
export const MAX_RATIO = 8;
/** Bytes that any packed text may unfold to. */
const MIN_UNFOLDED = 4096;

/** A thought as SGLang packs it, so that either server reads the other's. */
const PREFIXES = {
  reasoning: 'sglang-reasoning-v1.',
  compaction: 'radish-compaction-v1.',
} as const;
export type SealKind = keyof typeof PREFIXES;

/**
 * A text that a client hands back as it came: `encrypted_content`. It is packed, not encrypted, as in SGLang:
 * opaque, and no secret.
 */
export function seal(kind: SealKind, text: string): string {
  const bytes = Buffer.from(text);
  const small = deflateSync(bytes);
  const packed =
    bytes.length <= unfoldedMax(small.length) ? small : deflateSync(bytes, { level: 0 });
  const text64 = packed.toString('base64');
  return PREFIXES[kind] + text64.replaceAll('+', '-').replaceAll('/', '_');
}

/** The text again; null = it is none of ours. */
export function unseal(kind: SealKind, sealed: string): string | null {
  const prefix = PREFIXES[kind];
  if (!sealed.startsWith(prefix)) return null;
  try {
    const packed = Buffer.from(sealed.slice(prefix.length), 'base64url');
    return inflateSync(packed, { maxOutputLength: unfoldedMax(packed.length) }).toString();
  } catch {
    return null;
  }
}

function unfoldedMax(packedBytes: number): number {
  return Math.max(MIN_UNFOLDED, MAX_RATIO * packedBytes);
}

import { createHash } from 'node:crypto';

import type { GenerateRequest } from './request.js';

/** What is known of whoever asks, beside the body. */
export interface Asker {
  /** Digest of the key that the request brought; empty = none. */
  readonly tenant: string;
  /** The device that a header names; null = as the body says. */
  readonly dpRank: number | null;
  /** A header asks why no more of the prompt was cached; the body may ask too. */
  readonly explainsMiss: boolean;
}

export const NOBODY: Asker = { tenant: '', dpRank: null, explainsMiss: false };

export function tenantOf(key: string | null): string {
  return key === null ? '' : createHash('sha256').update(key).digest('base64url');
}

/** The request as this asker's: no other key reaches the namespaces of its salts. */
export function askedBy(request: GenerateRequest, asker: Asker): GenerateRequest {
  const { tenant, dpRank, explainsMiss } = asker;
  if (tenant === '' && dpRank === null && !explainsMiss) return request;
  const entries = request.entries.map((entry) => ({
    ...entry,
    tenant,
    dpRank: dpRank ?? entry.dpRank,
    explainsMiss: explainsMiss || entry.explainsMiss,
  }));
  return { ...request, entries };
}

/**
 * Read by a model, behind the texts of calibration-texts.ts, while its weights are rounded to four bits
 * (docs/decisions/0023-compensated-rounding.md). Another text gives other codes, and another entry of the cache.
 */
export const ROUNDING_TEXTS: readonly string[] = [];

import type { RowCosts } from '../../../../src/core/speculation.js';

const NOTHING = { base: 0, perKey: 0 };

/** Rows that cost nothing: whatever may be right is drafted. */
export const FREE_ROWS: RowCosts = {
  decodeRow: NOTHING,
  draftRow: NOTHING,
  draftSequence: NOTHING,
  draftModel: null,
};

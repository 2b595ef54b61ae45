import { NUMBER_FILTERS } from './filters-number.js';
import { SEQUENCE_FILTERS } from './filters-sequence.js';
import { TEXT_FILTERS } from './filters-text.js';
import { WRAP_FILTERS } from './wordwrap.js';
import type { Filter } from './runtime.js';

/** All filters by name. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...TEXT_FILTERS,
  ...WRAP_FILTERS,
  ...NUMBER_FILTERS,
  ...SEQUENCE_FILTERS,
]);

import type { ResolvedArgs } from '../../../config/server-args.js';
import type { CacheReads } from '../../../engine/cache-reads.js';
import type { Engine } from '../../../engine/engine.js';
import type { ServedModel, ServingLimits } from '../../../engine/served-model.js';
import type { FailureNotes } from '../../failure-notes.js';

/** All that a watch looks at. */
export interface WatchParts {
  readonly args: ResolvedArgs;
  readonly version: string;
  readonly engine: Engine;
  readonly model: ServedModel;
  readonly limits: ServingLimits;
  readonly cache: CacheReads;
  readonly failures: FailureNotes;
  readonly isDraining: () => boolean;
}

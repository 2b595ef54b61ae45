import type { SlotSpeculation } from '../../core/speculation.js';
import { DraftAccount } from './draft-account.js';
import { DraftRecord } from './draft-record.js';
import { FreeModelDrafter } from './free-model-drafter.js';
import { FreeSpeculator } from './free-speculator.js';
import { ModelDrafter } from './model-drafter.js';
import type { ModelDrafts } from './model-drafts.js';
import { NgramDrafter } from './ngram-drafter.js';
import { Speculator } from './speculator.js';
import { SteadyNgramDrafter } from './steady-ngram-drafter.js';
import type { TurnPlanner } from './turn-planner.js';

export interface SlotTurnPlanner {
  readonly planner: TurnPlanner;
  /** Null = no draft model drafts for the request. */
  readonly modelDrafter: ModelDrafts | null;
}

/** What requests of a device learn from each other: where no bit of an answer depends on its drafts. */
export class DraftHistory {
  readonly account = new DraftAccount();
  readonly record = new DraftRecord();
}

/** @param outputIds grow as tokens are sampled */
export function openPlanner(
  speculation: SlotSpeculation,
  outputIds: readonly number[],
  { account, record }: DraftHistory,
): SlotTurnPlanner {
  const { promptIds, costs } = speculation;
  if (speculation.algorithm === 'STANDALONE' && costs !== null) {
    const modelDrafter = new FreeModelDrafter(promptIds, outputIds, record);
    const planner = new FreeSpeculator(modelDrafter, outputIds, { costs, account });
    return { planner, modelDrafter };
  }
  if (speculation.algorithm === 'STANDALONE') {
    const modelDrafter = new ModelDrafter(speculation, outputIds);
    return { planner: new Speculator(modelDrafter, outputIds), modelDrafter };
  }
  if (costs === null) {
    const drafter = new SteadyNgramDrafter(speculation, promptIds, outputIds);
    return { planner: new Speculator(drafter, outputIds), modelDrafter: null };
  }
  const drafter = new NgramDrafter(speculation, promptIds, outputIds);
  return {
    planner: new FreeSpeculator(drafter, outputIds, { costs, account }),
    modelDrafter: null,
  };
}

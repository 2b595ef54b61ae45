import type { SlotSpeculation } from '../../core/speculation.js';
import { FreeModelDrafter } from './free-model-drafter.js';
import { FreeSpeculator } from './free-speculator.js';
import { ModelDrafter } from './model-drafter.js';
import type { ModelDrafts } from './model-drafts.js';
import { NgramDrafter } from './ngram-drafter.js';
import { Speculator, type Turn, type TurnRoom } from './speculator.js';
import { SteadyNgramDrafter } from './steady-ngram-drafter.js';
import type { TurnRun } from './turn-price.js';

/** Says what the turns of one request are. */
export interface TurnPlanner {
  /** The turn whose first row is that of output `first`. */
  plan(first: number, room: TurnRoom, run: TurnRun): Turn;
  /** Drafts of a model to have made for it. */
  numDraftsWanted(first: number, room: TurnRoom, run: TurnRun): number;
}

export interface SlotTurnPlanner {
  readonly planner: TurnPlanner;
  /** Null = no draft model drafts for the request. */
  readonly modelDrafter: ModelDrafts | null;
}

/** @param outputIds grow as tokens are sampled */
export function turnPlanner(
  speculation: SlotSpeculation,
  outputIds: readonly number[],
): SlotTurnPlanner {
  const { promptIds, costs } = speculation;
  if (speculation.algorithm === 'STANDALONE' && costs !== null) {
    const modelDrafter = new FreeModelDrafter(promptIds, outputIds);
    return { planner: new FreeSpeculator(modelDrafter, outputIds, costs), modelDrafter };
  }
  if (speculation.algorithm === 'STANDALONE') {
    const modelDrafter = new ModelDrafter(speculation, outputIds);
    return { planner: new Speculator(modelDrafter, outputIds), modelDrafter };
  }
  const planner =
    costs === null
      ? new Speculator(new SteadyNgramDrafter(speculation, promptIds, outputIds), outputIds)
      : new FreeSpeculator(new NgramDrafter(speculation, promptIds, outputIds), outputIds, costs);
  return { planner, modelDrafter: null };
}

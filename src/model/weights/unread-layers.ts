import { planDemands, type AnyPlan } from '../plan-tensors.js';
import type { Checkpoint } from '../source/checkpoint.js';

const LAYER = /(?:^|\.)(?:layers?|h)\.(\d+)\./;

/** Says so where the weights go on behind the last layer of config.json: it answers, as a smaller model. */
export function warnOfUnreadLayers(
  plan: AnyPlan,
  checkpoint: Checkpoint,
  warn: (message: string) => void,
): void {
  const planned = lastLayer(planDemands(plan).map(({ checkpoint: name }) => name));
  const stored = lastLayer(checkpoint.tensors.keys());
  if (stored <= planned) return;
  warn(
    `config.json has "num_hidden_layers" ${planned + 1}, and the weights in ${checkpoint.folder} are of ` +
      `${stored + 1} layers: those behind are not used.`,
  );
}

/** -1 where no name has a layer's number. */
function lastLayer(names: Iterable<string>): number {
  let last = -1;
  for (const name of names) last = Math.max(last, Number(LAYER.exec(name)?.[1] ?? -1));
  return last;
}

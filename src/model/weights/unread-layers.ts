import { planDemands, type AnyPlan } from '../plan/demands.js';
import type { Checkpoint } from '../source/checkpoint.js';

/** The place of a layer, and its number. */
const LAYER = /^(.*?)(?<=^|\.)(?:layers?|h)\.(\d+)\./;

/** Says so where the weights go on behind the last layer of config.json: it answers, as a smaller model. */
export function warnOfUnreadLayers(
  plan: AnyPlan,
  checkpoint: Checkpoint,
  warn: (message: string) => void,
): void {
  const stored = lastLayers(checkpoint.tensors.keys());
  const planned = lastLayers(planDemands(plan).map(({ checkpoint: name }) => name));
  for (const [place, last] of planned) {
    const lastStored = stored.get(place) ?? last;
    if (lastStored <= last) continue;
    warn(
      `config.json has "num_hidden_layers" ${last + 1}, and the weights in ${checkpoint.folder} are of ` +
        `${lastStored + 1} layers: those behind are not used.`,
    );
  }
}

/** By place: layers of another one are another model's. */
function lastLayers(names: Iterable<string>): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const name of names) {
    const [found, place = '', layer] = LAYER.exec(name) ?? [];
    if (found !== undefined) last.set(place, Math.max(last.get(place) ?? -1, Number(layer)));
  }
  return last;
}

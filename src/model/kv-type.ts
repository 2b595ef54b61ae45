import type { KvType, WeightFormat } from '../core/model-spec.js';
import type { DecoderModel } from './families/family.js';
import { ModelLoadError } from './load-error.js';
import { attentionsOf, hasPlainKv, keepsLatents, stateFacts } from './plan/facts.js';
import type { KvCacheDtype, ModelTarget } from './target.js';

/**
 * In what K and V are kept. `auto` takes int8 where the weights are rounded as well: its error is a fraction of theirs
 * (docs/decisions/0015-kv-in-int8.md). Who asks for bf16 wants them not rounded to fewer bits than the model has: that
 * is what the target keeps otherwise.
 *
 * @throws ModelLoadError where what was asked for cannot be
 */
export function chooseKvType(
  asked: KvCacheDtype,
  model: DecoderModel,
  { target, format }: { readonly target: ModelTarget; readonly format: WeightFormat },
): KvType {
  const isCpu = target.device === 'cpu';
  if (asked === 'fp32' && !isCpu) {
    throw impossible(asked, `on ${target.device} keys and values are in ${target.kv}`);
  }
  const obstacle = whyNotInt8(model, target);
  if (asked === 'int8' && obstacle !== null) throw impossible(asked, obstacle);
  const wanted = asked === 'int8' || (asked === 'auto' && format === 'w8a8_int8');
  return wanted && obstacle === null ? 'i8' : target.kv;
}

/** Null = nothing is in the way. */
function whyNotInt8(model: DecoderModel, { device, kv }: ModelTarget): string | null {
  if (device !== 'cpu') return `on ${device} keys and values are in ${kv}`;
  // Its attention was measured, and its bits tested, on x64 alone.
  if (process.arch !== 'x64') return `on ${process.arch} it is not tested`;
  return int8Obstacle(model);
}

/** What of a model keeps its K and V from being integers: a clause; null = nothing does. */
export function int8Obstacle({ plan }: DecoderModel): string | null {
  if (keepsLatents(plan)) return 'this model keeps latents in the place of them';
  if (stateFacts(plan) !== null) return 'this model keeps a recurrent state beside them';
  if (!hasPlainKv(plan)) return 'layers of this model share them, or have heads of several sizes';
  if (attentionsOf(plan).some(({ softcap }) => softcap !== null)) {
    return 'this model caps its attention scores';
  }
  if (attentionsOf(plan).some(({ alibi }) => alibi !== null)) {
    return 'this model tells positions apart by a bias of its attention scores';
  }
  return null;
}

function impossible(asked: KvCacheDtype, why: string): ModelLoadError {
  return new ModelLoadError('bad_option', `--kv-cache-dtype ${asked} is not possible: ${why}.`);
}

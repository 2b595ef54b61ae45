import type { AbsorbedPlan, AttentionPlan } from '../plan/attention.js';
import { attentionsOf } from '../plan/facts.js';
import type { LayerPlan } from '../plan/network.js';
import type { LinearPlan, TensorPlan } from '../plan/tensors.js';
import type { DecoderModel } from './family.js';

/** Whether all layers have latent attention, with a latent whose head has two halves. */
export function canKeepLatents({ plan }: DecoderModel): boolean {
  return attentionsOf(plan).every(
    ({ latent }) => latent !== null && (latent.up.in + latent.turning) % 2 === 0,
  );
}

/** The same network with the latents in its cache: one head of keys, which are values too. */
export function withLatentCache(model: DecoderModel): DecoderModel {
  const { config, plan } = model;
  const [first] = attentionsOf(plan);
  const latent = first?.latent ?? null;
  if (latent === null) throw new Error('this is a bug: no latents that could be kept');
  return {
    ...model,
    config: { ...config, numKvHeads: 1, headDim: latent.up.in + latent.turning },
    plan: { ...plan, layers: plan.layers.map(absorbing) },
  };
}

function absorbing(layer: LayerPlan): LayerPlan {
  const { attention } = layer;
  return attention === null ? layer : { ...layer, attention: absorbed(attention) };
}

function absorbed(attention: AttentionPlan): AttentionPlan {
  const { latent } = attention;
  if (latent === null) return attention;
  return { ...attention, latent: { ...latent, absorbed: partsOf(latent.up) } };
}

function partsOf(up: LinearPlan): AbsorbedPlan {
  const part = (at: number, name: string): TensorPlan => {
    const { weight = '', out = 0 } = up.parts[at] ?? {};
    return { name: `${up.name}.${name}`, checkpoint: weight, shape: [out, up.in] };
  };
  return { keys: part(0, 'keys'), values: part(1, 'values') };
}

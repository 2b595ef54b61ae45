import type { ConfigFields } from '../../families/config-fields.js';
import type { ModelConfig } from '../../families/model-config.js';
import { attention } from '../../families/parts/attention.js';
import { plainMlp } from '../../families/parts/mlp.js';
import { Names } from '../../families/parts/names.js';
import { layerNorm, norm, type NormStyle } from '../../families/parts/norm.js';
import type { LinearPlan } from '../../plan/tensors.js';
import { encoder } from '../encoder.js';
import type { DisentangledPlan, PooledTrunk } from '../pooled-plan.js';
import { denseHead } from './heads.js';
import { encoderClasses } from './lines.js';
import {
  readEncoderSizes,
  readHiddenActivation,
  readLearnedPositions,
  readTokenTypes,
} from './sizes.js';

/** BERT whose scores know the distance of tokens besides, in buckets that grow with it (arXiv 2006.03654, 2111.09543). */
export const DEBERTA = encoderClasses({
  name: 'DebertaV2',
  trunk: deberta,
  classifier: denseHead({
    dense: 'pooler.dense',
    output: 'classifier',
    activation: (fields) => readHiddenActivation(fields, 'pooler_hidden_act'),
  }),
});

function deberta(fields: ConfigFields, architecture: string): PooledTrunk {
  if (fields.count('conv_kernel_size', 0) > 0) {
    fields.fail('conv_kernel_size', '0 (a convolution behind the first layer is not supported)');
  }
  const { rows, contextLength } = readLearnedPositions(fields, null);
  const config = readEncoderSizes(fields, { architecture, modelType: 'deberta-v2', contextLength });
  const width = fields.size('embedding_size', config.hiddenSize);
  const activation = readHiddenActivation(fields);
  const style = layerNorm(fields, 'layer_norm_eps', 1e-7);
  const sees = readSights(fields);
  // The class divides by it where scores know no distance too.
  const factor = 1 + (sees.c2p ? 1 : 0) + (sees.p2c ? 1 : 0);
  const isRelative = factor > 1 && fields.boolean('relative_attention', false);
  return encoder(config, {
    prefix: 'deberta.',
    entry: {
      at: 'embeddings',
      words: 'word_embeddings',
      width,
      projection: width === config.hiddenSize ? null : { module: 'embed_proj', place: 'before' },
      positions: fields.boolean('position_biased_input', true)
        ? { module: 'position_embeddings', rows, paddingId: null }
        : null,
      tokenTypes: readTokenTypes(fields, 0),
      norm: 'LayerNorm',
    },
    layers: 'encoder.layer',
    norm: style,
    norms: { place: 'behind', attention: 'attention.output.LayerNorm', mlp: 'output.LayerNorm' },
    attention: (place) =>
      attention(place, {
        qkvBias: true,
        outputBias: true,
        rotary: null,
        scale: 1 / Math.sqrt(config.headDim * factor),
        modules: {
          at: 'attention',
          q: 'self.query_proj',
          k: 'self.key_proj',
          v: 'self.value_proj',
          o: 'output.dense',
        },
      }),
    mlp: (place) =>
      plainMlp(place, {
        activation,
        bias: true,
        modules: { at: '', up: 'intermediate.dense', down: 'output.dense' },
      }),
    scores: isRelative ? disentangled(fields, config, { ...sees, style }) : null,
  });
}

interface Sights {
  /** Of a query and where the key is, and of a key and where the query is. */
  readonly c2p: boolean;
  readonly p2c: boolean;
}

/** `pos_att_type`: a list, or its items in one text. */
function readSights(fields: ConfigFields): Sights {
  const raw = fields.raw('pos_att_type') ?? [];
  const types = typeof raw === 'string' ? raw.split('|') : fields.texts('pos_att_type');
  const has = (type: string): boolean => types.some((one) => one.trim().toLowerCase() === type);
  return { c2p: has('c2p'), p2c: has('p2c') };
}

function disentangled(
  fields: ConfigFields,
  config: ModelConfig,
  { c2p, p2c, style }: Sights & { readonly style: NormStyle },
): DisentangledPlan {
  const { hiddenSize } = config;
  const reach = readReach(fields);
  const buckets = Math.max(0, readSigned(fields, 'position_buckets'));
  const span = buckets > 0 ? buckets : reach;
  const isShared = fields.boolean('share_att_key', false);
  const names = new Names('', '');
  const linear = (layer: number, module: string, bias: boolean): LinearPlan =>
    names.linear(`layers.${layer}.${module}`, {
      in: hiddenSize,
      parts: [[`encoder.layer.${layer}.attention.self.${module}`, hiddenSize]],
      bias,
    });
  const made = (wanted: boolean, layer: number, module: string): LinearPlan | 'shared' | null => {
    if (!wanted) return null;
    return isShared ? 'shared' : linear(layer, module, true);
  };
  const normed = fields.text('norm_rel_ebd', 'none').toLowerCase().split('|');
  const module = { name: 'distances_norm', module: 'encoder.LayerNorm', width: hiddenSize };
  return {
    kind: 'disentangled',
    table: names.tensor('distances', 'encoder.rel_embeddings.weight', [2 * span, hiddenSize]),
    norm: normed.some((one) => one.trim() === 'layer_norm') ? norm(names, style, module) : null,
    rowOf: (distance) => {
      const bucket = buckets > 0 ? logBucket(distance, buckets, reach) : distance;
      return Math.min(Math.max(bucket + span, 0), 2 * span - 1);
    },
    linears: (layer) => ({
      keys: made(c2p, layer, 'pos_key_proj'),
      queries: made(p2c, layer, 'pos_query_proj'),
    }),
  };
}

/** `max_relative_positions`: -1 = as many as there are positions. */
function readReach(fields: ConfigFields): number {
  const most = readSigned(fields, 'max_relative_positions');
  return most < 1 ? fields.size('max_position_embeddings', 512) : most;
}

/** An integer, -1 where it is left out. */
function readSigned(fields: ConfigFields, name: string): number {
  const value = fields.raw(name) ?? -1;
  if (typeof value !== 'number' || !Number.isInteger(value)) fields.fail(name, 'an integer');
  return value;
}

/** Distances below half of the buckets have one of their own, the others share what is left by their logarithms. */
function logBucket(distance: number, buckets: number, reach: number): number {
  const half = Math.floor(buckets / 2);
  const far = Math.abs(distance);
  if (far <= half) return distance;
  const { fround, log } = Math;
  const share = fround(fround(log(fround(far / half))) / fround(log(fround((reach - 1) / half))));
  return Math.sign(distance) * (Math.ceil(fround(share * (half - 1))) + half);
}

import type { ConfigFields } from '../../families/config-fields.js';
import { attention } from '../../families/parts/attention.js';
import { plainMlp } from '../../families/parts/mlp.js';
import { layerNorm } from '../../families/parts/norm.js';
import { encoder } from '../encoder.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { ROBERTA_WORDS } from './bert.js';
import { denseHead } from './heads.js';
import { encoderClasses } from './lines.js';
import { readEncoderSizes, readHiddenActivation, readLearnedPositions } from './sizes.js';

/** The class counts positions from behind it, whatever config.json says of padding. */
const PADDING_ID = 1;
/** Of the buckets; the class has no field for either. */
const NUM_BUCKETS = 32;
const MAX_DISTANCE = 128;

/** BERT's layers, and a bias of the scores by distance that all of them share (arXiv 2004.09297). */
export const MPNET = encoderClasses({
  name: 'MPNet',
  trunk: mpnet,
  classifier: denseHead({ dense: 'classifier.dense', output: 'classifier.out_proj' }),
  words: ROBERTA_WORDS,
});

function mpnet(fields: ConfigFields, architecture: string): PooledTrunk {
  const { rows, contextLength } = readLearnedPositions(fields, PADDING_ID);
  const config = readEncoderSizes(fields, { architecture, modelType: 'mpnet', contextLength });
  const activation = readHiddenActivation(fields);
  const numRows = fields.size('relative_attention_num_buckets', NUM_BUCKETS);
  if (numRows < NUM_BUCKETS) {
    fields.fail('relative_attention_num_buckets', `at least ${NUM_BUCKETS}`);
  }
  return encoder(config, {
    prefix: 'mpnet.',
    entry: {
      at: 'embeddings',
      words: 'word_embeddings',
      positions: { module: 'position_embeddings', rows, paddingId: PADDING_ID },
      norm: 'LayerNorm',
    },
    layers: 'encoder.layer',
    norm: layerNorm(fields, 'layer_norm_eps', 1e-12),
    norms: { place: 'behind', attention: 'attention.LayerNorm', mlp: 'output.LayerNorm' },
    attention: (place) =>
      attention(place, {
        qkvBias: true,
        outputBias: true,
        rotary: null,
        modules: { at: 'attention.attn', q: 'q', k: 'k', v: 'v', o: 'o' },
      }),
    mlp: (place) =>
      plainMlp(place, {
        activation,
        bias: true,
        modules: { at: '', up: 'intermediate.dense', down: 'output.dense' },
      }),
    scores: {
      kind: 'buckets',
      table: {
        name: 'distances',
        checkpoint: 'encoder.relative_attention_bias.weight',
        shape: [numRows, config.numHeads],
      },
      bucketOf,
    },
  });
}

/** T5's: half the buckets are for keys behind the query, and half of each for a distance of their own (arXiv 1910.10683). */
function bucketOf(distance: number): number {
  const half = NUM_BUCKETS / 2;
  const exact = half / 2;
  const side = distance > 0 ? half : 0;
  const far = Math.abs(distance);
  if (far < exact) return side + far;
  const { fround } = Math;
  const share = fround(Math.log(fround(far / exact))) / Math.log(MAX_DISTANCE / exact);
  const bucket = exact + Math.trunc(fround(fround(share) * (half - exact)));
  return side + Math.min(bucket, half - 1);
}

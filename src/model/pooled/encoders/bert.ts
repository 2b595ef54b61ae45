import type { ConfigFields } from '../../families/config-fields.js';
import { attention } from '../../families/parts/attention.js';
import { plainMlp } from '../../families/parts/mlp.js';
import { layerNorm } from '../../families/parts/norm.js';
import { encoder } from '../encoder.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { flashRoberta } from './flash-roberta.js';
import { denseHead, wordsHead } from './heads.js';
import { type EncoderLine, encoderClasses } from './lines.js';
import {
  readEncoderSizes,
  readHiddenActivation,
  readLearnedPositions,
  refuseDecoder,
} from './sizes.js';

const ELECTRA_SIZES = { hidden_size: 256, intermediate_size: 1024, num_attention_heads: 4 };

/** What differs between BERT and those that were built after it. */
interface BertTraits {
  readonly modelType: string;
  readonly prefix: string;
  /** The RoBERTa line numbers positions from `pad_token_id + 1` on. */
  readonly countsPositionsFromPadding: boolean;
  /** ELECTRA: embeddings may have a width of their own. */
  readonly hasEmbeddingSize?: boolean;
}

/** The head of a masked LM of the RoBERTa line. */
export const ROBERTA_WORDS: NonNullable<EncoderLine['words']> = (fields, trunk) =>
  wordsHead(fields, trunk, {
    dense: 'lm_head.dense',
    norm: 'lm_head.layer_norm',
    decoder: 'lm_head.decoder',
    bias: 'lm_head.bias',
    activation: 'gelu',
    style: layerNorm(fields, 'layer_norm_eps', 1e-12),
  });

const BERT_WORDS: NonNullable<EncoderLine['words']> = (fields, trunk) =>
  wordsHead(fields, trunk, {
    dense: 'cls.predictions.transform.dense',
    norm: 'cls.predictions.transform.LayerNorm',
    decoder: 'cls.predictions.decoder',
    bias: 'cls.predictions.bias',
    activation: readHiddenActivation(fields),
    style: layerNorm(fields, 'layer_norm_eps', 1e-12),
  });

const ROBERTA_HEAD = denseHead({ dense: 'classifier.dense', output: 'classifier.out_proj' });

const XLM_ROBERTA = bert({
  modelType: 'xlm-roberta',
  prefix: 'roberta.',
  countsPositionsFromPadding: true,
});

/** Of transformers' own class of jina-embeddings-v3, where XLM-RoBERTa's are others. */
const JINA3 = { type_vocab_size: 1, layer_norm_eps: 1e-5 };

const LINES: readonly EncoderLine[] = [
  {
    name: 'Bert',
    trunk: bert({ modelType: 'bert', prefix: 'bert.', countsPositionsFromPadding: false }),
    classifier: denseHead({ dense: 'pooler.dense', output: 'classifier' }),
    words: BERT_WORDS,
  },
  {
    name: 'Roberta',
    trunk: bert({ modelType: 'roberta', prefix: 'roberta.', countsPositionsFromPadding: true }),
    classifier: ROBERTA_HEAD,
    words: ROBERTA_WORDS,
  },
  {
    name: 'XLMRoberta',
    trunk: (fields, architecture) =>
      fields.text('position_embedding_type', 'absolute') === 'rotary'
        ? flashRoberta(fields, architecture)
        : XLM_ROBERTA(fields, architecture),
    classifier: ROBERTA_HEAD,
    words: ROBERTA_WORDS,
  },
  {
    name: 'JinaEmbeddingsV3',
    trunk: (fields, architecture) => flashRoberta(fields.completed(JINA3), architecture),
    classifier: ROBERTA_HEAD,
    words: (fields, trunk) => ROBERTA_WORDS(fields.completed(JINA3), trunk),
  },
  {
    name: 'Electra',
    trunk: bert({
      modelType: 'electra',
      prefix: 'electra.',
      countsPositionsFromPadding: false,
      hasEmbeddingSize: true,
    }),
    classifier: denseHead({
      dense: 'classifier.dense',
      output: 'classifier.out_proj',
      activation: 'gelu',
    }),
  },
];

/** BERT and its twins: learned positions and token types, a norm behind each half of a layer (arXiv 1810.04805). */
export const BERT_LINES = LINES.flatMap(encoderClasses);

function bert(traits: BertTraits): EncoderLine['trunk'] {
  return (fields, architecture) => bertTrunk(fields, architecture, traits);
}

function bertTrunk(
  fields: ConfigFields,
  architecture: string,
  { modelType, prefix, countsPositionsFromPadding, hasEmbeddingSize = false }: BertTraits,
): PooledTrunk {
  refuseDecoder(fields);
  refuseRelativePositions(fields);
  const paddingId = countsPositionsFromPadding ? fields.count('pad_token_id', 1) : null;
  const { rows, contextLength } = readLearnedPositions(fields, paddingId);
  const config = readEncoderSizes(fields, {
    architecture,
    modelType,
    contextLength,
    defaults: hasEmbeddingSize ? ELECTRA_SIZES : {},
  });
  const activation = readHiddenActivation(fields);
  const width = hasEmbeddingSize ? fields.size('embedding_size', 128) : config.hiddenSize;
  return encoder(config, {
    prefix,
    entry: {
      at: 'embeddings',
      words: 'word_embeddings',
      width,
      positions: { module: 'position_embeddings', rows, paddingId },
      tokenTypes: { module: 'token_type_embeddings', rows: fields.size('type_vocab_size', 2) },
      norm: 'LayerNorm',
      projection:
        width === config.hiddenSize ? null : { module: 'embeddings_project', place: 'behind' },
    },
    layers: 'encoder.layer',
    norm: layerNorm(fields, 'layer_norm_eps', 1e-12),
    norms: { place: 'behind', attention: 'attention.output.LayerNorm', mlp: 'output.LayerNorm' },
    attention: (place) =>
      attention(place, {
        qkvBias: true,
        outputBias: true,
        rotary: null,
        modules: BERT_ATTENTION,
      }),
    mlp: (place) =>
      plainMlp(place, {
        activation,
        bias: true,
        modules: { at: '', up: 'intermediate.dense', down: 'output.dense' },
      }),
  });
}

/** What BERT and its twins call the parts of attention. */
export const BERT_ATTENTION = {
  at: 'attention',
  q: 'self.query',
  k: 'self.key',
  v: 'self.value',
  o: 'output.dense',
};

function refuseRelativePositions(fields: ConfigFields): void {
  if (fields.text('position_embedding_type', 'absolute') === 'absolute') return;
  fields.fail('position_embedding_type', '"absolute" (relative positions are not supported)');
}

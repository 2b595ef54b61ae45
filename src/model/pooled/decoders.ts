import type { PoolingMode } from '../../core/model-spec.js';
import type { ConfigFields } from '../families/config-fields.js';
import type { DecoderModel, ModelFamily } from '../families/family.js';
import { llama } from '../families/llama.js';
import { Names } from '../families/parts/names.js';
import { DECODERS } from '../families/registry.js';
import type { LayerPlan } from '../plan/network.js';
import { linearStage } from './encoders/heads.js';
import type { ClassifierSizes, PooledFamily } from './family.js';
import type { GatedRewardStage, PooledTrunk, PoolStage } from './pooled-plan.js';

/** Endings of classes that generate. */
const CAUSAL = /(ForCausalLM|LMHeadModel)$/;
/** Where the other classes of a family have another name than the one that generates. */
const NAMES: Readonly<Record<string, string>> = { Gemma3: 'Gemma3Text' };
const POOLINGS: Readonly<Record<string, PoolingMode>> = { avg: 'mean', cls: 'cls', last: 'last' };

/** Nvidia's Llama whose tokens see each other. */
const MUTUAL_LLAMA: readonly PooledFamily[] = (
  [
    ['LlamaBidirectionalModel', null],
    ['LlamaBidirectionalForSequenceClassification', scoreHead],
  ] as const
).map(([architecture, classifier]) => ({
  architecture,
  pooling: (fields) => fields.oneOf('pooling', POOLINGS, 'avg'),
  trunk: (fields) => mutual(causalTrunk(fields, llama, architecture)),
  classifier,
}));

/** Reward models with a head of their own, and the class of the network below it. */
const REWARDS: readonly (readonly [
  architecture: string,
  causal: string,
  head: NonNullable<PooledFamily['classifier']>,
])[] = [
  ['Qwen2ForRewardModel', 'Qwen2ForCausalLM', twoLinears],
  [
    'InternLM2ForRewardModel',
    'InternLM2ForCausalLM',
    (_, sizes) => [linearStage('v_head', sizes, false)],
  ],
];

/** `<|eot_id|><|start_header_id|>assistant<|end_header_id|>` and an empty line, by Llama 3's ids. */
const LLAMA3_TURN = [128009, 128006, 78191, 128007, 271];

/** Llama 3 with a reward for each of several objectives, weighed by what the prompt is (ArmoRM). */
const ARMO_RM: PooledFamily = {
  ...pooledDecoder(llama, 'LlamaForRewardModelWithGating', gatedRewards),
  pooling: ['last', 'turn'],
  turn: readTurn,
  numLabels: 1,
};

/** The class has Llama 3's written into it; `gating_token_pattern` is for other tokenizers. */
function readTurn(fields: ConfigFields): readonly number[] {
  const own = fields.counts('gating_token_pattern');
  return own.length > 0 ? own : LLAMA3_TURN;
}

function gatedRewards(fields: ConfigFields, { hiddenSize }: ClassifierSizes): PoolStage[] {
  const names = new Names('', '');
  const numObjectives = fields.size('num_objectives', 19);
  const width = fields.size('gating_hidden_dim', 1024);
  const numHidden = fields.size('gating_n_hidden', 3);
  const gate = Array.from({ length: numHidden + 1 }, (_, at) =>
    names.linear(`gating.${at}`, {
      in: at === 0 ? hiddenSize : width,
      parts: [[`gating.layers.${at}`, at === numHidden ? numObjectives : width]],
      bias: true,
    }),
  );
  const stage: GatedRewardStage = {
    kind: 'gated_reward',
    rewards: names.linear('rewards', {
      in: hiddenSize,
      parts: [['regression_layer', numObjectives]],
      bias: false,
    }),
    transform: names.tensor('reward_transform', 'reward_transform_matrix', [
      numObjectives,
      numObjectives,
    ]),
    gate,
    temperature: fields.positive('gating_temperature', 10),
    scale: names.tensor('gating.scale', 'gating.logit_scale', [1]),
  };
  return [stage];
}

const REWARD_MODELS = REWARDS.flatMap(([architecture, causal, head]): PooledFamily[] =>
  DECODERS.filter((family) => family.architecture === causal).map((family) => ({
    ...pooledDecoder(family, architecture, head),
    numLabels: 1,
  })),
);

/** Each causal family as an embedder, from both of its classes, as a reward model or classifier, and as one of tokens. */
export const CAUSAL_CLASSES: readonly PooledFamily[] = DECODERS.flatMap((family) => {
  const own = family.architecture.replace(CAUSAL, '');
  const name = NAMES[own] ?? own;
  return [
    pooledDecoder(family, `${name}Model`),
    pooledDecoder(family, family.architecture),
    pooledDecoder(family, `${name}ForSequenceClassification`, scoreHead),
    {
      ...pooledDecoder(family, `${name}ForTokenClassification`, scoreEachHead),
      pooling: 'tokens' as const,
    },
  ];
});

/** Classes beside those that each causal family has. */
export const OTHER_DECODERS: readonly PooledFamily[] = [...MUTUAL_LLAMA, ...REWARD_MODELS, ARMO_RM];

function pooledDecoder(
  family: ModelFamily,
  architecture: string,
  classifier: PooledFamily['classifier'] = null,
): PooledFamily {
  return {
    architecture,
    pooling: 'last',
    trunk: (fields) => {
      const trunk = causalTrunk(fields, family, architecture);
      return fields.boolean('use_bidirectional_attention', false) ? mutual(trunk) : trunk;
    },
    classifier,
  };
}

function causalTrunk(fields: ConfigFields, family: ModelFamily, architecture: string): PooledTrunk {
  const model = family.read(fields);
  return {
    config: { ...model.config, architecture },
    plan: model.plan,
    views: model.views,
    prefix: { text: prefixOf(model), inPlan: true },
    rotatable: model.plan.rotatable,
    encoder: null,
  };
}

/** `model.` of `model.embed_tokens.weight`: a class without a head is saved without it. */
function prefixOf({ plan }: DecoderModel): string {
  const [first = '', ...others] = plan.embedding.checkpoint.split('.');
  return others.length > 1 ? `${first}.` : '';
}

/** The same network with tokens that see each other: half of a window is on either side. */
function mutual(trunk: PooledTrunk): PooledTrunk {
  const layers = trunk.plan.layers.map((layer): LayerPlan => {
    const { attention } = layer;
    if (attention === null || attention.window === null) return layer;
    return { ...layer, attention: { ...attention, window: Math.floor(attention.window / 2) + 1 } };
  });
  return { ...trunk, plan: { ...trunk.plan, layers }, encoder: { entry: null, scores: null } };
}

/** Two linears with ReLU between them (Qwen2.5-Math-RM). */
function twoLinears(_: unknown, sizes: ClassifierSizes): PoolStage[] {
  const { hiddenSize } = sizes;
  return [
    linearStage('score.0', { hiddenSize, numLabels: hiddenSize }),
    { kind: 'activation', activation: 'relu' },
    linearStage('score.2', sizes),
  ];
}

/** A linear on each token. */
function scoreEachHead(_: unknown, sizes: ClassifierSizes): PoolStage[] {
  return [linearStage('score', sizes)];
}

/** A linear without bias on the pooled row. */
function scoreHead(_: unknown, sizes: ClassifierSizes): PoolStage[] {
  return [linearStage('score', sizes, false)];
}

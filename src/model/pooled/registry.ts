import type { EmbeddingSpec, PoolingMode } from '../../core/model-spec.js';
import { ConfigFields, ModelConfigError } from '../families/config-fields.js';
import { generates, unsupported } from '../families/registry.js';
import { ENCODERS } from './encoders/registry.js';
import { CAUSAL_CLASSES, OTHER_DECODERS } from './decoders.js';
import type { PooledFamily } from './family.js';
import type { TensorPlan } from '../plan/tensors.js';
import { rowWidth, type PooledPlan, type PooledTrunk, type PoolStage } from './pooled-plan.js';
import type { LayerNormModule, SentenceModules } from './sentence-modules.js';

/** Every network that answers with vectors. */
export const POOLED_FAMILIES: readonly PooledFamily[] = [
  ...ENCODERS,
  ...CAUSAL_CLASSES,
  ...OTHER_DECODERS,
];

/** The plan and `embedding` beside it, both from config.json and the folder's modules. */
export interface PooledModel {
  readonly plan: PooledPlan;
  readonly embedding: EmbeddingSpec;
}

/** Endings of classes that do not generate, but for those whose names say otherwise. */
const HEADLESS =
  /(Model|ForMaskedLM|ForSequenceClassification|ForTokenClassification|ForRewardModel(WithGating)?)$/;

/**
 * Whether this checkpoint answers with vectors: by its architecture, and for one that generates as well
 * by `--is-embedding` or a modules.json beside it.
 */
export function isPooled(
  json: unknown,
  modules: SentenceModules | null,
  isEmbedding: boolean,
): boolean {
  if (isEmbedding || modules !== null) return true;
  const architecture = new ConfigFields(json, 'config.json').architecture();
  return HEADLESS.test(architecture) && !generates(architecture);
}

/** Throws `ModelConfigError`, naming the field or architecture. */
export function readPooledModel(json: unknown, modules: SentenceModules | null): PooledModel {
  const fields = new ConfigFields(json, 'config.json');
  const family = familyOf(fields.architecture());
  return family.classifier === null
    ? embedder(fields, family, modules)
    : classifier(fields, family);
}

function embedder(
  fields: ConfigFields,
  family: PooledFamily,
  modules: SentenceModules | null,
): PooledModel {
  const trunk = family.trunk(fields);
  const { pooling, after, isSparse } = modules ?? defaultModules(fields, family);
  const rows = isSparse ? wordScores(fields, family, trunk) : [];
  const plan = { trunk, rows, stages: after.flatMap(moduleStages) };
  return {
    plan,
    embedding: {
      kind: isSparse ? 'sparse' : 'embedding',
      dim: vectorSize(after, pooling.length * rowWidth(plan)),
      pooling,
      normalize: after.at(-1)?.kind === 'normalize',
      matryoshka: readMatryoshka(fields),
      labels: null,
      squashes: false,
    },
  };
}

/** SGLang's, for a model without modules.json. */
function defaultModules(
  fields: ConfigFields,
  family: PooledFamily,
): Omit<SentenceModules, 'transformer'> {
  return { pooling: poolingOf(fields, family), after: [{ kind: 'normalize' }], isSparse: false };
}

function wordScores(
  fields: ConfigFields,
  { architecture, words = null }: PooledFamily,
  trunk: PooledTrunk,
): readonly PoolStage[] {
  if (words !== null) return words(fields, trunk);
  throw new ModelConfigError(
    `modules.json: SpladePooling needs a masked language model, and ${architecture} is not one that is supported`,
  );
}

function poolingOf(fields: ConfigFields, { pooling }: PooledFamily): readonly PoolingMode[] {
  const modes = typeof pooling === 'function' ? pooling(fields) : pooling;
  return typeof modes === 'string' ? [modes] : modes;
}

function classifier(fields: ConfigFields, family: PooledFamily): PooledModel {
  const trunk = family.trunk(fields);
  const labels = readLabels(fields, family.numLabels);
  const sizes = { hiddenSize: trunk.config.hiddenSize, numLabels: labels.length };
  const stages = family.classifier?.(fields, sizes) ?? [];
  const last = stages.at(-1);
  return {
    plan: { trunk, rows: [], stages, ...(family.turn ? { turn: family.turn(fields) } : {}) },
    embedding: {
      kind: 'classification',
      dim: labels.length,
      pooling: poolingOf(fields, family),
      normalize: false,
      matryoshka: null,
      labels,
      squashes: last?.kind === 'activation' && last.activation === 'sigmoid',
    },
  };
}

function familyOf(architecture: string): PooledFamily {
  const family = POOLED_FAMILIES.find((candidate) => candidate.architecture === architecture);
  if (family !== undefined) return family;
  throw new ModelConfigError(unsupported(architecture, POOLED_FAMILIES, ' as an embedding model'));
}

function moduleStages(module: SentenceModules['after'][number]): PoolStage[] {
  if (module.kind === 'normalize') return [module];
  if (module.kind === 'log1p_relu') return [{ kind: 'activation', activation: module.kind }];
  if (module.kind === 'layer_norm') return [layerNormStage(module)];
  const { path, bias, out, activation } = module;
  const parameter = (kind: string): string => `${path}/linear.${kind}`;
  const part = { weight: parameter('weight'), bias: bias ? parameter('bias') : null, out };
  const linear = { name: path, in: module.in, out, parts: [part] };
  const dense: PoolStage = { kind: 'linear', linear };
  if (activation !== 'prelu') return [dense, { kind: 'activation', activation }];
  const name = `${path}/activation_function.weight`;
  return [dense, { kind: 'prelu', slope: { name, checkpoint: name, shape: [1] } }];
}

/** PyTorch's default, the only one that sentence-transformers has. */
const LAYER_NORM_EPS = 1e-5;

function layerNormStage({ path, dim }: LayerNormModule): PoolStage {
  const tensor = (parameter: string): TensorPlan => {
    const name = `${path}/norm.${parameter}`;
    return { name, checkpoint: name, shape: [dim] };
  };
  return {
    kind: 'norm',
    norm: {
      kind: 'layer',
      eps: LAYER_NORM_EPS,
      width: dim,
      gain: tensor('weight'),
      gainOffset: 0,
      bias: tensor('bias'),
    },
  };
}

/** Each module must take what comes before it. */
function vectorSize(after: SentenceModules['after'], pooledSize: number): number {
  return after.reduce((width, module) => {
    if (module.kind === 'normalize' || module.kind === 'log1p_relu') return width;
    const [field, size] =
      module.kind === 'dense' ? ['in_features', module.in] : ['dimension', module.dim];
    if (size !== width) {
      throw new ModelConfigError(
        `${module.path}/config.json: "${field}" must be ${width}, got ${size}`,
      );
    }
    return module.kind === 'dense' ? module.out : width;
  }, pooledSize);
}

/** `id2label` in order; Hugging Face leaves it out for the default of two labels. */
function readLabels(fields: ConfigFields, only?: number): readonly string[] {
  const names = fields.raw('id2label') ?? {};
  if (typeof names !== 'object' || Array.isArray(names)) fields.fail('id2label', 'a JSON object');
  const entries = Object.entries(names).sort(([a], [b]) => Number(a) - Number(b));
  const isFew = only !== undefined && entries.length !== only;
  if (entries.length > 0 && !isFew) return entries.map(([, label]) => String(label));
  return Array.from(
    { length: only ?? fields.size('num_labels', 2) },
    (_, index) => `LABEL_${index}`,
  );
}

function readMatryoshka(fields: ConfigFields): EmbeddingSpec['matryoshka'] {
  const dimensions = fields.counts('matryoshka_dimensions');
  if (dimensions.length > 0) return dimensions;
  return fields.boolean('is_matryoshka', false) ? 'any' : null;
}

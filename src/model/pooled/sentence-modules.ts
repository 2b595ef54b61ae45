import { join } from 'node:path';

import type { PoolingMode } from '../../core/model-spec.js';
import { ConfigFields, ModelConfigError } from '../families/config-fields.js';
import type { Activation } from '../activation.js';
import { DENSE_ACTIVATIONS } from './activation-names.js';
import { readPooling } from './pooling.js';
import type { ModelSource } from '../source/model-source.js';
import { modulePath, MODULES_FILE } from '../source/module-path.js';

/** What a sentence-transformers folder does with hidden states: modules.json and a folder per module. */
export interface SentenceModules {
  /** Folder of the network and the tokenizer, relative to the model's: '' is the model's own. */
  readonly transformer: string;
  /** One vector per mode, joined. */
  readonly pooling: readonly PoolingMode[];
  /** After pooling, in order. */
  readonly after: readonly AfterPooling[];
  /** The rows that are pooled are scores of words, not hidden states. */
  readonly isSparse: boolean;
}

export type AfterPooling =
  | DenseModule
  | LayerNormModule
  | { readonly kind: 'normalize' }
  /** The weights of words: `log(1 + relu(x))`. */
  | { readonly kind: 'log1p_relu' };

export interface LayerNormModule {
  readonly kind: 'layer_norm';
  /** Folder of its config and weights, relative to the model's. */
  readonly path: string;
  readonly dim: number;
}

export interface DenseModule {
  readonly kind: 'dense';
  /** Folder of its config and weights, relative to the model's. */
  readonly path: string;
  readonly in: number;
  readonly out: number;
  readonly bias: boolean;
  /** PReLU has a weight of its own. */
  readonly activation: Activation | 'prelu';
}

/** One entry of modules.json. */
interface ModuleEntry {
  /** Last word of its class. */
  readonly kind: string;
  readonly path: string;
  readonly fields: ConfigFields;
}

/** Null where the model has no modules.json. Throws {@link ModelConfigError} or ModelLoadError. */
export async function readSentenceModules(source: ModelSource): Promise<SentenceModules | null> {
  const list = await source.json(MODULES_FILE);
  if (list === null) return null;
  const [transformer, ...entries] = moduleEntries(list);
  if (transformer !== undefined && Object.hasOwn(NOT_COMPUTED, transformer.kind)) {
    refuseKind(transformer);
  }
  if (transformer === undefined || !TRUNKS.includes(transformer.kind)) refuseOrder(transformer);
  let pooling: readonly PoolingMode[] | null = null;
  const after: AfterPooling[] = [];
  let isSparse = false;
  for (const entry of entries) {
    const config = () => moduleConfig(source, entry);
    if (Object.hasOwn(NOT_COMPUTED, entry.kind)) refuseKind(entry);
    if (entry.kind === 'Pooling' && pooling === null) pooling = readPooling(await config());
    else if (entry.kind === 'SpladePooling' && pooling === null) {
      isSparse = true;
      pooling = ['max'];
      after.push(...spladeStages(await config()));
    } else if (pooling === null) refuseOrder(entry);
    else if (entry.kind === 'LayerNorm') after.push(readLayerNorm(entry.path, await config()));
    else if (entry.kind === 'Dense') after.push(readDense(entry.path, await config()));
    else if (entry.kind === 'Normalize') after.push({ kind: 'normalize' });
    // Nothing is dropped where nothing is trained.
    else if (entry.kind !== 'Dropout') refuseOrder(entry);
  }
  if (pooling === null) throw new ModelConfigError(`${MODULES_FILE} must have a Pooling`);
  return { transformer: transformer.path, pooling, after, isSparse };
}

function moduleEntries(list: unknown): readonly ModuleEntry[] {
  if (!Array.isArray(list)) throw new ModelConfigError(`${MODULES_FILE} must be a list`);
  if (list.length > 64) throw new ModelConfigError(`${MODULES_FILE} must have at most 64 modules`);
  return list.map((item, index) => {
    const fields = new ConfigFields(item, `${MODULES_FILE}[${index}]`);
    const kind = fields.text('type').split('.').at(-1) ?? '';
    return { kind, path: folderOf(fields), fields };
  });
}

/** What a folder's network may be: a sparse encoder's newer form is of the first kind too. */
const TRUNKS: readonly string[] = ['Transformer', 'MLMTransformer'];

/**
 * The largest score of each word over the text, then its weight: both rise with each other, so that one weight is made for
 * each word instead of one for each token and word.
 */
function spladeStages(fields: ConfigFields): readonly AfterPooling[] {
  if (fields.text('pooling_strategy', 'max') !== 'max') {
    fields.fail('pooling_strategy', '"max" (sums of SPLADE v1 are not supported)');
  }
  const weight = { kind: 'log1p_relu' } as const;
  const times = fields.oneOf('activation_function', { relu: 1, log1p_relu: 2 }, 'relu');
  return new Array<AfterPooling>(times).fill(weight);
}

/** Modules of sentence-transformers that change the vector and are not computed here. */
const NOT_COMPUTED: Readonly<Record<string, string>> = {
  BoW: 'counts words instead of running a network',
  CLIPModel: 'reads images',
  CNN: 'convolves the hidden states before they are pooled',
  LSTM: 'runs a recurrent network over the hidden states',
  Router: 'has one network for queries and one for documents',
  SparseStaticEmbedding: 'makes sparse vectors',
  SparseAutoEncoder: 'makes sparse vectors',
  Asym: 'has one network for queries and one for documents',
  StaticEmbedding: 'has a table of tokens instead of a network',
  WeightedLayerPooling: 'pools the outputs of all layers',
  WordEmbeddings: 'has a table of words instead of a network',
  WordWeights: 'weighs tokens by their word',
};

function refuseKind({ kind }: ModuleEntry): never {
  throw new ModelConfigError(
    `${MODULES_FILE}: the module ${kind} ${NOT_COMPUTED[kind] ?? ''}, which is not supported; ` +
      'supported are Transformer, Pooling, Dense, LayerNorm, Normalize and Dropout',
  );
}

function refuseOrder(entry: ModuleEntry | undefined): never {
  const order = 'a Transformer first, then one Pooling, then Dense, LayerNorm or Normalize';
  if (entry === undefined) throw new ModelConfigError(`${MODULES_FILE} must have ${order}`);
  return entry.fields.fail('type', order);
}

/** Weights and configs lie below the model's folder: a path never leads out of it. */
function folderOf(fields: ConfigFields): string {
  return modulePath(fields.text('path', '')) ?? fields.fail('path', 'the name of a folder');
}

async function moduleConfig(source: ModelSource, { path }: ModuleEntry): Promise<ConfigFields> {
  const name = join(path, 'config.json');
  const json = await source.json(name);
  if (json === null) throw new ModelConfigError(`${name} is missing`);
  return new ConfigFields(json, name);
}

function readDense(path: string, fields: ConfigFields): DenseModule {
  return {
    kind: 'dense',
    path,
    in: fields.size('in_features'),
    out: fields.size('out_features'),
    bias: fields.boolean('bias', true),
    activation: readActivation(fields),
  };
}

function readLayerNorm(path: string, fields: ConfigFields): LayerNormModule {
  return { kind: 'layer_norm', path, dim: fields.size('dimension') };
}

/** Named by its class, e.g. `torch.nn.modules.activation.Tanh`. */
function readActivation(fields: ConfigFields): DenseModule['activation'] {
  const name = fields.text('activation_function', 'torch.nn.modules.activation.Tanh');
  const last = name.split('.').at(-1) ?? '';
  const activation = Object.hasOwn(DENSE_ACTIVATIONS, last) ? DENSE_ACTIVATIONS[last] : undefined;
  if (activation !== undefined) return activation;
  if (last === 'PReLU') return 'prelu';
  const names = [...Object.keys(DENSE_ACTIVATIONS), 'PReLU'];
  return fields.fail('activation_function', `one of ${names.join(', ')}`);
}

import { join } from 'node:path';

import { ConfigFields, ModelConfigError } from '../families/config-fields.js';
import type { Pooling } from './family.js';
import type { ModelSource } from '../source/model-source.js';
import type { Activation } from '../families/model-config.js';

/** What a sentence-transformers folder does with hidden states: modules.json and a folder per module. */
export interface SentenceModules {
  readonly pooling: Pooling;
  /** After pooling, in order. */
  readonly after: readonly (DenseModule | { readonly kind: 'normalize' })[];
}

export interface DenseModule {
  readonly kind: 'dense';
  /** Folder of its config and weights, relative to the model's. */
  readonly path: string;
  readonly in: number;
  readonly out: number;
  readonly bias: boolean;
  readonly activation: Activation | null;
}

/** Activations of a Dense module by the last word of their `torch.nn.modules.…` class. */
const ACTIVATIONS: Readonly<Record<string, Activation | null>> = {
  Identity: null,
  Tanh: 'tanh',
  ReLU: 'relu',
  GELU: 'gelu',
  Sigmoid: 'sigmoid',
};
/** `pooling_mode` of a Pooling's config.json. */
const POOLING_MODES: Readonly<Record<string, Pooling>> = {
  cls: 'cls',
  mean: 'mean',
  lasttoken: 'last',
};
/** Flags of a Pooling's older config.json, one per mode, and what `pooling_mode` calls it. */
const POOLING_FLAGS: Readonly<Record<string, string>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_lasttoken: 'lasttoken',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
};

/** Null where the model has no modules.json. Throws {@link ModelConfigError} or ModelLoadError. */
export async function readSentenceModules(source: ModelSource): Promise<SentenceModules | null> {
  const list = await source.json('modules.json');
  if (list === null) return null;
  if (!Array.isArray(list)) throw new ModelConfigError('modules.json must be a list');
  let pooling: Pooling = 'mean';
  const after: SentenceModules['after'][number][] = [];
  for (const [index, item] of list.entries()) {
    const fields = new ConfigFields(item, `modules.json[${index}]`);
    const kind = fields.text('type').split('.').at(-1) ?? '';
    const path = modulePath(fields);
    if (kind === 'Pooling') pooling = readPooling(await moduleConfig(source, path));
    else if (kind === 'Dense') after.push(readDense(path, await moduleConfig(source, path)));
    else if (kind === 'Normalize') after.push({ kind: 'normalize' });
    else if (kind !== 'Transformer' || index > 0) refuseModule(fields);
  }
  return { pooling, after };
}

function refuseModule(fields: ConfigFields): never {
  fields.fail('type', 'a Transformer first, then Pooling, Dense or Normalize');
}

/** Weights and configs lie below the model's folder: a path never leads out of it. */
function modulePath(fields: ConfigFields): string {
  const path = fields.text('path', '');
  if (!/^[\w-]*$/.test(path)) fields.fail('path', 'the name of a folder');
  return path;
}

async function moduleConfig(source: ModelSource, path: string): Promise<ConfigFields> {
  const name = join(path, 'config.json');
  return new ConfigFields(await source.json(name), name);
}

function readPooling(fields: ConfigFields): Pooling {
  const flags = Object.keys(POOLING_FLAGS).filter((flag) => fields.boolean(flag, false));
  const modes = fields.has('pooling_mode')
    ? [fields.text('pooling_mode')]
    : flags.map((flag) => POOLING_FLAGS[flag] ?? flag);
  const mode = modes.join(' with ');
  const pooling = Object.hasOwn(POOLING_MODES, mode) ? POOLING_MODES[mode] : undefined;
  if (pooling !== undefined) return pooling;
  throw new ModelConfigError(
    `Pooling by ${mode === '' ? 'nothing' : mode} is not supported. ` +
      `Supported: ${Object.keys(POOLING_MODES).join(', ')}`,
  );
}

function readDense(path: string, fields: ConfigFields): DenseModule {
  const name = fields.text('activation_function', 'torch.nn.modules.activation.Tanh');
  const last = name.split('.').at(-1) ?? '';
  const activation = Object.hasOwn(ACTIVATIONS, last) ? ACTIVATIONS[last] : undefined;
  if (activation === undefined) {
    fields.fail('activation_function', `one of ${Object.keys(ACTIVATIONS).join(', ')}`);
  }
  return {
    kind: 'dense',
    path,
    in: fields.size('in_features'),
    out: fields.size('out_features'),
    bias: fields.boolean('bias', true),
    activation,
  };
}

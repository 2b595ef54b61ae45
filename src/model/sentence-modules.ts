import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ConfigFields, ModelConfigError } from './config-fields.js';
import type { Pooling } from './families/pooled-family.js';
import { ModelLoadError } from './load-error.js';
import type { Activation } from './pooled-plan.js';

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

/** Last words of `torch.nn.modules.…` classes. */
const ACTIVATIONS: Readonly<Record<string, Activation | null>> = {
  Identity: null,
  Tanh: 'tanh',
  ReLU: 'relu',
  GELU: 'gelu',
  Sigmoid: 'sigmoid',
};
/** As Pooling writes its config.json. */
const POOLING_FLAGS: Readonly<Record<string, Pooling | null>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_lasttoken: 'last',
  pooling_mode_max_tokens: null,
  pooling_mode_mean_sqrt_len_tokens: null,
  pooling_mode_weightedmean_tokens: null,
};

/** Null where the folder has no modules.json. Throws {@link ModelConfigError} or ModelLoadError. */
export async function readSentenceModules(folder: string): Promise<SentenceModules | null> {
  const list = await readJson(join(folder, 'modules.json'));
  if (list === null) return null;
  if (!Array.isArray(list)) throw new ModelConfigError('modules.json must be a list');
  let pooling: Pooling = 'mean';
  const after: SentenceModules['after'][number][] = [];
  for (const [index, item] of list.entries()) {
    const fields = new ConfigFields(item, `modules.json[${index}]`);
    const kind = fields.text('type').split('.').at(-1) ?? '';
    const path = modulePath(fields);
    if (kind === 'Pooling') pooling = readPooling(await moduleConfig(folder, path));
    else if (kind === 'Dense') after.push(readDense(path, await moduleConfig(folder, path)));
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

async function moduleConfig(folder: string, path: string): Promise<ConfigFields> {
  const name = join(path, 'config.json');
  return new ConfigFields(await readJson(join(folder, name)), name);
}

function readPooling(fields: ConfigFields): Pooling {
  const named = fields.has('pooling_mode') ? [`pooling_mode_${fields.text('pooling_mode')}`] : [];
  const set = Object.keys(POOLING_FLAGS).filter((flag) => fields.boolean(flag, false));
  const [flag, ...more] = named.length > 0 ? named.map(flagOf) : set;
  const pooling = flag === undefined ? undefined : POOLING_FLAGS[flag];
  if (more.length > 0 || pooling === undefined || pooling === null) {
    const modes = [flag, ...more].filter((mode) => mode !== undefined).join(' with ');
    throw new ModelConfigError(
      `Pooling by ${modes === '' ? 'nothing' : modes} is not supported. ` +
        'Supported: one of the modes cls_token, mean_tokens, lasttoken',
    );
  }
  return pooling;
}

/** `pooling_mode: "mean"` is the short form of `pooling_mode_mean_tokens: true`. */
function flagOf(name: string): string {
  return Object.hasOwn(POOLING_FLAGS, name)
    ? name
    : `${name}_tokens`.replace('cls_tokens', 'cls_token');
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

/** Null where there is no such file. */
async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelLoadError('bad_config', `${path} is not valid JSON.`, { cause });
  }
}

import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { ModelLoadError } from '../load-error.js';
import type { CheckpointTensor } from '../source/checkpoint.js';
import { ADAPTER_CONFIG, ADAPTER_FILE } from '../source/hub-cache.js';
import { readRegularText } from '../source/regular-file.js';
import { openWeightFile } from '../source/safetensors.js';
import { type AdapterConfig, parseAdapterConfig } from './adapter-config.js';

const PICKLE_FILE = 'adapter_model.bin';
const CONFIG_BYTES_MAX = 2 ** 20;
/** What peft puts before the names of the model's own modules. */
const WRAPPER = 'base_model.model.';

/** A module's pair, as its file has it: `a [rank, in]` and `b [out, rank]`. */
export interface AdapterPair {
  /** Of the module, as the model calls it. */
  readonly module: string;
  readonly a: CheckpointTensor;
  readonly b: CheckpointTensor;
  /** A has a column for each token: `lora_embedding_A`. */
  readonly isTable: boolean;
}

/** A tensor of the model, which peft may save beside A and B. */
export interface ModelCopy {
  /** As the model calls it. */
  readonly of: string;
  readonly tensor: CheckpointTensor;
}

/** What a folder that peft saved has, its headers checked; no weights are read. */
export interface AdapterFiles {
  readonly config: AdapterConfig;
  readonly pairs: readonly AdapterPair[];
  readonly copies: readonly ModelCopy[];
}

/** @throws ModelLoadError in a sentence that names the file or the tensor */
export async function openAdapter(folder: string): Promise<AdapterFiles> {
  const config = join(folder, ADAPTER_CONFIG);
  const text = await readRegularText(config, CONFIG_BYTES_MAX).catch((error: unknown) => {
    if (error instanceof ModelLoadError) throw error;
    throw missing(`${folder} is no LoRA adapter: it has no ${ADAPTER_CONFIG} that can be read.`);
  });
  const parsed = parseAdapterConfig(text, config);
  await requireSafetensors(folder);
  const { tensors } = await openWeightFile(folder, ADAPTER_FILE);
  return { config: parsed, ...sorted(tensors, join(folder, ADAPTER_FILE)) };
}

async function requireSafetensors(folder: string): Promise<void> {
  if (await isThere(join(folder, ADAPTER_FILE))) return;
  if (await isThere(join(folder, PICKLE_FILE))) {
    throw new ModelLoadError(
      'unsafe_format',
      `${folder} has only pickle weights (${PICKLE_FILE}), which can run code when opened; Radish reads ${ADAPTER_FILE} only.`,
    );
  }
  throw missing(`${folder} has no ${ADAPTER_FILE}.`);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** What a name says of its tensor. */
type Place =
  | {
      readonly kind: 'half';
      readonly module: string;
      readonly half: 'A' | 'B';
      readonly isTable: boolean;
    }
  | { readonly kind: 'copy'; readonly of: string };

function sorted(
  tensors: ReadonlyMap<string, CheckpointTensor>,
  path: string,
): Pick<AdapterFiles, 'pairs' | 'copies'> {
  const halves = new Map<string, Partial<Record<'A' | 'B', CheckpointTensor>>>();
  const tables = new Set<string>();
  const copies: ModelCopy[] = [];
  for (const tensor of tensors.values()) {
    const place = placeOf(tensor.name, path);
    if (place.kind === 'copy') copies.push({ of: place.of, tensor });
    else {
      const { module, half } = place;
      if (place.isTable) tables.add(module);
      halves.set(module, { ...halves.get(module), [half]: tensor });
    }
  }
  if (halves.size === 0) throw broken(`${path} has no A and no B of any layer.`);
  const pairs = [...halves].map(([module, { A, B }]): AdapterPair => {
    if (A === undefined || B === undefined) {
      throw broken(`${path} has no lora_${A === undefined ? 'A' : 'B'} of '${module}'.`);
    }
    return { module, a: A, b: B, isTable: tables.has(module) };
  });
  return { pairs, copies };
}

const LINEAR_HALF = /^(?<module>.+)\.lora_(?<half>[AB])(\.default)?\.weight$/;
const TABLE_HALF = /^(?<module>.+)\.lora_embedding_(?<half>[AB])(\.default)?$/;
const COPY = /^(?<module>.+?)(\.base_layer)?\.(?<field>weight|bias)$/;

/** What else an adapter may have saved, and what that would be. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/\.lora_magnitude_vector/, 'is of DoRA, which scales the weights themselves'],
  [/\.lora_B(\.default)?\.bias$/, 'is a bias in B'],
  [/\.token_adapter\./, 'is of single rows of the embedding table'],
];

function placeOf(name: string, path: string): Place {
  const own = name.startsWith(WRAPPER) ? name.slice(WRAPPER.length) : name;
  const linear = LINEAR_HALF.exec(own);
  const { module, half } = (linear ?? TABLE_HALF.exec(own))?.groups ?? {};
  if (module !== undefined && half !== undefined) {
    return { kind: 'half', module, half: half === 'A' ? 'A' : 'B', isTable: linear === null };
  }
  const other = OTHERS.find(([of]) => of.test(own));
  if (other !== undefined) {
    throw broken(`Tensor '${name}' in ${path} ${other[1]}, which is not supported.`);
  }
  const copy = COPY.exec(own)?.groups;
  if (copy !== undefined) return { kind: 'copy', of: `${copy['module']}.${copy['field']}` };
  throw broken(`Tensor '${name}' in ${path} is no lora_A and no lora_B of a layer.`);
}

function missing(message: string): ModelLoadError {
  return new ModelLoadError('folder_not_found', message);
}

function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message);
}

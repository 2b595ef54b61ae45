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
}

/** What a folder that peft saved has, its headers checked; no weights are read. */
export interface AdapterFiles {
  readonly config: AdapterConfig;
  readonly pairs: readonly AdapterPair[];
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
  return { config: parsed, pairs: pairsOf(tensors, join(folder, ADAPTER_FILE)) };
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

function pairsOf(tensors: ReadonlyMap<string, CheckpointTensor>, path: string): AdapterPair[] {
  const halves = new Map<string, Partial<Record<'A' | 'B', CheckpointTensor>>>();
  for (const tensor of tensors.values()) {
    const { module, half } = placeOf(tensor.name, path);
    halves.set(module, { ...halves.get(module), [half]: tensor });
  }
  if (halves.size === 0) throw broken(`${path} has no tensors.`);
  return [...halves].map(([module, { A, B }]) => {
    if (A === undefined || B === undefined) {
      throw broken(`${path} has no lora_${A === undefined ? 'A' : 'B'} of '${module}'.`);
    }
    return { module, a: A, b: B };
  });
}

function placeOf(
  name: string,
  path: string,
): { readonly module: string; readonly half: 'A' | 'B' } {
  const found = /^(?<module>.+)\.lora_(?<half>[AB])(\.default)?\.weight$/.exec(name);
  const { module, half } = found?.groups ?? {};
  if (module !== undefined && half !== undefined) {
    const own = module.startsWith(WRAPPER) ? module.slice(WRAPPER.length) : module;
    return { module: own, half: half === 'A' ? 'A' : 'B' };
  }
  const what = name.includes('lora_embedding_')
    ? 'is of the embedding table, which adapters cannot change here'
    : 'is no lora_A and no lora_B of a linear layer';
  throw broken(`Tensor '${name}' in ${path} ${what}.`);
}

function missing(message: string): ModelLoadError {
  return new ModelLoadError('folder_not_found', message);
}

function broken(message: string): ModelLoadError {
  return new ModelLoadError('bad_checkpoint', message);
}

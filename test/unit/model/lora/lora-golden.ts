import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { LoraWeights } from '../../../../src/core/lora.js';
import type { QuantizedFormat } from '../../../../src/core/model-spec.js';
import { readAdapter } from '../../../../src/model/lora/read-adapter.js';
import { prepareModel, type PreparedCheckpoint } from '../../../../src/model/prepare-model.js';
import { BUILD_DEPS } from '../../../doubles/build-deps.js';
import { goldenFolder } from '../golden.js';

/** What peft's merged weights computed; written by test/fixtures/make_lora_goldens.py. */
interface LoraGolden {
  /** Of test/fixtures/families. */
  readonly base: string;
  readonly inputIds: readonly number[];
  /** `[S][V]` */
  readonly logprobs: readonly (readonly number[])[];
}

const ADAPTERS = join(process.cwd(), 'test', 'fixtures', 'lora');

export function adapterFolder(name: string): string {
  return join(ADAPTERS, name);
}

export async function readLoraGolden(name: string): Promise<LoraGolden> {
  return JSON.parse(await readFile(join(ADAPTERS, name, 'golden.json'), 'utf8')) as LoraGolden;
}

/** A tiny model of which adapters may change all that they may. */
export function prepareWithLora(
  base: string,
  quantization: QuantizedFormat | 'none' = 'none',
): Promise<PreparedCheckpoint> {
  const folder = goldenFolder(base);
  return prepareModel(
    { folder, quantization, loadFormat: 'safetensors', contextLength: null, lora: 'all' },
    BUILD_DEPS,
  );
}

export function readFor({ lora }: PreparedCheckpoint, name: string): Promise<LoraWeights> {
  if (lora === null) throw new Error('the model takes no adapters');
  return readAdapter({
    folder: adapterFolder(name),
    recipe: lora,
    maxRank: 64,
    maxBytes: Infinity,
  });
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PreparedModel } from '../../../src/model/graph/contract.js';
import { prepareModel } from '../../../src/model/prepare-model.js';
import { BUILD_DEPS } from '../../doubles/build-deps.js';

/** What transformers computed; written by test/fixtures/make_goldens.py. */
export interface Golden {
  readonly inputIds: readonly number[];
  /** `[S][V]` */
  readonly logprobs: readonly (readonly number[])[];
  /** Position → `[H]`: after the final norm. */
  readonly hidden: Readonly<Record<string, readonly number[]>>;
  /** What the sequence asks for, where that is more than a model has without being asked. */
  readonly contextLength?: number;
  /** Layer → `[S][K]`, most probable first; only where layers route. */
  readonly experts?: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Tests run from the repository's root. */
const FAMILIES = join('test', 'fixtures', 'families');

export async function goldenNames(): Promise<readonly string[]> {
  return (await readdir(FAMILIES)).sort();
}

export async function readGolden(name: string): Promise<Golden> {
  return JSON.parse(await readFile(join(FAMILIES, name, 'golden.json'), 'utf8')) as Golden;
}

export function goldenFolder(name: string): string {
  return join(process.cwd(), FAMILIES, name);
}

/** The checkpoint as it is, in f32; what it has in other places than the plan is put there on this thread. */
export async function prepareGolden(
  name: string,
  requestedContext: number | null = null,
  { expandsLatents = false }: { readonly expandsLatents?: boolean } = {},
): Promise<PreparedModel> {
  const { contextLength = null } = await readGolden(name);
  const { spec, graph, weightsFolder, isBatchInvariant, target } = await prepareModel(
    {
      folder: goldenFolder(name),
      quantization: 'none',
      loadFormat: 'safetensors',
      contextLength: requestedContext ?? contextLength,
      expandsLatents,
    },
    BUILD_DEPS,
  );
  return { spec, graph, weightsFolder, isBatchInvariant, target };
}

/** Those whose latents can be kept in the place of keys and values: goldens have them so, and expanded where asked for. */
export async function latentNames(): Promise<readonly string[]> {
  const configs = (await goldenNames()).map(async (name) => {
    const text = await readFile(join(FAMILIES, name, 'config.json'), 'utf8');
    return text.includes('"kv_lora_rank"') ? [name] : [];
  });
  return (await Promise.all(configs)).flat();
}

/** The largest absolute difference, and where. */
export function largestError(
  actual: readonly Float32Array[],
  expected: readonly (readonly number[])[],
): number {
  let largest = actual.length === expected.length ? 0 : Infinity;
  actual.forEach((row, at) => {
    row.forEach((value, id) => {
      const error = Math.abs(value - (expected[at]?.[id] ?? NaN));
      largest = error <= largest ? largest : error;
    });
  });
  return largest;
}

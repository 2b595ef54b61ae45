import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BUILD_DEPS } from '../../doubles/build-deps.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';
import { prepareModel } from '../../../src/model/prepare-model.js';

/** What transformers computed; written by test/fixtures/make_pooled_goldens.py. */
export interface PooledGolden {
  /** The checkpoint embeds only where it is asked to. */
  readonly isEmbedding: boolean;
  readonly sequences: readonly {
    readonly tokens: readonly number[];
    readonly tokenTypes: readonly number[] | null;
    readonly vector: readonly number[];
  }[];
}

/** Tests run from the repository's root. */
const POOLED = join('test', 'fixtures', 'pooled');

export async function pooledNames(): Promise<readonly string[]> {
  return (await readdir(POOLED)).sort();
}

export function pooledFolder(name: string): string {
  return join(process.cwd(), POOLED, name);
}

export async function readPooledGolden(name: string): Promise<PooledGolden> {
  return JSON.parse(await readFile(join(POOLED, name, 'golden.json'), 'utf8')) as PooledGolden;
}

/** A folder as the server loads it; what it has in other places than the plan is put there on this thread. */
export async function preparePooled(folder: string, isEmbedding = false): Promise<PreparedModel> {
  const { spec, graph, weightsFolder, isBatchInvariant, target } = await prepareModel(
    { folder, quantization: 'auto', loadFormat: 'auto', contextLength: null, isEmbedding },
    BUILD_DEPS,
  );
  return { spec, graph, weightsFolder, isBatchInvariant, target };
}

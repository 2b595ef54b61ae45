import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { resolveContextLength } from '../../../src/model/families/context-length.js';
import { buildGraph } from '../../../src/model/graph/decoder-graph.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';
import { plainWeights } from '../../../src/model/weights/plain-weights.js';
import { readDecoder } from '../../../src/model/families/registry.js';
import { openCheckpoint } from '../../../src/model/source/safetensors.js';
import { modelSpec } from '../../../src/model/spec.js';
import { CPU_TARGET } from '../../../src/model/target.js';

/** What transformers computed; written by test/fixtures/make_goldens.py. */
export interface Golden {
  readonly inputIds: readonly number[];
  /** `[S][V]` */
  readonly logprobs: readonly (readonly number[])[];
  /** Position → `[H]`: after the final norm. */
  readonly hidden: Readonly<Record<string, readonly number[]>>;
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

/** The checkpoint as it is, in f32. */
export async function prepareGolden(
  name: string,
  requestedContext: number | null = null,
): Promise<PreparedModel> {
  const folder = goldenFolder(name);
  const model = readDecoder(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
  const { config, plan } = model;
  const checkpoint = await openCheckpoint(folder);
  const store = plainWeights(plan, checkpoint);
  const contextLength = resolveContextLength(config, requestedContext);
  const spec = modelSpec(model, {
    contextLength,
    format: store.format,
    weightBytes: store.totalBytes,
    kvType: 'f32',
  });
  return {
    spec,
    graph: buildGraph(model, store, { contextLength }),
    weightsFolder: store.folder,
    isBatchInvariant: true,
    target: CPU_TARGET,
  };
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

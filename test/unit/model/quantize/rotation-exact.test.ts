import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import t, { type Test } from 'tap';

import { buildGraph } from '../../../../src/model/graph/decoder-graph.js';
import type { PreparedModel } from '../../../../src/model/graph/contract.js';
import type { LinearJob, QuantizeJob } from '../../../../src/model/quantize/job.js';
import { NONE_KEPT } from '../../../../src/model/quantize/kept-linears.js';
import { CacheLayout, WEIGHTS_FILE } from '../../../../src/model/quantize/layout.js';
import { CPU_TARGET } from '../../../../src/model/target.js';
import { planQuantization } from '../../../../src/model/quantize/recipe.js';
import { runQuantizeJob } from '../../../../src/model/quantize/run-job.js';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { openCheckpoint } from '../../../../src/model/source/safetensors.js';
import { modelSpec } from '../../../../src/model/spec.js';
import {
  weightStore,
  type PlainLinear,
  type TensorRef,
} from '../../../../src/model/weights/weight-store.js';
import { Teacher } from '../../../bench/quality/teacher.js';
import { goldenFolder, prepareGolden, readGolden } from '../golden.js';

/** GQA, tied and untied, biases on every linear, q/k norms, experts, heads of 20 = 5 · 4. */
const NAMES = [
  'llama-plain',
  'llama-tied',
  'llama-bias',
  'llama-head-20',
  'qwen2',
  'qwen3',
  'qwen2-moe',
];

/**
 * The recipe's jobs with their rotations but without their rounding: every weight stays f32, in the
 * rotated basis. The run-time Hadamard belongs to the rounded formats, so `down` does without.
 */
class Unrounded {
  readonly layout = new CacheLayout();
  readonly tensors: Record<string, TensorRef> = {};
  readonly linears: Record<string, PlainLinear> = {};

  job(job: QuantizeJob): QuantizeJob {
    if (job.kind === 'linear') return this.#linear(job);
    if (job.kind === 'rotation') throw new Error('no rows are turned back');
    const shape = job.kind === 'ones' ? [job.count] : job.source.shape;
    const { offset } = this.layout.place('f32', shape);
    return job.kind === 'ones' ? { ...job, offset } : { ...job, dtype: 'f32', offset };
  }

  #linear(job: LinearJob): LinearJob {
    const { offset } = this.layout.place('f32', [job.out, job.in]);
    const bias = job.biasOffset === null ? null : this.layout.place('f32', [job.out]);
    let row = 0;
    const rowsFrom = (base: number, width: number, count: number): TensorRef => ({
      file: WEIGHTS_FILE,
      offset: base + row * width * 4,
      byteLength: count * width * 4,
      dtype: 'f32',
      shape: width === 1 ? [count] : [count, width],
    });
    const parts = job.parts.map(({ weight }) => {
      const count = weight.shape[0] ?? 0;
      const part = {
        weight: { ...rowsFrom(offset, job.in, count), shape: [count, job.in] },
        bias: bias === null ? null : rowsFrom(bias.offset, 1, count),
      };
      row += count;
      return part;
    });
    // A linear of several matrices has a job for each, in the order of its parts.
    const before = this.linears[job.name]?.parts ?? [];
    this.linears[job.name] = { format: 'none', parts: [...before, ...parts] };
    const isHadamard = job.name.endsWith('down') && job.inputStep?.rotation.size === 32;
    const inputStep = isHadamard ? null : job.inputStep;
    const biasOffset = bias?.offset ?? null;
    return { ...job, encoding: 'f32', inputStep, weightOffset: offset, biasOffset };
  }
}

async function prepareRotated(test: Test, name: string): Promise<PreparedModel> {
  const folder = goldenFolder(name);
  const model = readDecoder(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
  const { config, plan } = model;
  const checkpoint = await openCheckpoint(folder);
  const out = test.testdir({});
  const file = join(out, WEIGHTS_FILE);
  const { map, jobs } = planQuantization(
    { plan, config, checkpoint, target: CPU_TARGET, kept: NONE_KEPT, texts: null },
    'w8a8_int8',
    file,
  );
  const unrounded = new Unrounded();
  const exact = jobs.map((job) => ({ from: job, to: unrounded.job(job) }));
  const moved = new Map(exact.map(({ from, to }) => [placeOf(from), placeOf(to)]));
  const tensors = Object.entries(map.tensors).map(([tensor, ref]) => {
    const [rows = 1, columns = 1] = ref.shape;
    const offset = moved.get(ref.offset) ?? NaN;
    return [tensor, { ...ref, dtype: 'f32', offset, byteLength: rows * columns * 4 }] as const;
  });
  await writeFile(file, '');
  await truncate(file, unrounded.layout.fileBytes);
  for (const { to } of exact) runQuantizeJob(to);
  const contextLength = config.derivedContextLength;
  const { linears } = unrounded;
  const store = weightStore(out, {
    format: 'none',
    totalBytes: 0,
    linears,
    tensors: Object.fromEntries(tensors),
  });
  const spec = modelSpec(model, {
    contextLength,
    format: 'none',
    weightBytes: 0,
    kvType: 'f32',
  });
  const graph = buildGraph(model, store, { contextLength });
  return { spec, graph, weightsFolder: out, target: CPU_TARGET, isBatchInvariant: true };
}

function placeOf(job: QuantizeJob): number {
  return job.kind === 'linear' ? job.weightOffset : job.offset;
}

async function logits(model: PreparedModel, tokens: readonly number[]): Promise<Float32Array> {
  const teacher = await Teacher.load(model, tokens.length, 1);
  try {
    return await teacher.logits(tokens);
  } finally {
    await teacher.release();
  }
}

for (const name of NAMES) {
  t.test(`${name}: rotating alone leaves the logits as they were`, async (t) => {
    const { inputIds } = await readGolden(name);
    const plain = await logits(await prepareGolden(name), inputIds);
    const rotated = await logits(await prepareRotated(t, name), inputIds);
    const largest = plain.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (rotated[i] ?? NaN))),
      0,
    );
    t.ok(largest <= 1e-4, `largest difference ${largest}`);
    t.ok(
      rotated.some((value, i) => value !== plain[i]),
      'and it is another computation',
    );
  });
}

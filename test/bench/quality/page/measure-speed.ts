import { measureRates, type EngineSide } from '../../engine/rates.js';
import { serverSide } from '../../engine/server-side.js';
import { roomFor, workloads, type Workload } from '../../engine/workload.js';
import { startLlamaServer } from '../../lib/llama-server.js';
import { startRadish } from '../../lib/radish-server.js';
import { withSides } from '../../lib/side.js';
import type { PageFormat, RadishFormat } from './formats.js';
import type { LlamaTools } from './llama-tools.js';
import type { PageModels } from './models.js';
import type { Speed } from './results.js';

const PREFILL = 'prefill 512';
const [DECODE_1, DECODE_8] = ['decode B=1 at 64', 'decode B=8 at 64'];
const PARTS = [PREFILL, DECODE_1, DECODE_8];

export interface SpeedOptions {
  readonly rounds: number;
  readonly threads: string;
  /** Decoded tokens of a request. */
  readonly steps: number;
}

/** A server for each format, all at once, asked over HTTP in turn. */
export async function measureSpeed(
  formats: readonly PageFormat[],
  { models, tools }: { readonly models: PageModels; readonly tools: LlamaTools },
  { rounds, threads, steps }: SpeedOptions,
): Promise<ReadonlyMap<string, Speed>> {
  const workloadsOf = (round: number): Workload[] =>
    workloads(round, { numPrompts: 1, steps }, { parts: PARTS, hasLong: false });
  const room = roomFor(workloadsOf(0));
  const starts = formats.map((format) => async (): Promise<EngineSide> => {
    if (format.engine === 'radish') return radishSide(format, models, threads);
    const gguf = await models.gguf(format.id);
    const options = { binary: `${tools.binaries}/llama-server`, gguf, threads, ...room };
    return serverSide(format.id, await startLlamaServer(options, ['--cache-ram', '0']));
  });
  const rates = await withSides(starts, (sides) => measureRates(sides, rounds, workloadsOf));
  const ratesOf = (label: string, id: string) => rates.get(label)?.get(id) ?? [];
  const speedOf = (id: string): Speed => ({
    decode1: ratesOf(DECODE_1, id),
    decode8: ratesOf(DECODE_8, id),
    prefill: ratesOf(PREFILL, id),
  });
  return new Map(formats.map(({ id }) => [id, speedOf(id)]));
}

async function radishSide(
  format: RadishFormat,
  models: PageModels,
  threads: string,
): Promise<EngineSide> {
  const { id, quantization, kvCacheDtype } = format;
  const formatFlags = ['--quantization', quantization, '--kv-cache-dtype', kvCacheDtype];
  const path = await models.sourceOf(format);
  const server = await startRadish([
    '--model-path',
    path,
    '--num-threads',
    threads,
    ...formatFlags,
  ]);
  return serverSide(id, server);
}

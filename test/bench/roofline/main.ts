/**
 * How near the device alone comes to the machine's own limits, which are measured between its steps:
 * `node dist/test/bench/roofline/main.js --model-path FOLDER`. See ../README.md.
 */
import { parseArgs } from 'node:util';

import type { Quantization } from '../../../src/model/quantize/format.js';
import { DeviceAlone } from '../lib/device-alone.js';
import { RandomIds } from '../lib/random-ids.js';
import { machineFacts, median, table } from '../lib/report.js';
import { boundsOf, CostModel, sumOf, type Cost, type Run } from './cost.js';
import { LimitGauge, type Limits } from './limits.js';

const { values } = parseArgs({
  options: {
    'model-path': { type: 'string' },
    dummy: { type: 'string' },
    quantization: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '16' },
  },
});

/** Rows of one run of the device; 512 are two of them. */
const RUN_ROWS = 256;
const PREFILLS = [256, 512];
const BATCHES = [1, 8, 16, 32];
const CONTEXTS = [64, 300, 900];
const NUM_SLOTS = 32;

/** One step kind of one round. */
interface Sample {
  readonly kind: string;
  readonly ms: number;
  readonly costs: readonly Cost[];
}

class Roofline {
  constructor(
    private readonly device: DeviceAlone,
    private readonly model: CostModel,
    private readonly gauge: LimitGauge,
  ) {}

  /** Limits before, between and after. */
  async round(
    seed: number,
    contexts: readonly number[],
  ): Promise<{ samples: Sample[]; limits: Limits[] }> {
    const random = new RandomIds(seed);
    const limits = [await this.gauge.measure()];
    const samples: Sample[] = [];
    for (const numTokens of PREFILLS) {
      const ms = await this.device.prefill([random.ids(numTokens)]);
      await this.device.free([0]);
      samples.push({ kind: `prefill ${numTokens}`, ms, costs: this.#prefillCosts(numTokens) });
    }
    const slots = Array.from({ length: NUM_SLOTS }, (_, slot) => slot);
    await this.device.prefill(slots.map(() => random.ids(2)));
    for (const context of contexts) {
      for (const slot of slots) {
        await this.device.extend(slot, random.ids(context - this.device.lengthOf(slot)));
      }
      for (const batch of BATCHES) {
        samples.push(await this.#decode(slots.slice(0, batch), context));
      }
      limits.push(await this.gauge.measure());
    }
    await this.device.free(slots);
    return { samples, limits };
  }

  /** The median of some steps, each a token longer than the one before; the cost is that of the middle one. */
  async #decode(slots: readonly number[], context: number): Promise<Sample> {
    const times: number[] = [];
    const numSteps = Number(values.steps);
    const keysOfRows = slots.map((slot) => this.device.lengthOf(slot) + Math.ceil(numSteps / 2));
    for (let step = 0; step < numSteps; step++) times.push(await this.device.decode(slots));
    const keysRead = keysOfRows.reduce((sum, keys) => sum + keys, 0);
    const run: Run = { keysOfRows, keysRead, numHeadRows: slots.length };
    const kind = `decode B=${slots.length} at ${context}`;
    return { kind, ms: median(times), costs: [this.model.cost(run)] };
  }

  #prefillCosts(numTokens: number): Cost[] {
    return Array.from({ length: numTokens / RUN_ROWS }, (_, i) => {
      const first = i * RUN_ROWS;
      const keysOfRows = Array.from({ length: RUN_ROWS }, (_, row) => first + row + 1);
      const isLast = first + RUN_ROWS === numTokens;
      return this.model.cost({
        keysOfRows,
        keysRead: first + RUN_ROWS,
        numHeadRows: isLast ? 1 : 0,
      });
    });
  }
}

/** The most that was measured: what took part of the machine meanwhile is no limit of it. */
function best(all: readonly Limits[]): Limits {
  const most = (of: (limits: Limits) => number) => Number(Math.max(...all.map(of)).toFixed(1));
  return {
    int8Gops: most(({ int8Gops }) => int8Gops),
    f32Gflops: most(({ f32Gflops }) => f32Gflops),
    readGBps: most(({ readGBps }) => readGBps),
    copyGBps: most(({ copyGBps }) => copyGBps),
  };
}

interface Line {
  readonly step: string;
  /** Median of the rounds. */
  readonly ms: number;
  /** The least that the limits allow. */
  readonly boundMs: number;
  /** Of the measured time: what each limit alone would need. */
  readonly matmulShare: number;
  readonly attentionShare: number;
  readonly bandwidthShare: number;
  readonly boundShare: number;
}

function lines(
  samples: readonly Sample[],
  limits: Limits,
  { format }: DeviceAlone['spec'],
): Line[] {
  return [...new Set(samples.map(({ kind }) => kind))].map((step) => {
    const all = samples.filter(({ kind }) => kind === step);
    const ms = median(all.map((sample) => sample.ms));
    const bounds = sumOf((all[0]?.costs ?? []).map((cost) => boundsOf(cost, limits, format)));
    const share = (part: number) => Number((part / ms).toFixed(3));
    return {
      step,
      ms: Number(ms.toFixed(2)),
      boundMs: Number(bounds.totalMs.toFixed(2)),
      matmulShare: share(bounds.matmulMs),
      attentionShare: share(bounds.attentionMs),
      bandwidthShare: share(bounds.bandwidthMs),
      boundShare: share(bounds.totalMs),
    };
  });
}

function print(results: readonly Line[], limits: Limits, facts: object): void {
  console.log(JSON.stringify({ bench: 'roofline', ...facts, ...machineFacts(), limits, results }));
  const { int8Gops, f32Gflops, readGBps, copyGBps } = limits;
  console.log(`int8 ${int8Gops} GOP/s, f32 ${f32Gflops} GFLOP/s, read ${readGBps} GB/s`);
  console.log(`copy, one thread ${copyGBps} GB/s`);
  const header = ['step', 'ms', 'bound ms', 'bound', 'matmuls', 'attention', 'bandwidth'];
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const rows = results.map((line) => [
    line.step,
    line.ms.toFixed(2),
    line.boundMs.toFixed(2),
    ...[line.boundShare, line.matmulShare, line.attentionShare, line.bandwidthShare].map(percent),
  ]);
  console.log(table(header, rows));
}

async function main(): Promise<void> {
  const folder = values['model-path'] ?? values.dummy;
  if (folder === undefined) throw new Error('--model-path FOLDER or --dummy FOLDER is needed');
  const loadFormat = values['model-path'] === undefined ? 'dummy' : 'auto';
  const quantization = values.quantization as Quantization;
  const numThreads = Number(values.threads);
  const slotLength = Math.max(...CONTEXTS) + BATCHES.length * Number(values.steps) + 2;
  const room = { numSlots: NUM_SLOTS, slotLength: slotLength + (slotLength % 2) };
  const device = await DeviceAlone.open({ folder, loadFormat, quantization, numThreads }, room);
  const model = await CostModel.of(device.spec, folder);
  const roofline = new Roofline(device, model, await LimitGauge.open(numThreads));
  const samples: Sample[] = [];
  const limits: Limits[] = [];
  // Round -1 warms up: first runs allocate, and sessions choose their kernels.
  for (let round = -1; round < Number(values.rounds); round++) {
    const contexts = round < 0 ? CONTEXTS.slice(0, 1) : CONTEXTS;
    const result = await roofline.round(round + 2, contexts);
    if (round >= 0) samples.push(...result.samples);
    limits.push(...result.limits);
    console.error(round < 0 ? 'warmed up' : `round ${round + 1} of ${values.rounds}`);
  }
  const { format } = device.spec;
  const facts = { model: folder, format, threads: numThreads, rounds: Number(values.rounds) };
  const most = best(limits);
  print(lines(samples, most, device.spec), most, facts);
}

await main();
// Sessions keep their threads.
process.exit(0);

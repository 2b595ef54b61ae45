/**
 * What a decoded token costs as its context grows, and as more requests run, by the device alone:
 * `node dist/test/bench/growth/main.js --model-path FOLDER`. See ../README.md; the radix tree has ../radix/.
 */
import { parseArgs } from 'node:util';

import type { Quantization } from '../../../src/model/quantize/format.js';
import { DeviceAlone, type DeviceModel } from '../lib/device-alone.js';
import { RandomIds } from '../lib/random-ids.js';
import { machineFacts, median, table } from '../lib/report.js';

const { values } = parseArgs({
  options: {
    'model-path': { type: 'string' },
    dummy: { type: 'string' },
    quantization: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '32' },
    'max-context': { type: 'string', default: '8192' },
    'max-requests': { type: 'string', default: '64' },
  },
});

const FIRST_CONTEXT = 128;
const SEED = 1;
const NUM_STEPS = Number(values.steps);

interface Line {
  readonly requests: number;
  /** Of each request, when its steps begin. */
  readonly context: number;
  /** Medians of the steps. */
  readonly msPerStep: number;
  readonly msPerToken: number;
}

/** `first`, twice as much, …, as far as `last`. */
function doublings(first: number, last: number): number[] {
  const all: number[] = [];
  for (let value = first; value <= last; value *= 2) all.push(value);
  return all;
}

/** One request whose context grows: by its prompt, which goes on behind what was decoded. */
async function overContexts(model: DeviceModel): Promise<Line[]> {
  // What is decoded at a length ends there.
  const contexts = doublings(FIRST_CONTEXT, Number(values['max-context']));
  const slotLength = Number(values['max-context']);
  const device = await DeviceAlone.open(model, { numSlots: 1, slotLength });
  const random = new RandomIds(SEED);
  await device.prefill([random.ids(2)]);
  await steps(device, [0]);
  const lines: Line[] = [];
  for (const context of contexts) {
    await device.extend(0, random.ids(context - NUM_STEPS - device.lengthOf(0)));
    lines.push(await steps(device, [0]));
    console.error(`context ${context}`);
  }
  await device.close();
  return lines;
}

/** More and more requests, each with the same context. */
async function overRequests(model: DeviceModel): Promise<Line[]> {
  const counts = doublings(1, Number(values['max-requests']));
  const slotLength = FIRST_CONTEXT + NUM_STEPS + (NUM_STEPS % 2);
  const device = await DeviceAlone.open(model, { numSlots: counts.at(-1) ?? 1, slotLength });
  const random = new RandomIds(SEED);
  const lines: Line[] = [];
  for (const count of counts) {
    const slots = Array.from({ length: count }, (_, slot) => slot);
    await device.prefill(slots.map(() => random.ids(FIRST_CONTEXT)));
    lines.push(await steps(device, slots));
    await device.free(slots);
    console.error(`${count} requests`);
  }
  await device.close();
  return lines;
}

async function steps(device: DeviceAlone, slots: readonly number[]): Promise<Line> {
  const context = device.lengthOf(0);
  const times: number[] = [];
  for (let step = 0; step < NUM_STEPS; step++) times.push(await device.decode(slots));
  const ms = median(times);
  return {
    requests: slots.length,
    context,
    msPerStep: Number(ms.toFixed(3)),
    msPerToken: Number((ms / slots.length).toFixed(3)),
  };
}

async function main(): Promise<void> {
  const folder = values['model-path'] ?? values.dummy;
  if (folder === undefined) throw new Error('--model-path FOLDER or --dummy FOLDER is needed');
  const model: DeviceModel = {
    folder,
    loadFormat: values['model-path'] === undefined ? 'dummy' : 'auto',
    quantization: values.quantization as Quantization,
    numThreads: Number(values.threads),
  };
  const results = [...(await overContexts(model)), ...(await overRequests(model))];
  const facts = { model: folder, quantization: model.quantization, threads: model.numThreads };
  const machine = machineFacts();
  console.log(JSON.stringify({ bench: 'growth', ...facts, steps: NUM_STEPS, ...machine, results }));
  const header = ['requests', 'context', 'ms a step', 'ms a token'];
  const rows = results.map((line) => [
    String(line.requests),
    String(line.context),
    line.msPerStep.toFixed(2),
    line.msPerToken.toFixed(3),
  ]);
  console.log(table(header, rows));
}

await main();
// Sessions keep their threads.
process.exit(0);

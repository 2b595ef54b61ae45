/**
 * Latent attention with its latents in the cache, and with keys and values of all heads, by the device alone, in turn:
 * `node dist/test/bench/latent/main.js --dummy FOLDER`. See ../README.md.
 */
import { parseArgs } from 'node:util';

import { kvBytesPerToken } from '../../../src/core/model-spec.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { DeviceAlone, type DeviceModel } from '../lib/device-alone.js';
import { RandomIds } from '../lib/random-ids.js';
import { machineFacts, median, table } from '../lib/report.js';

const { values } = parseArgs({
  options: {
    dummy: { type: 'string' },
    quantization: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '8' },
    prefill: { type: 'string', multiple: true, default: ['512', '2048'] },
    requests: { type: 'string', multiple: true, default: ['1', '8'] },
    context: { type: 'string', multiple: true, default: ['64', '300', '2000'] },
  },
});

const SEED = 1;
const ROUNDS = Number(values.rounds);
const NUM_STEPS = Number(values.steps);

interface Sides {
  readonly latents: DeviceAlone;
  readonly heads: DeviceAlone;
}

interface Line {
  readonly label: string;
  /** Medians over the rounds, milliseconds: of a prompt, or of a step. */
  readonly latents: number;
  readonly heads: number;
  /** Median of what each pair of rounds says: above 1 latents are faster. */
  readonly ratio: number;
}

/** Both sides in turn, after one round of each that does not count. */
async function line(
  label: string,
  { latents, heads }: Sides,
  measure: (device: DeviceAlone) => Promise<number>,
): Promise<Line> {
  const pairs: { latents: number; heads: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    pairs.push({ latents: await measure(latents), heads: await measure(heads) });
  }
  const counted = pairs.slice(1);
  console.error(label);
  return {
    label,
    latents: median(counted.map((pair) => pair.latents)),
    heads: median(counted.map((pair) => pair.heads)),
    ratio: median(counted.map((pair) => pair.heads / pair.latents)),
  };
}

async function prefillLine(sides: Sides, numTokens: number): Promise<Line> {
  return line(`prefill ${numTokens}`, sides, async (device) => {
    const ms = await device.prefill([new RandomIds(SEED).ids(numTokens)]);
    await device.free([0]);
    return ms;
  });
}

async function decodeLine(sides: Sides, requests: number, context: number): Promise<Line> {
  const slots = Array.from({ length: requests }, (_, slot) => slot);
  const random = new RandomIds(SEED);
  const prompts = slots.map(() => random.ids(context));
  for (const device of [sides.latents, sides.heads]) await device.prefill(prompts);
  const result = await line(`decode B=${requests} at ${context}`, sides, async (device) => {
    const times: number[] = [];
    for (let step = 0; step < NUM_STEPS; step++) times.push(await device.decode(slots));
    return median(times);
  });
  for (const device of [sides.latents, sides.heads]) await device.free(slots);
  return result;
}

async function main(): Promise<void> {
  const { dummy: folder } = values;
  if (folder === undefined) throw new Error('--dummy FOLDER is needed');
  const model: DeviceModel = {
    folder,
    loadFormat: 'dummy',
    quantization: values.quantization as Quantization,
    numThreads: Number(values.threads),
  };
  const [prefills, requests, contexts] = [values.prefill, values.requests, values.context].map(
    (texts) => texts.map(Number),
  ) as [number[], number[], number[]];
  const longest = Math.max(...contexts) + (ROUNDS + 1) * NUM_STEPS;
  const slotLength = Math.max(...prefills, longest + (longest % 2));
  const room = { numSlots: Math.max(...requests), slotLength };
  const sides = {
    latents: await DeviceAlone.open(model, room),
    heads: await DeviceAlone.open({ ...model, expandsLatents: true }, room),
  };
  const bytesPerToken = {
    latents: kvBytesPerToken(sides.latents.spec),
    heads: kvBytesPerToken(sides.heads.spec),
  };
  const results: Line[] = [];
  for (const numTokens of prefills) results.push(await prefillLine(sides, numTokens));
  for (const count of requests) {
    for (const context of contexts) results.push(await decodeLine(sides, count, context));
  }
  const facts = { model: folder, format: sides.latents.spec.format, threads: model.numThreads };
  console.log(
    JSON.stringify({ bench: 'latent', ...facts, ...machineFacts(), bytesPerToken, results }),
  );
  const header = ['ms', 'latents', 'heads', 'heads / latents'];
  const rows = results.map(({ label, latents, heads, ratio }) => [
    label,
    latents.toFixed(1),
    heads.toFixed(1),
    ratio.toFixed(2),
  ]);
  console.log(table(header, rows));
}

await main();
// Sessions keep their threads.
process.exit(0);

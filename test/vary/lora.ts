import { LoraStore } from '../../src/device/lora/lora-store.js';
import { readAdapter } from '../../src/model/lora/read-adapter.js';
import { firstDifference } from '../unit/model/bit-checks.js';
import { type Golden, largestError } from '../unit/model/golden.js';
import { prepareWithLora } from '../unit/model/lora/lora-golden.js';
import { GraphRunner } from '../unit/model/run-graph.js';

const FORMATS = ['w8a8_int8', 'int8', 'int4'] as const;
/** The adapter, under this id. */
const ID = 3;
const SLOTS = 4;

/** What peft computes with an adapter of test/fixtures/vary_lora.py. */
export interface AdapterGolden extends Golden {
  /** Of test/fixtures/families. */
  readonly base: string;
}

type Make = (of: (slot: number) => number, numThreads?: number) => Promise<GraphRunner>;

async function prepare(
  folder: string,
  { base }: AdapterGolden,
  format: (typeof FORMATS)[number] | 'none',
): Promise<Make> {
  const model = await prepareWithLora(base, format);
  const store = new LoraStore(model.spec.lora ?? []);
  const { lora: recipe } = model;
  if (recipe === null) throw new Error('the model takes no adapters');
  store.load(ID, await readAdapter({ folder, recipe, maxRank: 64, maxBytes: Infinity }));
  return (of, numThreads = 1) =>
    GraphRunner.create(model, { slots: SLOTS, numThreads, lora: { store, of } });
}

/** Whole, in chunks, and decoded, beside rows without an adapter. */
export async function adapterError(folder: string, golden: AdapterGolden): Promise<number> {
  const { inputIds, logprobs } = golden;
  const make = await prepare(folder, golden, 'none');
  const runner = await make((slot) => (slot === 1 ? 0 : ID));
  const errors = [largestError(await runner.extend(0, 0, inputIds, null), logprobs)];
  errors.push(largestError(await runner.prefillInChunks(2, inputIds, 5), logprobs));
  for (const at of [3, 8, inputIds.length - 1]) {
    await runner.extend(0, 0, inputIds.slice(0, at), null);
    const row = { token: inputIds[at] ?? 0, position: at };
    const [decoded] = await runner.decode([row, { ...row, position: 2 }]);
    errors.push(largestError([decoded ?? new Float32Array()], logprobs.slice(at, at + 1)));
  }
  return errors.reduce((most, error) => (error <= most ? most : error));
}

/** Where the same tokens give other bits: on two threads, in chunks, decoded in a batch. */
export async function adapterBits(
  folder: string,
  golden: AdapterGolden,
  format: (typeof FORMATS)[number] | 'none' = 'none',
): Promise<readonly string[]> {
  const { inputIds } = golden;
  const make = await prepare(folder, golden, format);
  const one = await make(() => ID);
  const whole = await one.extend(0, 0, inputIds, null);
  const found: string[] = [];
  const check = (how: string, rows: readonly Float32Array[], as: readonly Float32Array[]): void => {
    if (firstDifference(rows, as) !== null) found.push(how);
  };
  check('on two threads', await (await make(() => ID, 2)).extend(0, 0, inputIds, null), whole);
  for (const chunk of [1, 3, 8]) {
    check(`in chunks of ${chunk}`, await one.prefillInChunks(0, inputIds, chunk), whole);
  }
  const mixed = await make((slot) => (slot === 1 ? 0 : ID));
  const rows = Array.from({ length: SLOTS }, (_, slot) => ({
    position: 3 + 2 * slot,
    token: inputIds.at(-1 - slot) ?? 0,
  }));
  const alone: Float32Array[] = [];
  for (const [slot, row] of rows.entries()) {
    await mixed.extend(slot, 0, inputIds.slice(0, row.position), null);
    const own = slot === 1 ? await make(() => 0) : one;
    await own.extend(0, 0, inputIds.slice(0, row.position), null);
    alone.push(...(await own.decode([row])));
  }
  check('in a batch', await mixed.decode(rows), alone);
  return found;
}

/** `format=KL` of each format in nats per token, and where its bits differ; or why it is none. */
export async function adapterKls(folder: string, golden: AdapterGolden): Promise<string> {
  const { inputIds, logprobs } = golden;
  const found: string[] = [];
  for (const format of FORMATS) {
    try {
      const runner = await (await prepare(folder, golden, format))(() => ID);
      const rows = await runner.extend(0, 0, inputIds, null);
      const plain = await (await prepare(folder, golden, 'none'))(() => ID);
      const own = await plain.extend(0, 0, inputIds, null);
      const kls = rows.map((row, at) => klOf(own[at] ?? row, row));
      const mean = kls.reduce((sum, kl) => sum + kl, 0) / logprobs.length;
      const bits = await adapterBits(folder, golden, format);
      found.push([`${format}=${mean.toFixed(5)}`, ...bits].join(' OTHER BITS '));
    } catch (error) {
      found.push(`${format}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found.join(' ');
}

function klOf(of: Float32Array, to: Float32Array): number {
  return of.reduce((sum, logprob, id) => sum + Math.exp(logprob) * (logprob - (to[id] ?? NaN)), 0);
}

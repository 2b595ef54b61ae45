/**
 * Prefill and decode tokens per second of the whole server beside its peers, in interleaved rounds:
 * `node dist/test/bench/engine/main.js --model-path FOLDER --gguf FILE [--llama-server BINARY]
 * [--openvino PYTHON] [--lines TEXT] [-- SERVER_FLAGS]`. See ../README.md.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

import { forkSide } from '../lib/child-side.js';
import { peerStarts } from '../lib/peers.js';
import { startRadish } from '../lib/radish-server.js';
import { machineFacts, median, table } from '../lib/report.js';
import { residentOf } from '../lib/resident.js';
import { withSides } from '../lib/side.js';
import { openVinoSide } from './openvino-side.js';
import { measureRates, type EngineSide, type Rates } from './rates.js';
import { serverSide } from './server-side.js';
import { roomFor, workloads, type Workload } from './workload.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'model-path': { type: 'string' },
    dummy: { type: 'string' },
    gguf: { type: 'string' },
    'llama-server': { type: 'string' },
    openvino: { type: 'string' },
    'no-llama-cpp': { type: 'boolean', default: false },
    lines: { type: 'string', multiple: true, default: [] },
    long: { type: 'boolean', default: false },
    quantization: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    prompts: { type: 'string', default: '3' },
    steps: { type: 'string', default: '64' },
    direct: { type: 'boolean', default: false },
  },
});

const RADISH = 'radish';
const DIRECT = 'radish-direct';
const LLAMA = 'llama.cpp';

interface Measured {
  readonly rates: Rates;
  /** Resident memory of each side after all rounds. */
  readonly rssMiB: Readonly<Record<string, number | null>>;
}

function workloadsOf(round: number): Workload[] {
  const size = { numPrompts: Number(values.prompts), steps: Number(values.steps) };
  return workloads(round, size, { parts: values.lines, hasLong: values.long });
}

async function measure(sides: readonly EngineSide[]): Promise<Measured> {
  const rates = await measureRates(sides, Number(values.rounds), workloadsOf);
  return { rates, rssMiB: await residentOf(sides) };
}

interface Line {
  readonly workload: string;
  /** Medians, tokens per second. */
  readonly tokensPerSecond: Readonly<Record<string, number>>;
  /** Of each side to the server, pair by pair; the median of the rounds. */
  readonly radishRatioTo: Readonly<Record<string, number>>;
}

function lines(rates: Rates): Line[] {
  return [...rates].map(([workload, sides]) => {
    const radish = sides.get(RADISH) ?? [];
    const others = [...sides].filter(([name]) => name !== RADISH);
    const ratio = (rounds: readonly number[]) =>
      median(rounds.map((rate, round) => (radish[round] ?? NaN) / rate));
    return {
      workload,
      tokensPerSecond: record([...sides].map(([name, all]) => [name, median(all)])),
      radishRatioTo: record(others.map(([name, all]) => [name, ratio(all)])),
    };
  });
}

function record(entries: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(entries.map(([name, value]) => [name, Number(value.toFixed(2))]));
}

function print(results: readonly Line[], { rssMiB, ...facts }: Facts): void {
  console.log(JSON.stringify({ bench: 'engine', ...facts, rssMiB, ...machineFacts(), results }));
  const names = Object.keys(results[0]?.tokensPerSecond ?? {});
  const others = Object.keys(results[0]?.radishRatioTo ?? {});
  const header = ['tok/s', ...names, ...others.map((name) => `${RADISH} : ${name}`)];
  const rows = results.map(({ workload, tokensPerSecond, radishRatioTo }) => [
    workload,
    ...names.map((name) => (tokensPerSecond[name] ?? NaN).toFixed(1)),
    ...others.map((name) => (radishRatioTo[name] ?? NaN).toFixed(2)),
  ]);
  const memory = (name: string) => rssMiB[name] ?? NaN;
  const memoryRow = [
    'RSS after, MiB',
    ...names.map((name) => String(memory(name))),
    ...others.map((name) => (memory(RADISH) / memory(name)).toFixed(2)),
  ];
  console.log(table(header, [...rows, memoryRow]));
}

type Facts = Pick<Measured, 'rssMiB'> & Readonly<Record<string, unknown>>;

async function main(): Promise<void> {
  const folder = values['model-path'] ?? values.dummy;
  if (folder === undefined) throw new Error('--model-path FOLDER or --dummy FOLDER is needed');
  const loadFormat = values['model-path'] === undefined ? 'dummy' : 'auto';
  const { gguf, quantization, threads } = values;
  const flags = [
    ['--model-path', folder, '--load-format', loadFormat, '--quantization', quantization],
    ['--num-threads', threads, ...(loadFormat === 'dummy' ? ['--skip-tokenizer-init'] : [])],
    positionals,
  ].flat();
  const formats: Record<string, unknown> = { [RADISH]: quantization };
  let cacheTokens = 0;
  const starts = [
    async (): Promise<EngineSide> => {
      const server = await startRadish(flags);
      formats[RADISH] = server.format;
      cacheTokens = server.cacheTokens;
      return serverSide(RADISH, server);
    },
  ];
  const room = roomFor(workloadsOf(0));
  if (values.direct) {
    const sizes = [threads, room.numSlots, room.slotLength].map(String);
    starts.push(() => child(DIRECT, [folder, loadFormat, quantization, ...sizes]));
  }
  if (gguf !== undefined && !values['no-llama-cpp']) {
    formats[LLAMA] = basename(gguf);
    starts.push(() => child(LLAMA, [gguf, threads]));
  }
  // Nothing is asked twice after another prompt took its slot: saving slots would only cost time.
  const llamaFlags = ['--cache-ram', '0'];
  const options = { room, llamaFlags, cacheTokens: () => cacheTokens, formats };
  starts.push(...peerStarts(values, options, { server: serverSide, openVino: openVinoSide }));
  const { rates, rssMiB } = await withSides(starts, measure);
  const facts = { model: folder, loadFormat, formats, threads: Number(threads), cacheTokens };
  const { rounds, prompts, steps } = values;
  const size = { rounds: Number(rounds), numPrompts: Number(prompts), steps: Number(steps) };
  print(lines(rates), { ...facts, ...size, rssMiB });
}

const CHILDREN: Readonly<Record<string, string>> = {
  [DIRECT]: './direct-child.js',
  [LLAMA]: './llama-child.js',
};

function child(name: string, args: readonly string[]): Promise<EngineSide> {
  return forkSide(name, new URL(CHILDREN[name] ?? '', import.meta.url), args);
}

await main();

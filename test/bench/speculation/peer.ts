/**
 * Three kinds of work beside OpenVINO GenAI, both with prompt lookup and without, in turn:
 * `node dist/test/bench/speculation/peer.js --ports WITHOUT,WITH --openvino PYTHON --gguf FILE`. See ../README.md.
 */
import { parseArgs } from 'node:util';

import { GenerateClient } from '../lib/generate.js';
import { startOpenVino } from '../lib/openvino.js';
import { machineFacts, median, table } from '../lib/report.js';
import { works } from './workloads.js';

const { values } = parseArgs({
  options: {
    ports: { type: 'string', default: '30000,30001' },
    openvino: { type: 'string', default: 'python3' },
    gguf: { type: 'string', default: '' },
    threads: { type: 'string', default: '2' },
    batches: { type: 'string', default: '1,8,16' },
    rounds: { type: 'string', default: '2' },
    'output-tokens': { type: 'string', default: '48' },
  },
});

const CACHE_TOKENS = 32_768;

interface Load {
  readonly prompts: readonly (readonly number[])[];
  readonly numAtOnce: number;
}

interface Side {
  readonly name: string;
  /** Seconds of the wall. */
  readonly run: (load: Load) => Promise<number>;
  readonly close: () => unknown;
}

function radishSide(name: string, port: number): Side {
  const client = new GenerateClient(port);
  return {
    name,
    close: () => {
      client.close();
    },
    run: async ({ prompts, numAtOnce }) => {
      const waiting = [...prompts];
      const start = performance.now();
      const serveNext = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const maxNewTokens = Number(values['output-tokens']);
          await client.generate({ inputIds: next, maxNewTokens, stream: false });
        }
      };
      await Promise.all(Array.from({ length: numAtOnce }, serveNext));
      return (performance.now() - start) / 1000;
    },
  };
}

async function openVinoSide(name: string, promptLookup: boolean): Promise<Side> {
  const { openvino: python, gguf, threads } = values;
  const options = { python, gguf, threads, cacheTokens: CACHE_TOKENS, promptLookup };
  const peer = await startOpenVino(options);
  return {
    name,
    close: () => peer.close(),
    run: async ({ prompts, numAtOnce: concurrency }) => {
      const maxNewTokens = Number(values['output-tokens']);
      const workload = { prompts, maxNewTokens, concurrency, arrivalsMs: null };
      return (await peer.run(workload)).wallMs / 1000;
    },
  };
}

async function idsOf(port: number, text: string): Promise<readonly number[]> {
  const response = await fetch(`http://127.0.0.1:${port}/tokenize`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: text }),
  });
  return ((await response.json()) as { readonly tokens: readonly number[] }).tokens;
}

/** Tokens a second of each side; a round before them warms up, and leaves the prompts in the caches. */
async function ratesOf(sides: readonly Side[], load: Load): Promise<number[]> {
  const numTokens = load.prompts.length * Number(values['output-tokens']);
  const rates = sides.map((): number[] => []);
  for (const side of sides) await side.run(load);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [i, side] of sides.entries()) rates[i]?.push(numTokens / (await side.run(load)));
  }
  return rates.map(median);
}

const [without = 0, withDrafts = 0] = values.ports.split(',').map(Number);
const sides = [
  radishSide('radish', without),
  radishSide('radish, NGRAM', withDrafts),
  await openVinoSide('openvino', false),
  await openVinoSide('openvino, lookup', true),
];
const rows: string[][] = [];
for (const { name, prompts: texts } of works()) {
  const eight = await Promise.all(texts.map((text) => idsOf(without, text)));
  for (const numAtOnce of values.batches.split(',').map(Number)) {
    const prompts = numAtOnce > eight.length ? [...eight, ...eight] : eight;
    const rates = await ratesOf(sides, { prompts, numAtOnce });
    rows.push([name, `${numAtOnce}`, ...rates.map((rate) => rate.toFixed(0))]);
  }
}
for (const { close } of sides) await close();
console.log(JSON.stringify({ bench: 'speculation/peer', ...machineFacts(), rows }));
console.log(table(['tok/s', 'at once', ...sides.map(({ name }) => name)], rows));

/**
 * What a grammar costs while decoding, itself and those beside it: answers of equal length, free, bound, and half of
 * each in one batch: `node dist/test/bench/grammar/main.js [--model FOLDER]`. See ../README.md.
 */
import { parseArgs } from 'node:util';

import { startRadish } from '../lib/radish-server.js';
import { machineFacts, median, table } from '../lib/report.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '128' },
  },
});

const BATCHES = [1, 8];
const steps = Number(values.steps);

/** None of them ends within the answer. */
const GRAMMARS: Readonly<Record<string, object>> = {
  'one state': { regex: '[^\\x01]*\\x01' },
  'a state a character': { json_schema: JSON.stringify({ type: 'string', minLength: 20_000 }) },
};

async function answer(port: number, grammar: object, seed: number): Promise<number> {
  const from = performance.now();
  const sampling_params = {
    max_new_tokens: steps,
    ignore_eos: true,
    sampling_seed: seed,
    ...grammar,
  };
  const response = await fetch(`http://127.0.0.1:${port}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: `Tell me about number ${seed}.`, sampling_params }),
  });
  const { meta_info: info } = (await response.json()) as {
    meta_info: { completion_tokens: number };
  };
  if (info.completion_tokens !== steps)
    throw new Error(`an answer has ${info.completion_tokens} tokens`);
  return performance.now() - from;
}

/** Milliseconds a token of the slowest answer among the first `numTimed` of a batch. */
async function batch(
  port: number,
  grammars: readonly object[],
  numTimed: number,
  round: number,
): Promise<number> {
  const times = await Promise.all(
    grammars.map((grammar, i) => answer(port, grammar, 100 * round + i)),
  );
  return Math.max(...times.slice(0, numTimed)) / steps;
}

const model = values.model === undefined ? [] : ['--model-path', values.model];
const server = await startRadish([
  ...model,
  '--num-threads',
  values.threads,
  '--disable-radix-cache',
]);
const rows: string[][] = [];
for (const size of BATCHES) {
  for (const [name, grammar] of Object.entries(GRAMMARS)) {
    const free = Array.from({ length: size }, () => ({}));
    const bound = free.map(() => grammar);
    const half = [...free.slice(0, Math.ceil(size / 2)), ...bound.slice(0, Math.floor(size / 2))];
    const times: Record<string, number[]> = { free: [], bound: [], beside: [] };
    for (let round = 0; round <= Number(values.rounds); round++) {
      const one = [
        await batch(server.port, free, size, round),
        await batch(server.port, bound, size, round),
        await batch(server.port, half, Math.ceil(size / 2), round),
      ];
      // The first round warms up.
      if (round > 0) Object.values(times).forEach((list, i) => list.push(one[i] ?? NaN));
    }
    const [a = NaN, b = NaN, c = NaN] = Object.values(times).map(median);
    const percent = (value: number): string => `${(100 * (value / a - 1)).toFixed(1)} %`;
    rows.push([
      `${name}, batch ${size}`,
      a.toFixed(2),
      b.toFixed(2),
      percent(b),
      c.toFixed(2),
      percent(c),
    ]);
  }
}
await server.stop();
console.log(machineFacts());
console.log(table(['ms a token', 'free', 'bound', '', 'free beside bound', ''], rows));

/**
 * Requests that come at random, at rising rates, beside the peers:
 * `node dist/test/bench/serving/main.js --model-path FOLDER --gguf FILE [--llama-server BINARY]
 * [--openvino PYTHON] [-- SERVER_FLAGS]`. See ../README.md.
 */
import { parseArgs } from 'node:util';

import { httpSide, type Client } from '../lib/http-side.js';
import { IdleWatch } from '../lib/idle-watch.js';
import type { OpenVino } from '../lib/openvino.js';
import { peerStarts } from '../lib/peers.js';
import { startRadish } from '../lib/radish-server.js';
import { machineFacts, median, percentile, table } from '../lib/report.js';
import { residentOf } from '../lib/resident.js';
import type { ServerProcess } from '../lib/server-process.js';
import { withSides, type Side } from '../lib/side.js';
import {
  arrivalsMs,
  serveOverHttp,
  servingPrompts,
  type ServingTiming,
  type ServingWorkload,
} from './workload.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'model-path': { type: 'string' },
    'llama-server': { type: 'string' },
    openvino: { type: 'string' },
    gguf: { type: 'string' },
    quantization: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    rates: { type: 'string', default: '2,4,8,16,inf' },
    prompts: { type: 'string', default: '64' },
    'input-tokens': { type: 'string', default: '128' },
    'output-tokens': { type: 'string', default: '64' },
  },
});

const RADISH = 'radish';
const RATES = values.rates.split(',').map((rate) => (rate === 'inf' ? Infinity : Number(rate)));

type ServingSide = Side<ServingWorkload, ServingTiming>;

/** `timings.get(rate).get(side name)[round]`. */
type Timings = Map<number, Map<string, ServingTiming[]>>;

function workload(round: number, rate: number): ServingWorkload {
  return {
    rate,
    numPrompts: Number(values.prompts),
    inputTokens: Number(values['input-tokens']),
    outputTokens: Number(values['output-tokens']),
    seed: 100 * (round + 2) + RATES.indexOf(rate),
  };
}

function serverSide(
  name: string,
  server: ServerProcess & { readonly client: Client },
): ServingSide {
  return httpSide(name, server, (client, load: ServingWorkload) =>
    serveOverHttp(load, async (inputIds) => {
      const request = { inputIds, maxNewTokens: load.outputTokens, stream: true };
      const { ttftMs, eventsMs } = await client.generate(request);
      return { ttftMs, tokensMs: eventsMs };
    }),
  );
}

function openVinoSide(name: string, peer: OpenVino): ServingSide {
  return {
    name,
    pid: peer.pid,
    run: (load) =>
      peer.run({
        prompts: servingPrompts(load),
        maxNewTokens: load.outputTokens,
        concurrency: load.numPrompts,
        arrivalsMs: arrivalsMs(load),
      }),
    close: () => peer.close(),
  };
}

interface Measured {
  readonly timings: Timings;
  /** Resident memory of each side after all rounds. */
  readonly rssMiB: Readonly<Record<string, number | null>>;
}

async function measure(sides: readonly ServingSide[]): Promise<Measured> {
  const timings: Timings = new Map();
  const watch = new IdleWatch(sides);
  const run = async (side: ServingSide, load: ServingWorkload) =>
    watch.during(side.name, () => side.run(load));
  // First runs allocate, and sessions choose their kernels.
  for (const side of sides) await run(side, workload(-1, Infinity));
  console.error('warmed up');
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const rate of RATES) {
      const ofRate = timings.get(rate) ?? new Map<string, ServingTiming[]>();
      timings.set(rate, ofRate);
      for (const side of sides) {
        const timing = await run(side, workload(round, rate));
        ofRate.set(side.name, [...(ofRate.get(side.name) ?? []), timing]);
      }
    }
    console.error(`round ${round + 1} of ${values.rounds}`);
  }
  console.error('CPU time of idle sides, in cores:', watch.shares());
  return { timings, rssMiB: await residentOf(sides) };
}

interface Line {
  /** Requests a second; null = all at once. */
  readonly rate: number | null;
  readonly side: string;
  /** Tokens of answers; the median of the rounds. */
  readonly tokensPerSecond: number;
  /** Of all requests of all rounds. */
  readonly ttftMsP50: number;
  readonly ttftMsP99: number;
  /** Between one token of an answer and the next, of all answers. */
  readonly itlMsP50: number;
  readonly itlMsP99: number;
}

function lines(timings: Timings): Line[] {
  return [...timings].flatMap(([rate, sides]) =>
    [...sides].map(([side, rounds]) => {
      const requests = rounds.flatMap((round) => round.requests);
      const ttfts = requests.map(({ ttftMs }) => ttftMs);
      const gaps = requests.flatMap(({ tokensMs }) =>
        tokensMs.slice(1).map((at, i) => at - (tokensMs[i] ?? NaN)),
      );
      const numTokens = Number(values.prompts) * Number(values['output-tokens']);
      const rates = rounds.map(({ wallMs }) => (1000 * numTokens) / wallMs);
      const of = (all: readonly number[], share: number) =>
        Number(percentile(all, share).toFixed(1));
      return {
        rate: rate === Infinity ? null : rate,
        side,
        tokensPerSecond: Number(median(rates).toFixed(1)),
        ttftMsP50: of(ttfts, 0.5),
        ttftMsP99: of(ttfts, 0.99),
        itlMsP50: of(gaps, 0.5),
        itlMsP99: of(gaps, 0.99),
      };
    }),
  );
}

function print(results: readonly Line[], facts: object): void {
  console.log(JSON.stringify({ bench: 'serving', ...facts, ...machineFacts(), results }));
  const header = ['requests a second', 'side', 'tok/s', 'TTFT p50 ms', 'p99'];
  header.push('ITL p50 ms', 'p99');
  const rows = results.map((line) => [
    line.rate === null ? 'all at once' : String(line.rate),
    line.side,
    ...[line.tokensPerSecond, line.ttftMsP50, line.ttftMsP99, line.itlMsP50, line.itlMsP99].map(
      (value) => value.toFixed(1),
    ),
  ]);
  console.log(table(header, rows));
}

async function main(): Promise<void> {
  const { threads, quantization, rounds } = values;
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const flags = ['--model-path', folder, '--quantization', quantization, '--num-threads', threads];
  const formats: Record<string, unknown> = {};
  let cacheTokens = 0;
  const { numPrompts, inputTokens, outputTokens } = workload(0, Infinity);
  const room = { numSlots: numPrompts, slotLength: inputTokens + outputTokens };
  const options = { room, cacheTokens: () => cacheTokens, formats };
  const starts = [
    async (): Promise<ServingSide> => {
      const server = await startRadish([...flags, ...positionals]);
      formats[RADISH] = server.format;
      cacheTokens = server.cacheTokens;
      return serverSide(RADISH, server);
    },
    ...peerStarts(values, options, { server: serverSide, openVino: openVinoSide }),
  ];
  const { timings, rssMiB } = await withSides(starts, measure);
  const facts = { model: folder, formats, threads: Number(threads), rounds: Number(rounds) };
  print(lines(timings), { ...facts, numPrompts, inputTokens, outputTokens, rssMiB });
}

await main();

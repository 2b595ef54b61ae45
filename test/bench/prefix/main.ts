/**
 * The shared-prefix workload against the server with its prefix cache, without it, and against llama.cpp's
 * server: `node dist/test/bench/prefix/main.js --model-path FOLDER --llama-server BINARY --gguf FILE
 * [-- SERVER_FLAGS]`. See ../README.md.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

import type { GenerateClient } from '../lib/generate.js';
import { IdleWatch } from '../lib/idle-watch.js';
import { startLlamaServer } from '../lib/llama-server.js';
import { startRadish } from '../lib/radish-server.js';
import { machineFacts, median, table } from '../lib/report.js';
import type { ServerProcess } from '../lib/server-process.js';
import { withSides, type Side } from '../lib/side.js';
import { isHit, runWorkload, type PrefixWorkload, type WorkloadTiming } from './workload.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'model-path': { type: 'string' },
    'llama-server': { type: 'string' },
    gguf: { type: 'string' },
    quantization: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    groups: { type: 'string', default: '8' },
    'prompts-per-group': { type: 'string', default: '8' },
    'system-tokens': { type: 'string', default: '256' },
    'question-tokens': { type: 'string', default: '32' },
    'output-tokens': { type: 'string', default: '32' },
    concurrency: { type: 'string', default: '16' },
  },
});

const RADISH = 'radish';

type PrefixSide = Side<PrefixWorkload, WorkloadTiming>;

/** The rounds of each side, in the order they ran. */
type Timings = Map<string, WorkloadTiming[]>;

function workload(round: number): PrefixWorkload {
  return {
    numGroups: Number(values.groups),
    promptsPerGroup: Number(values['prompts-per-group']),
    systemTokens: Number(values['system-tokens']),
    questionTokens: Number(values['question-tokens']),
    outputTokens: Number(values['output-tokens']),
    concurrency: Number(values.concurrency),
    seed: 1 + round,
  };
}

function serverSide(
  name: string,
  server: ServerProcess & { readonly client: Pick<GenerateClient, 'generate' | 'close'> },
): PrefixSide {
  const { client } = server;
  return {
    name,
    pid: server.pid,
    run: (load) =>
      runWorkload(load, (inputIds) =>
        client.generate({ inputIds, maxNewTokens: load.outputTokens, stream: true }),
      ),
    close: async () => {
      client.close();
      await server.stop();
    },
  };
}

async function measure(sides: readonly PrefixSide[]): Promise<Timings> {
  const timings: Timings = new Map();
  const watch = new IdleWatch(sides);
  // Round -1 warms up: first runs allocate, and sessions choose their kernels.
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const side of sides) {
      const timing = await watch.during(side.name, () => side.run(workload(round)));
      if (round >= 0) timings.set(side.name, [...(timings.get(side.name) ?? []), timing]);
    }
    console.error(round < 0 ? 'warmed up' : `round ${round + 1} of ${values.rounds}`);
  }
  console.error('CPU time of idle sides, in cores:', watch.shares());
  return timings;
}

interface Line {
  readonly side: string;
  /** Median of the rounds. */
  readonly wallSeconds: number;
  /** Wall time of the server with its cache as a share of this side's, pair by pair; the median. */
  readonly radishWallRatio: number;
  /** Over all rounds. */
  readonly hits: number;
  readonly misses: number;
  /** Medians; null where there was none. */
  readonly ttftMsOnHits: number | null;
  readonly ttftMsOnMisses: number | null;
}

function lines(timings: Timings): Line[] {
  const radish = timings.get(RADISH) ?? [];
  return [...timings].map(([side, rounds]) => {
    const requests = rounds.flatMap((round) => round.requests);
    const hits = requests.filter((request) => isHit(request, workload(0)));
    const misses = requests.filter((request) => !isHit(request, workload(0)));
    const ratios = rounds.map((round, i) => (radish[i]?.wallMs ?? NaN) / round.wallMs);
    const p50 = (all: typeof requests) =>
      all.length === 0 ? null : Math.round(median(all.map(({ ttftMs }) => ttftMs)));
    return {
      side,
      wallSeconds: Number((median(rounds.map(({ wallMs }) => wallMs)) / 1000).toFixed(2)),
      radishWallRatio: Number(median(ratios).toFixed(3)),
      hits: hits.length,
      misses: misses.length,
      ttftMsOnHits: p50(hits),
      ttftMsOnMisses: p50(misses),
    };
  });
}

function print(results: readonly Line[], facts: object): void {
  console.log(JSON.stringify({ bench: 'prefix', ...facts, ...machineFacts(), results }));
  const header = ['', 'wall s', 'radish : this', 'hits', 'TTFT p50 ms', 'misses', 'TTFT p50 ms'];
  const rows = results.map((line) => [
    line.side,
    line.wallSeconds.toFixed(2),
    line.radishWallRatio.toFixed(2),
    String(line.hits),
    String(line.ttftMsOnHits ?? '-'),
    String(line.misses),
    String(line.ttftMsOnMisses ?? '-'),
  ]);
  console.log(table(header, rows));
}

async function main(): Promise<void> {
  const { gguf, threads, quantization, rounds } = values;
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const flags = ['--model-path', folder, '--quantization', quantization, '--num-threads', threads];
  flags.push(...positionals);
  let format = quantization;
  const starts = [
    async (): Promise<PrefixSide> => {
      const server = await startRadish(flags);
      format = server.format;
      return serverSide(RADISH, server);
    },
    async () =>
      serverSide('radish, cache off', await startRadish([...flags, '--disable-radix-cache'])),
  ];
  const binary = values['llama-server'];
  if (binary !== undefined && gguf !== undefined) {
    const { concurrency, systemTokens, questionTokens, outputTokens } = workload(0);
    const slotLength = systemTokens + questionTokens + outputTokens;
    const options = { binary, gguf, threads, numSlots: concurrency, slotLength };
    starts.push(async () => serverSide('llama-server', await startLlamaServer(options)));
  }
  const timings = await withSides(starts, measure);
  const formats = {
    radish: format,
    ...(gguf === undefined ? {} : { 'llama-server': basename(gguf) }),
  };
  const facts = { model: folder, formats, threads: Number(threads), rounds: Number(rounds) };
  print(lines(timings), { ...facts, workload: workload(0) });
}

await main();

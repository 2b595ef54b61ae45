/**
 * The shared-prefix workload against the server with its prefix cache, without it, and against its peers:
 * `node dist/test/bench/prefix/main.js --model-path FOLDER --gguf FILE [--llama-server BINARY]
 * [--openvino PYTHON] [-- SERVER_FLAGS]`. See ../README.md.
 */
import { parseArgs } from 'node:util';

import { httpSide, type Client } from '../lib/http-side.js';
import { IdleWatch } from '../lib/idle-watch.js';
import type { OpenVino } from '../lib/openvino.js';
import { peerStarts } from '../lib/peers.js';
import { startRadish } from '../lib/radish-server.js';
import { machineFacts, median, table } from '../lib/report.js';
import { residentOf } from '../lib/resident.js';
import type { ServerProcess } from '../lib/server-process.js';
import { withSides, type Side } from '../lib/side.js';
import {
  isHit,
  runWorkload,
  sharedPrefixPrompts,
  type PrefixWorkload,
  type WorkloadTiming,
} from './workload.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'model-path': { type: 'string' },
    'llama-server': { type: 'string' },
    openvino: { type: 'string' },
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

function serverSide(name: string, server: ServerProcess & { readonly client: Client }): PrefixSide {
  return httpSide(name, server, (client, load: PrefixWorkload) =>
    runWorkload(load, (inputIds) =>
      client.generate({ inputIds, maxNewTokens: load.outputTokens, stream: true }),
    ),
  );
}

/** By its own clock; it does not say what came from its cache. */
function openVinoSide(name: string, peer: OpenVino): PrefixSide {
  return {
    name,
    pid: peer.pid,
    run: async (load) => {
      const { outputTokens: maxNewTokens, concurrency } = load;
      const prompts = sharedPrefixPrompts(load);
      const timing = await peer.run({ prompts, maxNewTokens, concurrency, arrivalsMs: null });
      const requests = timing.requests.map(({ ttftMs }) => ({ ttftMs, cachedTokens: null }));
      return { wallMs: timing.wallMs, requests };
    },
    close: () => peer.close(),
  };
}

interface Measured {
  readonly timings: Timings;
  /** Resident memory of each side after all rounds. */
  readonly rssMiB: Readonly<Record<string, number | null>>;
}

async function measure(sides: readonly PrefixSide[]): Promise<Measured> {
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
  return { timings, rssMiB: await residentOf(sides) };
}

interface Line {
  readonly side: string;
  /** Median of the rounds. */
  readonly wallSeconds: number;
  /** Wall time of the server with its cache as a share of this side's, pair by pair; the median. */
  readonly radishWallRatio: number;
  /** Of all requests of all rounds. */
  readonly ttftMsMean: number;
  /** The same ratio of the means. */
  readonly radishTtftRatio: number;
  /** Over all rounds; null where the program does not tell what it had cached. */
  readonly hits: number | null;
  readonly misses: number | null;
  /** Medians; null where there was none or nobody knows. */
  readonly ttftMsOnHits: number | null;
  readonly ttftMsOnMisses: number | null;
}

function lines(timings: Timings): Line[] {
  const radish = timings.get(RADISH) ?? [];
  return [...timings].map(([side, rounds]) => {
    const requests = rounds.flatMap((round) => round.requests);
    const told = requests.filter(({ cachedTokens }) => cachedTokens !== null);
    const hits = told.filter((request) => isHit(request, workload(0)));
    const misses = told.filter((request) => !isHit(request, workload(0)));
    const count = (some: typeof requests) => (told.length === 0 ? null : some.length);
    const ratio = (of: (timing: WorkloadTiming) => number) =>
      median(rounds.map((round, i) => of(radish[i] ?? NO_TIMING) / of(round)));
    const p50 = (some: typeof requests) =>
      some.length === 0 ? null : Math.round(median(some.map(({ ttftMs }) => ttftMs)));
    return {
      side,
      wallSeconds: Number((median(rounds.map(({ wallMs }) => wallMs)) / 1000).toFixed(2)),
      radishWallRatio: Number(ratio(({ wallMs }) => wallMs).toFixed(3)),
      ttftMsMean: Math.round(meanTtft({ wallMs: 0, requests })),
      radishTtftRatio: Number(ratio(meanTtft).toFixed(3)),
      hits: count(hits),
      misses: count(misses),
      ttftMsOnHits: p50(hits),
      ttftMsOnMisses: p50(misses),
    };
  });
}

const NO_TIMING: WorkloadTiming = { wallMs: NaN, requests: [] };

function meanTtft({ requests }: WorkloadTiming): number {
  return requests.reduce((sum, { ttftMs }) => sum + ttftMs, 0) / requests.length;
}

function print(results: readonly Line[], { rssMiB, ...facts }: Facts): void {
  console.log(JSON.stringify({ bench: 'prefix', ...facts, rssMiB, ...machineFacts(), results }));
  const header = ['', 'wall s', 'radish : this', 'mean TTFT ms', 'radish : this'];
  header.push('hits', 'TTFT p50 ms', 'misses', 'TTFT p50 ms', 'RSS after, MiB');
  const rows = results.map((line) => [
    line.side,
    line.wallSeconds.toFixed(2),
    line.radishWallRatio.toFixed(2),
    String(line.ttftMsMean),
    line.radishTtftRatio.toFixed(2),
    String(line.hits ?? '-'),
    String(line.ttftMsOnHits ?? '-'),
    String(line.misses ?? '-'),
    String(line.ttftMsOnMisses ?? '-'),
    String(rssMiB[line.side] ?? '-'),
  ]);
  console.log(table(header, rows));
}

type Facts = Pick<Measured, 'rssMiB'> & Readonly<Record<string, unknown>>;

async function main(): Promise<void> {
  const { threads, quantization, rounds } = values;
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const flags = ['--model-path', folder, '--quantization', quantization, '--num-threads', threads];
  flags.push(...positionals);
  const formats: Record<string, unknown> = { [RADISH]: quantization };
  let cacheTokens = 0;
  const { concurrency, systemTokens, questionTokens, outputTokens } = workload(0);
  const slotLength = systemTokens + questionTokens + outputTokens;
  const room = { numSlots: concurrency, slotLength };
  const options = { room, cacheTokens: () => cacheTokens, formats };
  const starts = [
    async (): Promise<PrefixSide> => {
      const server = await startRadish(flags);
      formats[RADISH] = server.format;
      cacheTokens = server.cacheTokens;
      return serverSide(RADISH, server);
    },
    async () =>
      serverSide('radish, cache off', await startRadish([...flags, '--disable-radix-cache'])),
    ...peerStarts(values, options, { server: serverSide, openVino: openVinoSide }),
  ];
  const { timings, rssMiB } = await withSides(starts, measure);
  const facts = { model: folder, formats, threads: Number(threads), rounds: Number(rounds) };
  print(lines(timings), { ...facts, cacheTokens, workload: workload(0), rssMiB });
}

await main();

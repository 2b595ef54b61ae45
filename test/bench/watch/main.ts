/**
 * What it costs a server that somebody watches it: one server, with no watcher and with one that watches what the page's
 * Engine view does, in turn: `node dist/test/bench/watch/main.js --model-path FOLDER`. See ../README.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { openWs } from '../../doubles/ws-client.js';
import { serverSide } from '../engine/server-side.js';
import { labelOf, tokensOf, workloads, type Workload } from '../engine/workload.js';
import { startRadish, type RadishServer } from '../lib/radish-server.js';
import { machineFacts, median, table } from '../lib/report.js';
import { busiest, threadTimes, timesBetween } from '../lib/thread-times.js';

const { values } = parseArgs({
  options: {
    'model-path': { type: 'string' },
    rounds: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '128' },
    prompts: { type: 'string', default: '2' },
    /** None: a socket is open, and nothing watched. What that gives is the noise. */
    topics: { type: 'string', default: 'engine,requests' },
    /** As the page asks for. */
    'every-ms': { type: 'string', default: '500' },
    lines: { type: 'string', multiple: true, default: ['prefill 512', 'B=1 at 64', 'B=16 at 64'] },
  },
});

/** After this the first state is out: a page stays open for longer than it takes to open it. */
const SETTLED_MS = 2000;

/** What one run took, of each token that it made. */
interface Cost {
  readonly ms: number;
  /** Of a core, by all threads but those that run the model: what being watched adds to, where wall time is noise. */
  readonly hostUs: number;
}

/** Of each round, by workload. */
type Costs = Map<string, { readonly closed: Cost[]; readonly open: Cost[] }>;

/** Somebody watches while this runs. The reader takes what comes and looks at nothing: its own work is not measured. */
async function watched<T>(server: RadishServer, run: () => Promise<T>): Promise<T> {
  const client = await openWs(`http://127.0.0.1:${server.port}`);
  client.socket.removeAllListeners('data').resume();
  const topics = values.topics.split(',').filter((topic) => topic !== '');
  const body = { topics, every_ms: Number(values['every-ms']) };
  if (topics.length > 0) client.send({ op: 'watch', id: 1, body });
  await sleep(SETTLED_MS);
  try {
    return await run();
  } finally {
    client.socket.destroy();
    await client.closed;
  }
}

async function measure(server: RadishServer): Promise<Costs> {
  const side = serverSide('server', server);
  const size = { numPrompts: Number(values.prompts), steps: Number(values.steps) };
  const costs: Costs = new Map();
  let model: ReadonlySet<number> = new Set();
  const cost = async (load: Workload): Promise<Cost> => {
    const before = await threadTimes(server.pid);
    const ms = await side.run(load);
    const times = timesBetween(before, await threadTimes(server.pid));
    // A process has as many threads for the model as it was told, and they are the busiest by far.
    if (model.size === 0) model = new Set(busiest(times, Number(values.threads)));
    const hostNs = [...times].reduce((sum, [tid, ns]) => sum + (model.has(tid) ? 0 : ns), 0);
    const numTokens = tokensOf(load);
    return { ms: ms / numTokens, hostUs: hostNs / 1000 / numTokens };
  };
  for (let round = -1; round < Number(values.rounds); round++) {
    const lines = (seed: number) => workloads(seed, size, { parts: values.lines, hasLong: false });
    // Prompts of their own for each of the two: no cache helps the second.
    const [first, second] = [lines(2 * round + 2), lines(2 * round + 3)];
    for (const [i, workload] of first.entries()) {
      const both = await inTurn(round, [workload, second[i] ?? workload], {
        closed: cost,
        open: (load) => watched(server, () => cost(load)),
      });
      if (round < 0) continue;
      const label = labelOf(workload);
      const ofLine = costs.get(label) ?? { closed: [], open: [] };
      ofLine.closed.push(both.closed);
      ofLine.open.push(both.open);
      costs.set(label, ofLine);
    }
    console.error(round < 0 ? 'warmed up' : `round ${round + 1} of ${values.rounds}`);
  }
  return costs;
}

type Run = (load: Workload) => Promise<Cost>;

/** Which of the two comes first changes from round to round. */
async function inTurn(
  round: number,
  [a, b]: readonly [Workload, Workload],
  { closed, open }: { readonly closed: Run; readonly open: Run },
): Promise<{ readonly closed: Cost; readonly open: Cost }> {
  if (round % 2 === 0) {
    const cost = await closed(a);
    return { closed: cost, open: await open(b) };
  }
  const cost = await open(a);
  return { open: cost, closed: await closed(b) };
}

function round4(value: number): number {
  return Number(value.toFixed(4));
}

/** The medians of both, of their ratio, and of what was added as a part of a core's time. */
function resultOf(
  workload: string,
  { closed, open }: { readonly closed: readonly Cost[]; readonly open: readonly Cost[] },
) {
  const middle = (costs: readonly Cost[], of: (cost: Cost) => number) =>
    round4(median(costs.map(of)));
  const ratios = open.map(({ ms }, i) => round4(ms / (closed[i]?.ms ?? NaN)));
  const added = open.map(({ hostUs }, i) => hostUs - (closed[i]?.hostUs ?? NaN));
  const msPerToken = { closed: middle(closed, ({ ms }) => ms), open: middle(open, ({ ms }) => ms) };
  return {
    workload,
    msPerToken,
    openToClosed: round4(median(ratios)),
    ofRounds: ratios,
    hostUsPerToken: {
      closed: middle(closed, ({ hostUs }) => hostUs),
      open: middle(open, ({ hostUs }) => hostUs),
      added: round4(median(added)),
      ofRounds: added.map(round4),
    },
    /** 0.01 = the server computes 1 % of a core's time more. */
    addedPartOfCore: round4(median(added) / 1000 / msPerToken.closed),
  };
}

async function main(): Promise<void> {
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const server = await startRadish(['--model-path', folder, '--num-threads', values.threads]);
  try {
    const costs = await measure(server);
    const results = [...costs].map(([workload, both]) => resultOf(workload, both));
    const facts = { bench: 'watch', model: folder, format: server.format };
    console.log(
      JSON.stringify({ ...facts, rounds: Number(values.rounds), ...machineFacts(), results }),
    );
    const rows = results.map(({ workload, msPerToken, openToClosed, hostUsPerToken, ...rest }) => [
      workload,
      ...[msPerToken.closed, msPerToken.open, openToClosed].map(String),
      ...[hostUsPerToken.closed, hostUsPerToken.added].map(String),
      (100 * rest.addedPartOfCore).toFixed(2),
    ]);
    const wall = ['nobody watches', 'one watches', 'open : closed'];
    const host = ['host µs a token', 'added', '% of a core'];
    console.log(table(['ms a token', ...wall, ...host], rows));
  } finally {
    await server.stop();
  }
}

await main();

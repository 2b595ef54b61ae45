/**
 * What it costs a server that somebody watches it: one server, with no watcher and with one of all topics in turn:
 * `node dist/test/bench/watch/main.js --model-path FOLDER`. See ../README.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { openWs } from '../../doubles/ws-client.js';
import { serverSide } from '../engine/server-side.js';
import { labelOf, tokensOf, workloads, type Workload } from '../engine/workload.js';
import { startRadish, type RadishServer } from '../lib/radish-server.js';
import { machineFacts, median, table } from '../lib/report.js';

const { values } = parseArgs({
  options: {
    'model-path': { type: 'string' },
    rounds: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '128' },
    prompts: { type: 'string', default: '2' },
    /** None: a socket is open, and nothing watched. What that gives is the noise. */
    topics: { type: 'string', default: 'engine,requests,cache,experts' },
    lines: { type: 'string', multiple: true, default: ['prefill 512', 'B=1 at 64', 'B=16 at 64'] },
  },
});

/** After this the first state is out: a page stays open for longer than it takes to open it. */
const SETTLED_MS = 2000;

/** Milliseconds of each round, by workload. */
type Times = Map<string, { readonly closed: number[]; readonly open: number[] }>;

/** Somebody watches while this runs. The reader takes what comes and looks at nothing: its own work is not measured. */
async function watched<T>(server: RadishServer, run: () => Promise<T>): Promise<T> {
  const client = await openWs(`http://127.0.0.1:${server.port}`);
  client.socket.removeAllListeners('data').resume();
  const topics = values.topics.split(',').filter((topic) => topic !== '');
  if (topics.length > 0) client.send({ op: 'watch', id: 1, body: { topics } });
  await sleep(SETTLED_MS);
  try {
    return await run();
  } finally {
    client.socket.destroy();
    await client.closed;
  }
}

async function measure(server: RadishServer): Promise<Times> {
  const side = serverSide('server', server);
  const size = { numPrompts: Number(values.prompts), steps: Number(values.steps) };
  const times: Times = new Map();
  for (let round = -1; round < Number(values.rounds); round++) {
    const lines = (seed: number) => workloads(seed, size, { parts: values.lines, hasLong: false });
    // Prompts of their own for each of the two: no cache helps the second.
    const [first, second] = [lines(2 * round + 2), lines(2 * round + 3)];
    for (const [i, workload] of first.entries()) {
      const ms = await inTurn(round, [workload, second[i] ?? workload], {
        closed: (load) => side.run(load),
        open: (load) => watched(server, () => side.run(load)),
      });
      if (round < 0) continue;
      const label = labelOf(workload);
      const ofLine = times.get(label) ?? { closed: [], open: [] };
      ofLine.closed.push(ms.closed / tokensOf(workload));
      ofLine.open.push(ms.open / tokensOf(workload));
      times.set(label, ofLine);
    }
    console.error(round < 0 ? 'warmed up' : `round ${round + 1} of ${values.rounds}`);
  }
  return times;
}

type Run = (load: Workload) => Promise<number>;

/** Which of the two comes first changes from round to round. */
async function inTurn(
  round: number,
  [a, b]: readonly [Workload, Workload],
  { closed, open }: { readonly closed: Run; readonly open: Run },
): Promise<{ readonly closed: number; readonly open: number }> {
  if (round % 2 === 0) {
    const ms = await closed(a);
    return { closed: ms, open: await open(b) };
  }
  const ms = await open(a);
  return { open: ms, closed: await closed(b) };
}

function round4(value: number): number {
  return Number(value.toFixed(4));
}

async function main(): Promise<void> {
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const server = await startRadish(['--model-path', folder, '--num-threads', values.threads]);
  try {
    const times = await measure(server);
    const results = [...times].map(([workload, { closed, open }]) => ({
      workload,
      msPerToken: { closed: round4(median(closed)), open: round4(median(open)) },
      openToClosed: round4(median(open.map((ms, i) => ms / (closed[i] ?? NaN)))),
      ofRounds: open.map((ms, i) => round4(ms / (closed[i] ?? NaN))),
    }));
    const facts = { bench: 'watch', model: folder, format: server.format };
    console.log(
      JSON.stringify({ ...facts, rounds: Number(values.rounds), ...machineFacts(), results }),
    );
    const rows = results.map(({ workload, msPerToken, openToClosed }) =>
      [workload, msPerToken.closed, msPerToken.open, openToClosed].map(String),
    );
    console.log(table(['ms a token', 'nobody watches', 'one watches', 'open : closed'], rows));
  } finally {
    await server.stop();
  }
}

await main();

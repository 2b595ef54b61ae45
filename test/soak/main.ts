/**
 * Chaos against a real server: clients that ask, leave and cancel while devices die, weights are replaced and
 * generation is paused. Every answer must be the one that the same request has on a quiet server, every request
 * must end once, and no page may be left held.
 *
 * `node dist/test/soak/main.js --minutes 5 --clients 64 --seed 1 [-- SERVER_FLAGS]`, after `npm run build`.
 * Exits with 1 when anything was wrong, and prints what and the seed.
 */
import { parseArgs } from 'node:util';

import { seededRandom, type Random } from '../../src/core/clock.js';
import { postJson, settledPools } from '../e2e/client.js';
import { startRadish } from '../e2e/radish-process.js';
import { Client, learnAnswers, type Tally } from './client.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '5' },
    clients: { type: 'string', default: '64' },
    seed: { type: 'string', default: '1' },
  },
});

/** How long a disturbance has before the next one, at most. */
const MAX_CALM_MS = 4_000;

const seed = Number(values.seed);
const until = Date.now() + 60_000 * Number(values.minutes);
const isOver = (): boolean => Date.now() > until;

async function main(): Promise<void> {
  const radish = await startRadish([
    '--dp-size',
    '2',
    '--enable-fault-injection',
    '--max-running-requests',
    '8',
    ...positionals,
  ]);
  const { url } = radish;
  const answers = await learnAnswers(url);
  const tally: Tally = { answered: 0, left: 0, refused: 0, failed: 0, wrong: [] };
  const clients = Array.from({ length: Number(values.clients) }, (_, i) => {
    const client = new Client({ url, answers, random: seededRandom(seed * 1000 + i), tally });
    return client.run(isOver);
  });
  const disturbances = await disturb(url, seededRandom(seed));
  await Promise.all(clients);
  const problems = [...tally.wrong];
  try {
    await settledPools(url, 30_000);
  } catch (error) {
    problems.push(String(error));
  }
  const code = await radish.stop();
  if (code !== 0) problems.push(`the server ended with ${String(code)}`);

  const { wrong, ...counts } = tally;
  console.log(
    JSON.stringify({ soak: 'chaos', seed, ...counts, wrong: wrong.length, ...disturbances }),
  );
  if (problems.length > 0) {
    for (const problem of problems.slice(0, 20)) console.error(problem);
    console.error(`Again: node dist/test/soak/main.js --seed ${seed} --minutes ${values.minutes}`);
    process.exitCode = 1;
  }
}

type Disturbance = 'death' | 'update' | 'pause' | 'flush' | 'abort';

async function disturb(url: string, random: Random): Promise<Record<Disturbance, number>> {
  const counts: Record<Disturbance, number> = { death: 0, update: 0, pause: 0, flush: 0, abort: 0 };
  const kinds = Object.keys(counts) as Disturbance[];
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, random() * MAX_CALM_MS));
    const kind = kinds[Math.floor(random() * kinds.length)] ?? 'flush';
    counts[kind]++;
    await DISTURB[kind](url, random);
  }
  return counts;
}

/** Each settles when the server has answered; what a request has to suffer from it is the clients' to say. */
const DISTURB: Readonly<Record<Disturbance, (url: string, random: Random) => Promise<void>>> = {
  death: (url, random) => {
    const how = random() < 0.5 ? 'exit' : 'throw';
    return act(url, '/debug/fail_device', { rank: Math.floor(random() * 2), how });
  },
  update: (url) => act(url, '/update_weights_from_disk', { model_path: 'radish-tiny' }),
  pause: async (url, random) => {
    await act(url, '/pause_generation', { mode: random() < 0.5 ? 'retract' : 'in_place' });
    await new Promise((resolve) => setTimeout(resolve, random() * 500));
    await act(url, '/continue_generation');
  },
  flush: (url) => act(url, '/flush_cache'),
  abort: (url) => act(url, '/abort_request', { abort_all: true }),
};

async function act(url: string, path: string, body: object = {}): Promise<void> {
  await (await postJson(`${url}${path}`, body)).text();
}

await main();

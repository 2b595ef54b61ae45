/**
 * What the server adds to its device: idle time of the device while there is work, and the way of a request there
 * and back: `node dist/test/bench/overhead/main.js --model-path FOLDER [-- SERVER_FLAGS]`. See ../README.md.
 */
import { parseArgs } from 'node:util';

import { RandomIds } from '../lib/random-ids.js';
import { startRadish, type RadishServer } from '../lib/radish-server.js';
import { machineFacts, median, percentile, table } from '../lib/report.js';
import { stepsDuring, type TracedStep } from './step-trace.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'model-path': { type: 'string' },
    quantization: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '16' },
    prompts: { type: 'string', default: '64' },
    'input-tokens': { type: 'string', default: '128' },
    'output-tokens': { type: 'string', default: '64' },
    requests: { type: 'string', default: '20' },
  },
});

/** A request alone: as short as its prompt may be, a few tokens of answer. */
const ALONE_INPUT_TOKENS = 32;
const ALONE_OUTPUT_TOKENS = 8;

/** Of one round. */
interface Sample {
  /** Of the wall time, from the first request to the last answer, with clients that always have work. */
  readonly idleShare: number;
  /** Of requests that came to an idle server. */
  readonly requestToStepMs: readonly number[];
  /** From the end of the step that made a token to the token's first byte at the client. */
  readonly stepToByteMs: readonly number[];
  /** Time to the first token without its step. */
  readonly addedMs: readonly number[];
}

async function round(server: RadishServer, originMs: number, random: RandomIds): Promise<Sample> {
  const idleShare = await idleShareOf(server, random);
  const requestToStepMs: number[] = [];
  const stepToByteMs: number[] = [];
  const addedMs: number[] = [];
  for (let i = 0; i < Number(values.requests); i++) {
    const { sentMs, eventsMs, steps } = await alone(server, originMs, random);
    const [first] = steps;
    if (first === undefined) throw new Error('the profile has no step');
    requestToStepMs.push(first.startMs - sentMs);
    addedMs.push((eventsMs[0] ?? NaN) - sentMs - (first.endMs - first.startMs));
    stepToByteMs.push(...eventsMs.map((at, step) => at - (steps[step]?.endMs ?? NaN)));
  }
  return { idleShare, requestToStepMs, stepToByteMs, addedMs };
}

/** Clients that send their next request as soon as one is answered: there is always work, until the last ones. */
async function idleShareOf({ port, client }: RadishServer, random: RandomIds): Promise<number> {
  const numPrompts = Number(values.prompts);
  const prompts = Array.from({ length: numPrompts }, () =>
    random.ids(Number(values['input-tokens'])),
  ).values();
  const maxNewTokens = Number(values['output-tokens']);
  let wallMs = NaN;
  const steps = await stepsDuring(port, async () => {
    const start = performance.now();
    const sendAll = async () => {
      for (const inputIds of prompts) {
        await client.generate({ inputIds, maxNewTokens, stream: true });
      }
    };
    await Promise.all(Array.from({ length: Number(values.concurrency) }, sendAll));
    wallMs = performance.now() - start;
  });
  const busyMs = steps.reduce((sum, step) => sum + step.endMs - step.startMs + step.storeMs, 0);
  return 1 - busyMs / wallMs;
}

/** One request to a server that does nothing else; all times on the bench's own clock. */
async function alone(
  { port, client }: RadishServer,
  originMs: number,
  random: RandomIds,
): Promise<{ sentMs: number; eventsMs: number[]; steps: TracedStep[] }> {
  let sentMs = NaN;
  let eventsMs: number[] = [];
  const steps = await stepsDuring(port, async () => {
    const inputIds = random.ids(ALONE_INPUT_TOKENS);
    sentMs = performance.now();
    const request = { inputIds, maxNewTokens: ALONE_OUTPUT_TOKENS, stream: true };
    const answer = await client.generate(request);
    eventsMs = answer.eventsMs.map((at) => sentMs + at);
  });
  const ahead = originMs - performance.timeOrigin;
  const here = ({ startMs, endMs, storeMs }: TracedStep) => ({
    storeMs,
    startMs: startMs + ahead,
    endMs: endMs + ahead,
  });
  return { sentMs, eventsMs, steps: steps.map(here) };
}

function print(samples: readonly Sample[], facts: object): void {
  const spread = (of: (sample: Sample) => readonly number[]) => {
    const all = samples.flatMap(of).filter((value) => !Number.isNaN(value));
    const at = (share: number) => Number(percentile(all, share).toFixed(2));
    return { p50: at(0.5), p99: at(0.99) };
  };
  const results = {
    idleShare: Number(median(samples.map(({ idleShare }) => idleShare)).toFixed(4)),
    requestToStepMs: spread(({ requestToStepMs }) => requestToStepMs),
    stepToByteMs: spread(({ stepToByteMs }) => stepToByteMs),
    addedMs: spread(({ addedMs }) => addedMs),
  };
  console.log(JSON.stringify({ bench: 'overhead', ...facts, ...machineFacts(), results }));
  console.log(`device idle while there is work: ${(100 * results.idleShare).toFixed(1)} %`);
  const row = (name: string, { p50, p99 }: { p50: number; p99: number }) => [
    name,
    p50.toFixed(2),
    p99.toFixed(2),
  ];
  const rows = [
    row('request sent → first step begins', results.requestToStepMs),
    row('step ends → byte at the client', results.stepToByteMs),
    row('first token without its step', results.addedMs),
  ];
  console.log(table(['ms', 'p50', 'p99'], rows));
}

async function main(): Promise<void> {
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const { quantization, threads } = values;
  const flags = ['--model-path', folder, '--quantization', quantization, '--num-threads', threads];
  const preload = new URL('./time-origin.js', import.meta.url).href;
  const server = await startRadish([...flags, ...positionals], ['--import', preload]);
  try {
    const originMs = Number(/^time origin: (\S+)$/m.exec(server.startLog)?.[1]);
    const samples: Sample[] = [];
    // Round -1 warms up: first runs allocate, and sessions choose their kernels.
    for (let i = -1; i < Number(values.rounds); i++) {
      const sample = await round(server, originMs, new RandomIds(i + 2));
      if (i >= 0) samples.push(sample);
      console.error(i < 0 ? 'warmed up' : `round ${i + 1} of ${values.rounds}`);
    }
    const facts = { model: folder, format: server.format, threads: Number(threads) };
    print(samples, { ...facts, rounds: Number(values.rounds) });
  } finally {
    server.client.close();
    await server.stop();
  }
}

await main();

/**
 * What a machine with a GPU shows in ten minutes: for each device whether a server starts on it, whether its answers are
 * the CPU's, whether two fit on one card, and how fast it is. `card.sh` runs this; see docs/gpu.md.
 */
import { execFile } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { agreement, agreementText, askAll, type Answers } from './answers.js';
import { CardServer } from './card-server.js';
import { Stages } from './stages.js';

const USAGE = `Usage: node dist/test/gpu/card.js [flags]
  --devices LIST    in this order (default: webgpu,cuda); cpu stands for a device where there is none
  --model FOLDER    (default: the built-in model)
  --flags LIST      for every server, with commas for spaces
  --port N          (default: 31300)
  --tokens N        of each answer (default: 32)
  --batches LIST    requests at a time (default: 1,8,64)
  --minutes N       for everything (default: 9.5)
  --out FOLDER      gets card.json and card.log
`;
const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: 'webgpu,cuda' },
    model: { type: 'string' },
    flags: { type: 'string', default: '' },
    port: { type: 'string', default: '31300' },
    tokens: { type: 'string', default: '32' },
    batches: { type: 'string', default: '1,8,64' },
    minutes: { type: 'string', default: '9.5' },
    out: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

/** Limits of the stages, in seconds. */
const LIMITS = { start: 120, ops: 60, answers: 60, together: 40, two: 120, speed: 45 };
const OPS = fileURLToPath(new URL('./paged-ops.js', import.meta.url));
const port = Number(values.port);
const numTokens = Number(values.tokens);
const stages = new Stages(Number(values.minutes) * 60);
const common = [
  ...(values.model === undefined ? [] : ['--model-path', values.model]),
  ...values.flags.split(',').filter((flag) => flag !== ''),
];

const reference = await referenceAnswers();
for (const device of values.devices.split(',')) await tryDevice(device);
process.stdout.write(`\n${stages.table()}`);
if (values.out !== undefined) {
  writeFileSync(join(values.out, 'card.json'), `${JSON.stringify(stages.results, null, 1)}\n`);
}
process.exitCode = stages.results.every(({ passed }) => passed) ? 0 : 1;

async function referenceAnswers(): Promise<Answers | null> {
  let answers: Answers | null = null;
  await onServer('cpu reference', LIMITS.start, common, async (server) => {
    await stages.run('cpu reference: answers', LIMITS.answers, async (signal) => {
      answers = await askAll(server.url, numTokens, false, signal);
      return { text: `${answers.length} answers of ${numTokens} tokens`, details: answers };
    });
  });
  return answers;
}

async function tryDevice(device: string): Promise<void> {
  if (device !== 'cpu') await tryOps(device);
  const flags = [...common, ...flagsOf(device)];
  await onServer(device, LIMITS.start, flags, async (server) => {
    await compareAnswers(device, server);
    for (const batch of values.batches.split(',').map(Number)) await measure(device, server, batch);
  });
  // A step of 0 puts both on one card.
  const step = device === 'cpu' ? [] : ['--gpu-id-step', '0'];
  const two = [...flags, '--dp-size', '2', ...step];
  await onServer(`${device}, two on a card`, LIMITS.two, two, async (server) => {
    await compareTogether(`${device}, two on a card`, server, reference);
  });
}

function flagsOf(device: string): readonly string[] {
  return device === 'cpu' ? [] : ['--device', device];
}

/** The attention op by itself, in a process of its own: it may end it. */
async function tryOps(device: string): Promise<void> {
  await stages.run(`${device}: paged attention`, LIMITS.ops, async (signal) => {
    const { stdout } = await promisify(execFile)(process.execPath, [OPS, device], { signal });
    const found = JSON.parse(stdout) as { readonly passed: boolean; readonly text: string };
    return { text: found.text, details: found, passed: found.passed };
  });
}

async function onServer(
  name: string,
  limit: number,
  flags: readonly string[],
  use: (server: CardServer) => Promise<void>,
): Promise<void> {
  let server: CardServer | null = null;
  await stages.run(`${name}: starts`, limit, async (signal) => {
    server = await CardServer.start(flags, port, signal);
    const facts = await server.facts(signal);
    return { text: shortFacts(facts), details: facts };
  });
  // The callback above is the only place that sets it.
  const started = server as CardServer | null;
  if (started === null) return;
  try {
    await use(started);
  } finally {
    await started.stop();
    keepLog(name, started.log);
  }
}

function shortFacts(facts: Readonly<Record<string, unknown>>): string {
  const plain = Object.entries(facts).filter(([, value]) => typeof value !== 'object');
  return plain.map(([name, value]) => `${name} ${String(value)}`).join(', ');
}

async function compareAnswers(device: string, server: CardServer): Promise<void> {
  let alone: Answers | null = null;
  await stages.run(`${device}: answers as the CPU's`, LIMITS.answers, async (signal) => {
    alone = await askAll(server.url, numTokens, false, signal);
    if (reference === null) return { text: 'no reference', details: alone, passed: false };
    const agreed = agreement(reference, alone);
    // Formats differ between devices: a late difference is no fault, an answer that begins differently is.
    return { text: agreementText(agreed), details: { agreed, alone }, passed: agreed.tokens > 0 };
  });
  await compareTogether(`${device}: together as alone`, server, alone);
}

async function compareTogether(
  name: string,
  server: CardServer,
  expected: Answers | null,
): Promise<void> {
  await stages.run(name, LIMITS.together, async (signal) => {
    const together = await askAll(server.url, numTokens, true, signal);
    if (expected === null) return { text: 'nothing to compare with', passed: false };
    const agreed = agreement(expected, together);
    return {
      text: agreementText(agreed),
      details: { agreed, together },
      passed: agreed.tokens > 0,
    };
  });
}

async function measure(device: string, server: CardServer, batch: number): Promise<void> {
  await stages.run(`${device}: ${batch} at a time`, LIMITS.speed, async (signal) => {
    const result = await server.speed(batch, signal);
    const rate = result.output_throughput.toFixed(1);
    const text = `${rate} tokens/s, first after ${result.mean_ttft_ms.toFixed(0)} ms, then every ${result.mean_itl_ms.toFixed(1)} ms`;
    return { text, details: result, passed: result.failed === 0 };
  });
}

function keepLog(name: string, log: string): void {
  if (values.out === undefined) return;
  appendFileSync(join(values.out, 'card.log'), `=== ${name}\n${log}\n`);
}

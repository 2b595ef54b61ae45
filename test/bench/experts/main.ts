/**
 * What recording expert statistics costs while decoding: a server without a recorder, one whose recorder is off,
 * and the same while it records: `node dist/test/bench/experts/main.js --dummy FOLDER [--mode stat]`.
 * See ../README.md.
 */
import { parseArgs } from 'node:util';

import { serverSide } from '../engine/server-side.js';
import { IdleWatch } from '../lib/idle-watch.js';
import { startRadish, type RadishServer } from '../lib/radish-server.js';
import { machineFacts, median, table } from '../lib/report.js';
import { withSides, type Side } from '../lib/side.js';
import { labelOf, tokensOf, type Workload } from '../engine/workload.js';

const { values } = parseArgs({
  options: {
    dummy: { type: 'string' },
    mode: { type: 'string', default: 'stat' },
    rounds: { type: 'string', default: '25' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '128' },
  },
});

const PLAIN = 'no recorder';
const OFF = 'recorder off';
const RECORDING = 'recording';
const BATCHES = [1, 8, 16];
const CONTEXT = 64;

type DecodeSide = Side<Workload, number>;

/** Milliseconds per decode step: `times.get(workload label).get(side name)[round]`. */
type Times = Map<string, Map<string, number[]>>;

function workloads(round: number): (Workload & { readonly kind: 'decode' })[] {
  const steps = Number(values.steps);
  return BATCHES.map((batch, i) => ({
    kind: 'decode' as const,
    batch,
    context: CONTEXT,
    steps,
    seed: 1000 * (round + 1) + i,
  }));
}

/** A server that has a recorder, as two sides: one starts recording before each run and stops it after. */
function recorderSides(server: RadishServer): DecodeSide[] {
  const side = serverSide(OFF, server);
  const act = (what: string) =>
    fetch(`http://127.0.0.1:${server.port}/${what}_expert_distribution_record`, { method: 'POST' });
  const recording: DecodeSide = {
    ...side,
    name: RECORDING,
    run: async (workload) => {
      await act('start');
      const ms = await side.run(workload);
      await act('stop');
      return ms;
    },
    close: () => Promise.resolve(),
  };
  return [side, recording];
}

async function measure(sides: readonly DecodeSide[]): Promise<Times> {
  const times: Times = new Map();
  // The two sides of one server are busy together.
  const watch = new IdleWatch(sides.filter(({ name }) => name === PLAIN));
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const workload of workloads(round)) {
      for (const side of sides) {
        const ms = await watch.during(side.name, () => side.run(workload));
        const perStep = (ms * workload.batch) / tokensOf(workload);
        if (round >= 0) add(times, [labelOf(workload), side.name], perStep);
      }
    }
    console.error(round < 0 ? 'warmed up' : `round ${round + 1} of ${values.rounds}`);
  }
  console.error('CPU time of the idle server, in cores:', watch.shares());
  return times;
}

function add(times: Times, [label, side]: readonly [string, string], ms: number): void {
  const ofWorkload = times.get(label) ?? new Map<string, number[]>();
  times.set(label, ofWorkload.set(side, [...(ofWorkload.get(side) ?? []), ms]));
}

/** Medians, and ratios pair by pair. */
function lines(times: Times) {
  return [...times].map(([workload, sides]) => {
    const of = (name: string) => sides.get(name) ?? [];
    const ratio = (a: string, b: string) =>
      round3(median(of(a).map((ms, i) => ms / (of(b)[i] ?? NaN))));
    return {
      workload,
      msPerStep: [PLAIN, OFF, RECORDING].map((name) => round3(median(of(name)))),
      offToPlain: ratio(OFF, PLAIN),
      recordingToOff: ratio(RECORDING, OFF),
    };
  });
}

function round3(value: number): number {
  return Number(value.toFixed(3));
}

async function main(): Promise<void> {
  const folder = values.dummy;
  if (folder === undefined) throw new Error('--dummy FOLDER is needed');
  const flags = ['--model-path', folder, '--load-format', 'dummy', '--skip-tokenizer-init'];
  flags.push('--num-threads', values.threads);
  const plain = await startRadish(flags);
  const recorder = await startRadish([
    ...flags,
    '--expert-distribution-recorder-mode',
    values.mode,
  ]);
  const [off, recording] = recorderSides(recorder);
  const sides = [serverSide(PLAIN, plain), off, recording].filter((side) => side !== undefined);
  const times = await withSides(
    sides.map((side) => () => Promise.resolve(side)),
    measure,
  );
  const results = lines(times);
  const facts = { bench: 'experts', model: folder, format: plain.format };
  const how = { mode: values.mode, rounds: Number(values.rounds), steps: Number(values.steps) };
  console.log(JSON.stringify({ ...facts, ...how, ...machineFacts(), results }));
  const ratios = [`off : ${PLAIN}`, 'recording : off'];
  const header = ['ms a step', PLAIN, OFF, RECORDING, ...ratios];
  const rows = results.map(({ workload, msPerStep, offToPlain, recordingToOff }) =>
    [workload, ...msPerStep, offToPlain, recordingToOff].map(String),
  );
  console.log(table(header, rows));
}

await main();

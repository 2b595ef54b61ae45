import t from 'tap';
import type { StepTimed } from '../../../src/messages.js';
import { StepTrace } from '../../../src/observability/step-trace.js';

const device = { rank: 0, generation: 1 };

function timed(step: number, lastStoreUs: number, rest: Partial<StepTimed> = {}): StepTimed {
  const timing = { startMs: 0, loadUs: 10, prefillUs: 500, decodeUs: 40, lastStoreUs };
  return {
    device,
    step,
    numPrefillTokens: 20,
    numCachedTokens: 0,
    prefills: [],
    numDecodeRows: 3,
    timing,
    ...rest,
  };
}

type Bar = readonly [name: string, step: number, ts: number, dur: number];

function barsOf(trace: StepTrace): Bar[] {
  const { traceEvents } = JSON.parse(trace.toJson()) as {
    traceEvents: { name: string; ts: number; dur: number; args: { step: number } }[];
  };
  return traceEvents.map(({ name, args, ts, dur }) => [name, args.step, ts, dur]);
}

t.test('what a step stored stands behind the moment at which it was heard of', (t) => {
  const trace = new StepTrace();
  trace.add(timed(7, 99), 1000);
  trace.add(timed(8, 16), 2000);
  trace.add(timed(9, 0), 3000);
  t.same(barsOf(trace), [
    ['load', 7, 450, 10],
    ['prefill', 7, 460, 500],
    ['decode', 7, 960, 40],
    ['store', 7, 1000, 16],
    ['load', 8, 1450, 10],
    ['prefill', 8, 1460, 500],
    ['decode', 8, 1960, 40],
    ['load', 9, 2450, 10],
    ['prefill', 9, 2460, 500],
    ['decode', 9, 2960, 40],
  ]);
  t.end();
});

t.test('and belongs to no other device or step', (t) => {
  const trace = new StepTrace();
  trace.add(timed(1, 0), 1000);
  trace.add(timed(2, 16, { device: { rank: 1, generation: 1 } }), 2000);
  trace.add(timed(2, 16, { device: { rank: 0, generation: 2 } }), 3000);
  trace.add(timed(4, 16, { device: { rank: 0, generation: 2 } }), 4000);
  t.notOk(barsOf(trace).some(([name]) => name === 'store'));
  t.end();
});

import t from 'tap';

import { StepLanes } from '../../../../../src/api/ws/watch/step-lanes.js';
import type { StepTiming } from '../../../../../src/core/batch.js';
import type { StepTimed } from '../../../../../src/messages.js';

const EPOCH = 1_700_000_000_000;

function timed(
  step: number,
  timing: Partial<StepTiming>,
  rest: Partial<StepTimed> = {},
): StepTimed {
  const none = { startMs: EPOCH + 10 * step, loadUs: 0, prefillUs: 0, decodeUs: 0, lastStoreUs: 0 };
  return {
    device: { rank: 0, generation: 2 },
    step,
    numPrefillTokens: 0,
    numDecodeRows: 0,
    numCachedTokens: 0,
    prefills: [],
    timing: { ...none, ...timing },
    ...rest,
  };
}

const bars = (lanes: StepLanes): unknown[] => Object.values(lanes.barsOf('0:2'));

t.test('the parts of a step lie one behind the other, as the device timed them', (t) => {
  const lanes = new StepLanes();
  const prefills = [{ rid: 'a', numTokens: 7 }];
  const rows = { numCachedTokens: 16, numPrefillTokens: 7, numDecodeRows: 3, prefills };
  lanes.add(timed(1, { loadUs: 500, prefillUs: 2000, decodeUs: 1500 }, rows));
  lanes.add(timed(2, { decodeUs: 900, lastStoreUs: 300 }, { numDecodeRows: 3 }));
  t.strictSame(bars(lanes), [
    { step: 1, kind: 'load', rows: 16, start: EPOCH + 10, ms: 0.5 },
    {
      step: 1,
      kind: 'prefill',
      rows: 7,
      requests: [{ rid: 'a', rows: 7 }],
      start: EPOCH + 10.5,
      ms: 2,
    },
    { step: 1, kind: 'decode', rows: 3, start: EPOCH + 12.5, ms: 1.5 },
    { step: 1, kind: 'store', start: EPOCH + 14, ms: 0.3 },
    { step: 2, kind: 'decode', rows: 3, start: EPOCH + 20, ms: 0.9 },
  ]);
  lanes.keep(new Set(['0:3']));
  t.same(bars(lanes), [], 'its device is gone');
  t.end();
});

t.test('bookkeeping without rows is no bar', (t) => {
  const lanes = new StepLanes();
  lanes.add(timed(1, { loadUs: 20, prefillUs: 15, decodeUs: 800 }, { numDecodeRows: 1 }));
  lanes.add(timed(2, { decodeUs: 50, lastStoreUs: 6 }, { numDecodeRows: 1 }));
  t.match(bars(lanes), [
    { step: 1, kind: 'decode' },
    { step: 2, kind: 'decode', ms: 0.05 },
  ]);
  t.equal(bars(lanes).length, 2);
  t.end();
});

t.test('steps that ran together have one bar', (t) => {
  const lanes = new StepLanes();
  const first = [{ rid: 'a', numTokens: 7 }];
  const rows = { numPrefillTokens: 7, prefills: first, numDecodeRows: 1 };
  lanes.add(timed(1, { prefillUs: 2000, decodeUs: 900 }, rows));
  const joined = { numPrefillTokens: 5, prefills: [{ rid: 'b', numTokens: 5 }] };
  lanes.add(timed(2, { startMs: 0 }, joined));
  lanes.add(timed(3, { decodeUs: 900, lastStoreUs: 200 }, { numDecodeRows: 2 }));
  t.match(bars(lanes), [
    { step: 1, kind: 'prefill', rows: 12, requests: [{ rid: 'a' }, { rid: 'b', rows: 5 }] },
    { step: 1, kind: 'decode' },
    { step: 1, kind: 'store' },
    { step: 3, kind: 'decode' },
  ]);
  t.end();
});

t.test('the newest are kept, and keep their numbers', (t) => {
  const lanes = new StepLanes();
  for (let step = 0; step < 1000; step++) {
    lanes.add(timed(step, { decodeUs: 500 }, { numDecodeRows: 1 }));
  }
  const numbers = Object.keys(lanes.barsOf('0:2')).map(Number);
  t.equal(numbers.length, 256);
  t.same([numbers[0], numbers.at(-1)], [744, 999]);
  t.match(lanes.barsOf('0:2')['999'], { step: 999 });
  t.end();
});

import t from 'tap';
import { ExpertRecorder } from '../../../src/cache/expert-recorder.js';
import type { ExpertRecording } from '../../../src/core/expert-recording.js';
import type { RecordPass } from '../../../src/messages.js';

const recording: ExpertRecording = {
  mode: 'stat',
  bufferSize: 3,
  numLayers: 3,
  layers: [0, 2],
  numExperts: 4,
  topK: 2,
};

/** `rows` tokens that take `expert` and the next one in both layers. */
function passOf(rows: number, expert: number): RecordPass {
  return {
    op: 'pass',
    rank: 1,
    numPrefillRows: 1,
    routing: {
      planRows: new Int32Array(rows),
      positions: Int32Array.from({ length: rows }, (_, i) => i),
      tokens: new Int32Array(rows).fill(7),
      experts: Uint16Array.from({ length: rows * 4 }, (_, i) => expert + (i % 2)),
    },
  };
}

t.test('keeps the last passes and the totals of all', (t) => {
  const recorder = new ExpertRecorder(recording);
  recorder.add(passOf(1, 0));
  recorder.start();
  for (const rows of [1, 2, 3, 4, 5]) recorder.add(passOf(rows, 0));
  const dump = recorder.dump();
  t.same(
    dump.passes.map(({ counts }) => counts[0]),
    [3, 4, 5],
  );
  t.same([...dump.totals], [15, 15, 0, 0, 0, 0, 0, 0, 15, 15, 0, 0]);
  recorder.add(passOf(1, 2));
  recorder.stop();
  recorder.add(passOf(1, 2));
  const after = recorder.dump();
  t.same([...after.totals.subarray(0, 4)], [0, 0, 1, 1], 'cleared, then on until stopped');
  t.equal(after.passes[0]?.rank, 1);
  recorder.start();
  t.same(recorder.dump().passes, []);
  t.end();
});

t.test('a buffer without bound is bounded by memory', (t) => {
  const wide = { ...recording, bufferSize: -1, numLayers: 2, layers: [0, 1], numExperts: 2 ** 20 };
  const recorder = new ExpertRecorder(wide);
  recorder.start();
  for (let i = 0; i < 40; i++) recorder.add(passOf(1, 0));
  const { passes, totals } = recorder.dump();
  t.equal(passes.length, 8, '8 MiB each, 64 MiB in all');
  t.equal(passes.at(-1)?.forwardPassId, 39);
  t.equal(totals[0], 40);
  t.end();
});

t.test('refuses the rows of another model', (t) => {
  const recorder = new ExpertRecorder(recording);
  recorder.start();
  t.throws(() => {
    recorder.add(passOf(1, 3));
  }, RangeError);
  t.end();
});

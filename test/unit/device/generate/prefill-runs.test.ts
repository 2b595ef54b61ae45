import t from 'tap';
import { seededRandom } from '../../../../src/core/clock.js';
import type { PrefillRow } from '../../../../src/core/batch.js';
import { CPU_PREFILL } from '../../../../src/device/cpu/cpu-forward.js';
import { cutPrefill, PREFILL_HEAD_ROWS } from '../../../../src/device/generate/prefill-runs.js';

/** Token at position p of every prompt here. */
const tokenAt = (position: number): number => 1000 + position;

function rowOf(position: number, length: number, promptLen: number): PrefillRow {
  const end = position + length;
  return {
    slot: 0,
    position,
    tokens: Int32Array.from({ length }, (_, i) => tokenAt(position + i)),
    previousToken: position === 0 ? -1 : tokenAt(position - 1),
    nextToken: end < promptLen ? tokenAt(end) : -1,
    sample: end === promptLen,
  };
}

t.test('runs are even, bounded, and cover every row with its own token', (t) => {
  for (let seed = 1; seed <= 3000; seed++) {
    const random = seededRandom(seed);
    const position = Math.floor(random() * 3) * Math.floor(random() * 300);
    const length = 1 + Math.floor(random() * 700);
    const promptLen = position + length + (random() < 0.5 ? 0 : 5);
    const scoreFrom = random() < 0.5 ? Infinity : 1 + Math.floor(random() * promptLen);
    let next = position;
    for (const run of cutPrefill(rowOf(position, length, promptLen), CPU_PREFILL, { scoreFrom })) {
      const problem =
        run.tokens.length % 2 !== 0 || run.tokens.length > CPU_PREFILL.maxRows
          ? 'an odd or long run'
          : run.scores.length > PREFILL_HEAD_ROWS
            ? 'too many head rows'
            : run.position > next || run.position < next - 1
              ? 'a gap'
              : null;
      if (problem !== null) t.fail(`seed ${seed}: ${problem}`);
      run.tokens.subarray(0, run.endPosition - run.position).forEach((token, i) => {
        if (token !== tokenAt(run.position + i)) t.fail(`seed ${seed}: a wrong token`);
      });
      next = run.endPosition;
    }
    if (next !== position + length) t.fail(`seed ${seed}: ends at ${next}`);
  }
  t.end();
});

t.test('every wanted prompt position is scored once, by the row before it', (t) => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = seededRandom(seed);
    const promptLen = 2 + Math.floor(random() * 400);
    const cut = 1 + Math.floor(random() * (promptLen - 1));
    const scoreFrom = 1 + Math.floor(random() * (promptLen - 1));
    const rows = [rowOf(0, cut, promptLen), rowOf(cut, promptLen - cut, promptLen)];
    const runs = rows.flatMap((row) => cutPrefill(row, CPU_PREFILL, { scoreFrom }));
    const scored = runs.flatMap((run) =>
      run.scores.map((score) => {
        if (run.position + score.row !== score.position - 1) t.fail(`seed ${seed}: a wrong row`);
        if (score.token !== tokenAt(score.position)) t.fail(`seed ${seed}: a wrong token`);
        return score.position;
      }),
    );
    const expected = Array.from({ length: promptLen - scoreFrom }, (_, i) => scoreFrom + i);
    if (String(scored) !== String(expected)) t.fail(`seed ${seed}: ${String(scored)}`);
    const samples = runs.filter((run) => run.sampleRow >= 0);
    if (samples.length !== 1) t.fail(`seed ${seed}: ${samples.length} sampling rows`);
    const [last] = samples;
    if (last !== undefined && last.position + last.sampleRow !== promptLen - 1)
      t.fail(`seed ${seed}`);
  }
  t.end();
});

t.test('a single row brings the row before it, or at the start a dummy after it', (t) => {
  const [hit] = cutPrefill(rowOf(40, 1, 41), CPU_PREFILL);
  t.same(hit?.tokens, Int32Array.of(tokenAt(39), tokenAt(40)));
  t.match(hit, { position: 39, endPosition: 41, sampleRow: 1 });
  const [first] = cutPrefill(rowOf(0, 1, 1), CPU_PREFILL);
  t.equal(first?.tokens.length, 2);
  t.match(first, { position: 0, endPosition: 1, sampleRow: 0 });
  t.end();
});

t.test('a rule with a least number of rows puts dummies behind a short run', (t) => {
  const rule = { maxRows: 100, maxSequences: 1, mixes: false, padding: 32 };
  const [whole, rest, ...none] = cutPrefill(rowOf(7, 120, 127), rule);
  t.same(none, []);
  t.match(whole, { position: 7, endPosition: 107, sampleRow: -1 });
  t.equal(whole?.tokens.length, 100);
  t.match(rest, { position: 107, endPosition: 127, sampleRow: 19 });
  const behind = new Array<number>(12).fill(tokenAt(126));
  t.same(rest?.tokens.subarray(20), Int32Array.from(behind));
  t.equal(rest?.tokens[0], tokenAt(107));
  t.end();
});

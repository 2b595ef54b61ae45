import t from 'tap';
import { fitTurns } from '../../../../src/device/speculation/fit-turns.js';

function turnOf(numKnown: number, numDrafts: number) {
  const run = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  return {
    isVerified: false,
    known: run(10, numKnown),
    drafts: run(50, numDrafts),
    samples: true,
  };
}

t.test('turns that fit stay as they are', (t) => {
  const turns = [turnOf(1, 7), turnOf(1, 0), turnOf(3, 2)];
  t.same(fitTurns(turns, { maxRows: 11, maxSequences: 2 }), turns);
  t.end();
});

t.test('the longest are cut, down to a row each', (t) => {
  const fit = (maxRows: number) =>
    fitTurns([turnOf(1, 7), turnOf(1, 1), turnOf(1, 5)], { maxRows, maxSequences: 16 }).map(
      ({ drafts }) => drafts.length,
    );
  t.same(fit(12), [6, 1, 5]);
  t.same(fit(5), [2, 1, 2]);
  t.same(fit(2), [0, 0, 0]);
  t.same(fit(-3), [0, 0, 0], 'a prompt has all rows of the run');
  t.end();
});

t.test('the last ones have one row where there are too many', (t) => {
  const turns = [turnOf(1, 2), turnOf(1, 0), turnOf(1, 2), turnOf(1, 2)];
  const fitted = fitTurns(turns, { maxRows: 99, maxSequences: 2 });
  t.same(
    fitted.map(({ drafts }) => drafts.length),
    [2, 0, 2, 0],
  );
  t.end();
});

t.test('what is known and cut comes another time: nothing is sampled behind it', (t) => {
  const [cut] = fitTurns([turnOf(5, 4)], { maxRows: 3, maxSequences: 1 });
  t.same(cut, { isVerified: false, known: [10, 11, 12, 13], drafts: [], samples: false });
  const [kept] = fitTurns([turnOf(3, 4)], { maxRows: 3, maxSequences: 1 });
  t.same(kept, { isVerified: false, known: [10, 11, 12], drafts: [50], samples: true });
  t.end();
});

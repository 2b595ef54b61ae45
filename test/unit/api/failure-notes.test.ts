import t from 'tap';

import { FailureNotes } from '../../../src/api/failure-notes.js';

t.test('keeps the newest failures, and counts all', (t) => {
  let nowMs = 5;
  const notes = new FailureNotes(() => nowMs++);
  const failed = { method: 'POST', path: '/generate', id: 'x', rid: 'mine' };
  notes.note({ ...failed, status: 503, sentence: 'The request queue is full.' });
  for (const status of [400, null, 1009]) notes.note({ ...failed, status, sentence: 'no' });
  t.equal(notes.numFailed, 1);
  t.equal(notes.numRefused, 3);
  t.match(notes.newest[0], { num: 0, atMs: 5, status: 503, path: '/generate', rid: 'mine' });
  for (let i = 0; i < 40; i++) notes.note({ ...failed, status: 400, sentence: 'x'.repeat(5000) });
  t.equal(notes.newest.length, 32);
  t.equal(notes.newest.at(-1)?.num, 43);
  t.equal(notes.newest.at(-1)?.sentence.length, 1024);
  t.end();
});

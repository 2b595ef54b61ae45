import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { agreement, agreementText } from './answers.js';
import { Stages } from './stages.js';

t.test('what fails is a line, and the next stage runs', async (t) => {
  const stages = new Stages(60);
  t.equal(await stages.run('breaks', 10, () => Promise.reject(new Error('one\nthe reason'))), null);
  t.match(await stages.run('goes on', 10, () => Promise.resolve({ text: 'fine' })), {
    text: 'fine',
  });
  t.match(stages.results, [
    { name: 'breaks', passed: false, text: 'the reason' },
    { name: 'goes on', passed: true, text: 'fine' },
  ]);
  t.match(stages.table(), /^breaks {3}FAILED.* s {2}the reason\ngoes on {2}ok .* s {2}fine\n$/);
});

t.test('a stage past its limit is told to stop', async (t) => {
  const stages = new Stages(60);
  let stopped = false;
  await stages.run('hangs', 1, (signal) => {
    signal.addEventListener('abort', () => (stopped = true));
    return sleep(30_000, { text: 'too late' }, { ref: false });
  });
  t.ok(stopped);
  t.match(stages.results, [{ passed: false, text: 'not done in 1 s' }]);
});

t.test('no stage begins when the time for all is up', async (t) => {
  const stages = new Stages(0);
  await stages.run('late', 10, () => Promise.reject(new Error('it ran')));
  t.match(stages.results, [{ passed: false, text: 'not run: no time left' }]);
});

t.test('answers agree up to where they first differ', (t) => {
  const expected = [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ];
  const found = [
    [1, 2, 3],
    [4, 0, 6],
    [7, 8],
  ];
  const agreed = agreement(expected, found);
  t.same(agreed, { answers: 1, tokens: 6, ofAnswers: 3, ofTokens: 9 });
  t.equal(agreementText(agreed), '1/3 answers, 6/9 tokens before they differ');
  t.end();
});

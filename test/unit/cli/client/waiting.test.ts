import t from 'tap';

import { waitingTo } from '../../../../src/cli/client/waiting.js';

t.test('each news is said once, as a sentence', (t) => {
  const said: string[] = [];
  const onWait = waitingTo((sentence) => said.push(sentence));
  for (const news of ['Loading: 40 %', 'Loading: 40 %', 'Loading: 80 %', 'The queue is full.']) {
    onWait(news);
  }
  t.strictSame(said, [
    'Loading: 40 %. Waiting.',
    'Loading: 80 %. Waiting.',
    'The queue is full. Waiting.',
  ]);
  t.end();
});

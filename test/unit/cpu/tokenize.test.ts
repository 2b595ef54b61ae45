import t from 'tap';

import type { CpuPool } from '../../../src/cpu/pool.js';
import { tokenizeOn } from '../../../src/cpu/tokenize.js';

t.test('no more than 256 prompts wait for the pool', async (t) => {
  let answer: (ids: Int32Array) => void = () => undefined;
  const answered = new Promise<Int32Array>((resolve) => {
    answer = resolve;
  });
  const tokenize = tokenizeOn({ run: () => answered } as unknown as CpuPool, 'folder');
  const all = Array.from({ length: 256 }, () => tokenize('text'));
  await t.rejects(tokenize('text'), { code: 'QUEUE_FULL' });
  answer(Int32Array.of(1));
  t.equal((await Promise.all(all)).length, 256);
  await t.resolves(tokenize('text'));
});

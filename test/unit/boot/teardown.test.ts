import t from 'tap';

import { Teardown } from '../../../src/boot/teardown.js';

t.test('what began last ends first, one after the other, and only once', async (t) => {
  const ended: string[] = [];
  const teardown = new Teardown();
  teardown.add(() => ended.push('first'));
  teardown.add(async () => {
    await Promise.resolve();
    ended.push('second');
  });
  teardown.add(() => ended.push('third'));
  await teardown.run();
  await teardown.run();
  t.same(ended, ['third', 'second', 'first']);
});

t.test('one that fails keeps no other from ending', async (t) => {
  const ended: string[] = [];
  const teardown = new Teardown();
  teardown.add(() => ended.push('first'));
  teardown.add(() => Promise.reject(new Error('no')));
  teardown.add(() => {
    throw new Error('never');
  });
  await t.rejects(teardown.run(), { message: 'never' });
  t.same(ended, ['first']);
});

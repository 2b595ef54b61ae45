import t from 'tap';

import { EncodeQueue } from '../../../src/engine/encode-queue.js';

/** Work that ends when the test says so. */
function work() {
  const started: string[] = [];
  const endings = new Map<string, () => void>();
  const job = (name: string) => (): Promise<string> => {
    started.push(name);
    return new Promise((resolve) => {
      endings.set(name, () => {
        resolve(name);
      });
    });
  };
  const end = async (name: string): Promise<void> => {
    endings.get(name)?.();
    await new Promise(setImmediate);
  };
  return { started, job, end };
}

const LONG = 100_000;

t.test('requests take turns, and long texts leave a thread to short ones', async (t) => {
  const { started, job, end } = work();
  const queue = new EncodeQueue();
  const [big, other, small] = [queue.forRequest(), queue.forRequest(), queue.forRequest()];
  for (let i = 0; i < 5; i++) void big(LONG, job(`big${i}`));
  void other(LONG, job('other0'));
  void other(LONG, job('other1'));
  t.strictSame(started, ['big0', 'big1'], 'two texts of one request at a time');
  void small(10, job('small'));
  t.strictSame(started, ['big0', 'big1', 'small'], 'a short text waits behind no long one');
  await end('big0');
  await end('big1');
  t.strictSame(started.slice(3).sort(), ['big2', 'other0'], 'then each request has its turn');
});

t.test('what waits is bounded, and a failure frees its turn', async (t) => {
  const queue = new EncodeQueue();
  const run = queue.forRequest();
  await t.rejects(
    run(1, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  t.equal(await run(1, () => Promise.resolve(7)), 7);
  const { job } = work();
  for (let i = 0; i < 2; i++) void run(LONG, job(`running${i}`));
  void run(60 * 1024 * 1024, job('waits'));
  await t.rejects(run(10 * 1024 * 1024, job('refused')), { code: 'QUEUE_FULL' });
});

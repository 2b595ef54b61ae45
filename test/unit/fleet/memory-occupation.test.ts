import t from 'tap';
import { Exclusive } from '../../../src/fleet/exclusive.js';
import { MemoryOccupation } from '../../../src/fleet/memory-occupation.js';
import { createLogger } from '../../../src/observability/logger.js';

const NOT_IDLE = 'release_memory_occupation should be called only when no ongoing request.';
const BUSY = 'Weights or memory are being changed. Please try again later.';

/** Memory to give back, over a fleet and an engine that only tell what they are asked. */
function rigOf() {
  const acts: string[] = [];
  const lines: string[] = [];
  const act = (name: string): Promise<void> => {
    acts.push(name);
    return Promise.resolve();
  };
  const fleet = {
    isAsleep: false,
    wakeFailure: null as string | null,
    releaseKv: () => act('releaseKv'),
    sleep: () => {
      fleet.isAsleep = true;
      return act('sleep');
    },
    wake: () => {
      if (fleet.wakeFailure !== null) return Promise.reject(new Error(fleet.wakeFailure));
      fleet.isAsleep = false;
      return act('wake');
    },
  };
  const engine = {
    numLive: 0,
    flushFailure: null as string | null,
    hold: () => acts.push('hold'),
    letIn: () => acts.push('letIn'),
    desk: {
      flushCache: () => {
        acts.push('flushCache');
        return Promise.resolve(engine.flushFailure);
      },
    },
  };
  const changes = new Exclusive();
  const log = createLogger({
    sink: { write: (line) => lines.push(line) },
    level: 'info',
    useColor: false,
    now: () => new Date(0),
  });
  const memory = new MemoryOccupation({ fleet, engine, log, changes });
  /** What was asked since it was last told. */
  const tell = () => acts.splice(0);
  return { memory, fleet, engine, changes, tell, lines };
}

t.test('the KV goes, and comes back by itself', async (t) => {
  const { memory, tell, lines } = rigOf();
  t.equal(await memory.release(['kv_cache']), null);
  t.same(tell(), ['hold', 'flushCache', 'releaseKv'], 'the door stays closed');
  t.match(lines.at(-1), /Released memory; released now: kv_cache\.\n$/);
  t.equal(await memory.resume(['kv_cache']), null);
  t.same(tell(), ['letIn']);
  t.match(lines.at(-1), /Resumed memory; released now: nothing\.\n$/);
});

t.test('without weights there are no devices', async (t) => {
  const { memory, tell } = rigOf();
  t.equal(await memory.release(['weights']), null);
  t.same(tell(), ['hold', 'sleep']);
  t.equal(await memory.resume(['weights']), null);
  t.same(tell(), ['wake', 'letIn']);
});

t.test('the door opens when the last of both is back', async (t) => {
  for (const [first, second] of [
    ['weights', 'kv_cache'],
    ['kv_cache', 'weights'],
  ] as const) {
    const { memory, tell } = rigOf();
    await memory.release(['weights', 'kv_cache']);
    t.same(tell(), ['hold', 'flushCache', 'releaseKv', 'sleep']);
    await memory.resume([first]);
    t.same(tell(), first === 'weights' ? ['wake'] : []);
    await memory.resume([second]);
    t.same(tell(), second === 'weights' ? ['wake', 'letIn'] : ['letIn']);
  }
});

t.test('what is released already is not released again', async (t) => {
  const { memory, tell } = rigOf();
  await memory.release(['weights', 'kv_cache']);
  tell();
  t.equal(await memory.release(['weights', 'kv_cache']), null);
  t.same(tell(), ['hold']);
});

t.test('a fleet without weights has no KV to release', async (t) => {
  const { memory, tell } = rigOf();
  await memory.release(['weights']);
  tell();
  t.equal(await memory.release(['kv_cache']), null);
  t.same(tell(), ['hold']);
  await memory.resume(['weights']);
  t.same(tell(), ['wake'], 'the KV counts as released all the same');
});

t.test('no tags are nothing', async (t) => {
  const { memory, tell } = rigOf();
  t.equal(await memory.release([]), null);
  t.same(tell(), ['hold', 'letIn']);
});

t.test('not while a request lives', async (t) => {
  const { memory, engine, tell } = rigOf();
  engine.numLive = 1;
  t.equal(await memory.release(['weights']), NOT_IDLE);
  t.same(tell(), ['hold', 'letIn'], 'the door is open again');
  engine.numLive = 0;
  await memory.release(['kv_cache']);
  tell();
  engine.numLive = 1;
  t.equal(await memory.release(['weights']), NOT_IDLE);
  t.same(tell(), ['hold'], 'the KV is still released');
});

t.test('a cache that cannot be flushed keeps its KV', async (t) => {
  const { memory, engine, tell, lines } = rigOf();
  engine.flushFailure = 'pages are held';
  t.equal(await memory.release(['kv_cache', 'weights']), 'pages are held');
  t.same(tell(), ['hold', 'flushCache', 'letIn']);
  t.same(lines, []);
});

t.test('weights that cannot come back leave all as it is', async (t) => {
  const { memory, fleet, tell } = rigOf();
  await memory.release(['weights']);
  tell();
  fleet.wakeFailure = 'no memory.';
  t.equal(
    await memory.resume(['weights']),
    'The weights could not be loaded again: no memory.',
    'one full stop',
  );
  t.same(tell(), []);
  fleet.wakeFailure = null;
  t.equal(await memory.resume(['weights']), null);
  t.same(tell(), ['wake', 'letIn']);
});

t.test('weights that are there are not loaded', async (t) => {
  const { memory, tell } = rigOf();
  t.equal(await memory.resume(['weights', 'kv_cache']), null);
  t.same(tell(), ['letIn']);
});

t.test('one change of the devices at a time', async (t) => {
  const { memory, changes, tell } = rigOf();
  let end: () => void = () => undefined;
  const other = changes.perform(
    () =>
      new Promise<object>((resolve) => {
        end = () => {
          resolve({});
        };
      }),
  );
  t.equal(await memory.release(['weights']), BUSY);
  t.equal(await memory.resume(['weights']), BUSY);
  t.same(tell(), []);
  end();
  await other;
  t.equal(await memory.release(['weights']), null);
});

t.test('a change that fails leaves room for the next', async (t) => {
  const changes = new Exclusive();
  await t.rejects(
    changes.perform(() => Promise.reject(new Error('bug'))),
    { message: 'bug' },
  );
  t.same(await changes.perform(() => Promise.resolve({ done: 1 })), { done: 1 });
});

import t from 'tap';
import { turnOfEvents } from '../../doubles/turn-of-events.js';
import { FleetRig, LIMITS, modelIn, ORT } from './fleet-rig.js';

const SECOND = modelIn('second');
const proven = () => Promise.resolve();

/** Whether a promise has settled by now. */
function watched(promise: Promise<unknown>): { isSettled: boolean } {
  const watch = { isSettled: false };
  const settle = (): void => {
    watch.isSettled = true;
  };
  promise.then(settle, settle);
  return watch;
}

t.test('start', async (t) => {
  await t.test('one rank loads after the other', async (t) => {
    const rig = new FleetRig(2);
    const started = rig.fleet.start();
    await turnOfEvents();
    t.same(rig.yard.names, ['0:0']);
    await rig.becomeReady('0:0');
    t.same(rig.yard.names, ['0:0', '1:0']);
    await rig.becomeReady('1:0');
    await started;
    t.same(rig.tell(), ['attachDevice 0:0 epoch 0', 'attachDevice 1:0 epoch 0']);
  });

  await t.test('the first that cannot load is the reason, and the last that tried', async (t) => {
    const rig = new FleetRig(2);
    const started = rig.fleet.start();
    rig.yard.named('0:0').die('bad graph');
    await t.rejects(started, { message: 'bad graph' });
    t.same(rig.yard.names, ['0:0']);
  });
});

t.test('a rank that is given up leaves the others', async (t) => {
  const rig = await FleetRig.serving(2);
  const exhaust = async (rank: number): Promise<string[]> => {
    await rig.die(`${rank}:0`);
    for (let i = 1; i <= 5; i++) {
      await rig.clock.advance(500);
      await rig.die(`${rank}:${i}`);
    }
    return rig.tell().slice(-2);
  };
  t.same(await exhaust(1), ['rankDown 1', '*gaveUp 1 after 6']);
  t.same(await exhaust(0), ['*gaveUp 0 after 6', '*allDown: device 0 stays down']);
});

t.test('ranks count their deaths by themselves', async (t) => {
  const rig = await FleetRig.serving(2);
  await rig.die('0:0');
  await rig.die('1:0');
  t.same(rig.clock.leftMs, [100, 100]);
  await rig.clock.advance(100);
  t.same(rig.yard.names.slice(2), ['0:1', '1:1']);
});

t.test('retire asks every device, and waits until the last is gone', async (t) => {
  const rig = await FleetRig.serving(2);
  void rig.fleet.buildNext(SECOND, proven).catch(() => undefined);
  for (const device of rig.yard.devices) device.endsWhenAsked = false;
  const retired = watched(rig.fleet.retire());
  t.same(
    rig.yard.devices.map(({ asked }) => asked),
    [['retire'], ['retire'], ['retire']],
  );
  await rig.end('0:0');
  await rig.end('1:0');
  t.notOk(retired.isSettled, 'the next one still loads');
  await rig.end('0:1');
  t.ok(retired.isSettled);
  t.same(rig.tell(), []);
});

t.test('buildNext', async (t) => {
  await t.test('loads and proves one after the other, beside the serving ones', async (t) => {
    const rig = await FleetRig.serving(2);
    const proved: string[] = [];
    let resolveProof: () => void = () => undefined;
    const built = rig.fleet.buildNext(SECOND, ({ device }) => {
      proved.push(`${device.rank}:${device.generation}`);
      return new Promise((resolve) => {
        resolveProof = resolve;
      });
    });
    await turnOfEvents();
    t.same(proved, [], 'it still loads');
    await rig.becomeReady('0:1');
    t.same(proved, ['0:1']);
    t.same(rig.yard.names.slice(2), ['0:1'], 'the first is not proven yet');
    resolveProof();
    await turnOfEvents();
    await rig.becomeReady('1:1');
    t.same(proved, ['0:1', '1:1']);
    const building = watched(built);
    await turnOfEvents();
    t.notOk(building.isSettled);
    resolveProof();
    const next = await built;
    t.same(next.handles, [rig.yard.named('0:1'), rig.yard.named('1:1')]);
    t.equal(rig.yard.newest.weightsFolder, 'second');
    t.same(rig.yard.newest.start, {
      limits: LIMITS,
      ort: ORT,
      cards: [],
      isDeterministic: false,
      draft: null,
    });
    t.same(rig.tell(), [], 'nothing is said before the switch');
  });

  const failures = [
    ['one that does not load', 'no memory', (rig: FleetRig) => rig.die('1:1', 'no memory')],
    ['one that dies while it is proven', 'crash', (rig: FleetRig) => proveThenDie(rig, 'crash')],
    [
      'one that ends while it is proven',
      'the device ended before it was proven',
      (rig: FleetRig) => proveThenDie(rig, null),
    ],
  ] as const;
  for (const [what, message, fail] of failures) {
    await t.test(`${what} takes the others with it`, async (t) => {
      const rig = await FleetRig.serving(2);
      const never = (): Promise<void> => new Promise(() => undefined);
      const built = rig.fleet.buildNext(SECOND, ({ device }) =>
        device.rank === 0 ? proven() : never(),
      );
      await rig.becomeReady('0:1');
      const first = rig.yard.named('0:1');
      first.endsWhenAsked = false;
      const building = watched(built);
      await fail(rig);
      t.same(first.asked, ['retire']);
      t.notOk(building.isSettled, 'its memory is not free yet');
      await rig.end('0:1');
      await t.rejects(built, { message });
      t.same(rig.tell(), []);
      t.same(rig.yard.named('0:0').asked, [], 'the old one serves');
    });
  }

  await t.test('one that fails its proof does not stay', async (t) => {
    const rig = await FleetRig.serving();
    const built = rig.fleet.buildNext(SECOND, () => Promise.reject(new Error('no numbers')));
    rig.yard.newest.becomeReady();
    await t.rejects(built, { message: 'no numbers' });
    t.same(rig.yard.named('0:1').asked, ['retire']);
  });
});

t.test('switchTo', async (t) => {
  const build = async (rig: FleetRig) => {
    rig.yard.onStart = (device) => {
      device.becomeReady();
    };
    const next = await rig.fleet.buildNext(SECOND, proven);
    rig.yard.onStart = () => undefined;
    return next;
  };

  await t.test('settles when the old devices are gone', async (t) => {
    const rig = await FleetRig.serving(2);
    const switched = watched(rig.fleet.switchTo(await build(rig)));
    t.same(rig.tell(), ['attachDevice 0:1 epoch 1', 'attachDevice 1:1 epoch 1']);
    await rig.end('0:0');
    t.notOk(switched.isSettled);
    await rig.end('1:0');
    t.ok(switched.isSettled);
    t.same(rig.tell(), []);
  });

  await t.test('an old device that dies at it is reported, and not replaced', async (t) => {
    const rig = await FleetRig.serving();
    const switched = rig.fleet.switchTo(await build(rig));
    rig.tell();
    await rig.die('0:0');
    await switched;
    t.same(rig.tell(), ['deviceDown 0:0: boom', '*died 0:0: boom']);
    t.same(rig.clock.leftMs, []);
  });

  await t.test('from then on replacements have the new weights', async (t) => {
    const rig = await FleetRig.serving();
    void rig.fleet.switchTo(await build(rig));
    await rig.die('0:1');
    await rig.clock.advance(100);
    rig.tell();
    t.equal(rig.yard.newest.weightsFolder, 'second');
    await rig.becomeReady('0:2');
    t.same(rig.tell(), ['attachDevice 0:2 epoch 1', '*replaced 0:2']);
  });
});

t.test('sleep and wake', async (t) => {
  await t.test('devices end through the scheduler, and come back', async (t) => {
    const rig = await FleetRig.serving(2);
    t.notOk(rig.fleet.isAsleep);
    const slept = watched(rig.fleet.sleep());
    t.ok(rig.fleet.isAsleep);
    t.same(rig.tell(), ['retireDevices']);
    t.notOk(rig.fleet.injectFault(0, 'exit'));
    await rig.end('0:0');
    t.notOk(slept.isSettled);
    await rig.end('1:0');
    t.ok(slept.isSettled);
    const awake = rig.fleet.wake();
    await turnOfEvents();
    t.same(rig.yard.names.slice(2), ['0:1']);
    await rig.becomeReady('0:1');
    await rig.becomeReady('1:1');
    await awake;
    t.notOk(rig.fleet.isAsleep);
    t.same(rig.tell(), ['attachDevice 0:1 epoch 0', 'attachDevice 1:1 epoch 0']);
  });

  await t.test('one that dies instead of ending is not replaced', async (t) => {
    const rig = await FleetRig.serving();
    const slept = rig.fleet.sleep();
    rig.tell();
    await rig.die('0:0');
    await slept;
    t.same(rig.tell(), ['deviceDown 0:0: boom', '*died 0:0: boom']);
    t.same(rig.clock.leftMs, []);
  });

  await t.test('when one cannot load, all sleep on', async (t) => {
    const rig = await FleetRig.serving(2);
    void rig.fleet.sleep();
    await rig.end('0:0');
    await rig.end('1:0');
    const awake = rig.fleet.wake();
    const waking = watched(awake);
    await turnOfEvents();
    await rig.becomeReady('0:1');
    rig.tell();
    await rig.die('1:1', 'no memory');
    t.same(rig.tell(), ['retireDevices']);
    t.notOk(waking.isSettled, 'the one that came is still there');
    await rig.end('0:1');
    await t.rejects(awake, { message: 'no memory' });
    t.ok(rig.fleet.isAsleep);
    t.same(rig.clock.leftMs, []);
  });
});

t.test('releaseKv settles when every serving device answered, or ended', async (t) => {
  const rig = await FleetRig.serving(2);
  let resolveSecond: () => void = () => undefined;
  rig.yard.named('0:0').onReleaseKv = () => Promise.reject(new Error('boom'));
  rig.yard.named('1:0').onReleaseKv = () =>
    new Promise((resolve) => {
      resolveSecond = resolve;
    });
  const released = watched(rig.fleet.releaseKv());
  await turnOfEvents();
  t.same(
    rig.yard.devices.map(({ asked }) => asked),
    [['releaseKv'], ['releaseKv']],
  );
  t.notOk(released.isSettled);
  resolveSecond();
  await turnOfEvents();
  t.ok(released.isSettled);
});

/** The second device is proven, and dies over it, or just ends. */
async function proveThenDie(rig: FleetRig, message: string | null): Promise<void> {
  await rig.becomeReady('1:1');
  if (message === null) await rig.end('1:1');
  else await rig.die('1:1', message);
}

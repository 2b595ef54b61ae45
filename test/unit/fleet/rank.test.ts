import t from 'tap';
import { turnOfEvents } from '../../doubles/turn-of-events.js';
import { FleetRig, LIMITS, modelIn, ORT } from './fleet-rig.js';

const RESTART_MS = [100, 200, 300, 400, 500] as const;

t.test('a device serves when it is ready, not before', async (t) => {
  const rig = new FleetRig();
  const started = rig.fleet.start();
  await turnOfEvents();
  t.same(rig.story, []);
  rig.yard.newest.becomeReady();
  await started;
  t.same(rig.story, ['attachDevice 0:0 epoch 0']);
  const [message, transfer] = rig.sent[0] ?? [];
  t.match(message, { limits: LIMITS });
  t.equal(message?.kind === 'attachDevice' && message.port, rig.yard.newest.port);
  t.equal(transfer?.[0], rig.yard.newest.port);
  t.same(rig.yard.newest.start, {
    limits: LIMITS,
    ort: ORT,
    cards: [],
    isDeterministic: false,
    draft: null,
  });
  t.equal(rig.yard.newest.weightsFolder, 'first');
});

t.test('one that cannot load is the caller’s to hear of, not the scheduler’s', async (t) => {
  const rig = new FleetRig();
  const started = rig.fleet.start();
  rig.yard.newest.die('no such file');
  await t.rejects(started, { message: 'no such file' });
  t.same(rig.story, []);
  t.same(rig.clock.leftMs, []);
});

t.test('the next generation follows one that dies', async (t) => {
  const rig = await FleetRig.serving();
  await rig.die('0:0');
  t.same(rig.tell(), ['deviceDown 0:0: boom', '*died 0:0: boom']);
  t.same(rig.clock.leftMs, [100]);
  await rig.clock.advance(99);
  t.same(rig.yard.names, ['0:0']);
  await rig.clock.advance(1);
  t.same(rig.yard.names, ['0:0', '0:1']);
  t.same(rig.tell(), []);
  await rig.becomeReady('0:1');
  t.same(rig.tell(), ['attachDevice 0:1 epoch 0', '*replaced 0:1']);
});

t.test('deaths in a row wait longer each time, until the rank is given up', async (t) => {
  const rig = await FleetRig.serving();
  for (const [generation, delayMs] of RESTART_MS.entries()) {
    await rig.die(`0:${generation}`);
    t.same(rig.clock.leftMs, [delayMs]);
    await rig.clock.advance(delayMs);
    await rig.becomeReady(`0:${generation + 1}`);
  }
  rig.tell();
  await rig.die('0:5', 'once more');
  t.same(rig.tell(), [
    'deviceDown 0:5: once more',
    '*died 0:5: once more',
    'rankDown 0',
    '*gaveUp 0 after 6',
    '*allDown: device 0 stays down',
  ]);
  t.same(rig.clock.leftMs, []);
  t.equal(rig.yard.devices.length, 6);
});

t.test('one that dies while it loads counts too', async (t) => {
  const rig = await FleetRig.serving();
  await rig.die('0:0');
  rig.tell();
  for (const [index, delayMs] of RESTART_MS.entries()) {
    t.same(rig.clock.leftMs, [delayMs]);
    await rig.clock.advance(delayMs);
    await rig.die(`0:${index + 1}`, 'no memory');
  }
  t.same(rig.tell(), [
    ...RESTART_MS.map((_, index) => `*died 0:${index + 1}: while loading: no memory`),
    'rankDown 0',
    '*gaveUp 0 after 6',
    '*allDown: device 0 stays down',
  ]);
});

t.test('a life of more than a minute begins the count anew', async (t) => {
  const rig = await FleetRig.serving();
  await rig.die('0:0');
  await rig.clock.advance(100);
  await rig.becomeReady('0:1');
  await rig.clock.advance(60_000);
  await rig.die('0:1');
  t.same(rig.clock.leftMs, [200], 'not quite');
  await rig.clock.advance(200);
  await rig.becomeReady('0:2');
  await rig.clock.advance(60_001);
  await rig.die('0:2');
  t.same(rig.clock.leftMs, [100]);
});

t.test('a death on order does not count, the next one does', async (t) => {
  const rig = await FleetRig.serving();
  for (let generation = 0; generation < 7; generation++) {
    t.ok(rig.fleet.injectFault(0, 'exit'));
    t.same(rig.yard.newest.asked, ['exit']);
    await rig.die(`0:${generation}`);
    t.same(rig.clock.leftMs, [100]);
    t.notOk(rig.fleet.injectFault(0, 'exit'), 'nobody is there');
    await rig.clock.advance(100);
    t.notOk(rig.fleet.injectFault(0, 'exit'), 'it does not serve yet');
    await rig.becomeReady(`0:${generation + 1}`);
  }
  await rig.die('0:7');
  t.same(rig.clock.leftMs, [200]);
  t.notOk(rig.fleet.injectFault(1, 'exit'), 'there is no such rank');
});

t.test('one that ends as it was asked to is not replaced', async (t) => {
  const rig = await FleetRig.serving();
  await rig.end('0:0');
  t.same(rig.tell(), []);
  t.same(rig.clock.leftMs, []);
});

t.test('nobody follows while the fleet retires', async (t) => {
  await t.test('a death then is nobody’s concern', async (t) => {
    const rig = await FleetRig.serving();
    rig.yard.newest.endsWhenAsked = false;
    const retired = rig.fleet.retire();
    await rig.die('0:0');
    await retired;
    t.same(rig.tell(), []);
    t.same(rig.clock.leftMs, []);
  });

  await t.test('a replacement that has not begun does not begin', async (t) => {
    const rig = await FleetRig.serving();
    await rig.die('0:0');
    rig.tell();
    await rig.fleet.retire();
    await rig.clock.advance(100);
    t.same(rig.yard.names, ['0:0']);
    t.same(rig.yard.newest.asked, [], 'it is dead already');
    t.same(rig.tell(), []);
  });

  await t.test('one that loads is waited for', async (t) => {
    const rig = await FleetRig.serving();
    await rig.die('0:0');
    await rig.clock.advance(100);
    rig.tell();
    rig.yard.newest.endsWhenAsked = false;
    let isRetired = false;
    const retired = rig.fleet.retire().then(() => {
      isRetired = true;
    });
    t.match(rig.yard.newest.asked, ['retire']);
    await rig.becomeReady('0:1');
    t.notOk(isRetired);
    t.same(rig.tell(), [], 'it does not serve');
    await rig.end('0:1');
    await retired;
  });
});

t.test('a replacement that is not needed any more', async (t) => {
  await t.test('weights that are replaced while it loads bring their own device', async (t) => {
    const rig = await FleetRig.serving();
    await rig.die('0:0');
    await rig.clock.advance(100);
    rig.tell();
    await switchTo(rig, 'second');
    t.same(rig.tell(), ['attachDevice 0:2 epoch 1']);
    await rig.becomeReady('0:1');
    t.same(rig.yard.named('0:1').asked, ['retire']);
    t.same(rig.tell(), []);
  });

  await t.test('it has the old weights, even when the new device is dead by then', async (t) => {
    const rig = await FleetRig.serving();
    await rig.die('0:0');
    await rig.clock.advance(100);
    await switchTo(rig, 'second');
    await rig.die('0:2');
    rig.tell();
    await rig.becomeReady('0:1');
    t.same(rig.yard.named('0:1').asked, ['retire']);
    t.same(rig.tell(), []);
    await rig.clock.advance(200);
    t.equal(rig.yard.named('0:3').weightsFolder, 'second');
    await rig.becomeReady('0:3');
    t.same(rig.tell(), ['attachDevice 0:3 epoch 1', '*replaced 0:3']);
  });

  await t.test('weights that are replaced before it loads leave it out', async (t) => {
    const rig = await FleetRig.serving();
    await rig.die('0:0');
    await switchTo(rig, 'second');
    await rig.clock.advance(100);
    t.same(rig.yard.names, ['0:0', '0:1'], 'the second is the switch’s');
  });

  await t.test('the death of an older device asks for no second one', async (t) => {
    const rig = await FleetRig.serving();
    const built = rig.fleet.buildNext(modelIn('second'), () => Promise.resolve());
    rig.yard.newest.becomeReady();
    void rig.fleet.switchTo(await built);
    await rig.die('0:1');
    t.same(rig.clock.leftMs, [100]);
    await rig.die('0:0');
    t.same(rig.clock.leftMs, [100]);
  });

  await t.test('a fleet that falls asleep and wakes meanwhile has one device', async (t) => {
    const rig = await FleetRig.serving();
    await rig.die('0:0');
    await rig.clock.advance(100);
    await rig.fleet.sleep();
    rig.tell();
    const awake = rig.fleet.wake();
    await rig.becomeReady('0:1');
    await rig.becomeReady('0:2');
    await awake;
    t.same(rig.tell(), ['attachDevice 0:1 epoch 0', '*replaced 0:1']);
    t.same(rig.yard.named('0:2').asked, ['retire']);
  });

  await t.test('a fleet that fell asleep gets none', async (t) => {
    const rig = await FleetRig.serving();
    await rig.die('0:0');
    await rig.fleet.sleep();
    rig.tell();
    await rig.clock.advance(100);
    t.same(rig.yard.names, ['0:0']);
    t.same(rig.tell(), []);
  });

  await t.test('one that loads while the fleet falls asleep retires when it can', async (t) => {
    const rig = await FleetRig.serving();
    await rig.die('0:0');
    await rig.clock.advance(100);
    await rig.fleet.sleep();
    rig.tell();
    await rig.becomeReady('0:1');
    t.same(rig.yard.named('0:1').asked, ['retire']);
    t.same(rig.tell(), []);
  });
});

async function switchTo(rig: FleetRig, folder: string): Promise<void> {
  const built = rig.fleet.buildNext(modelIn(folder), () => Promise.resolve());
  rig.yard.newest.becomeReady();
  await rig.fleet.switchTo(await built);
}

/** New weights that do not fit beside the running ones: in their place, where `--update-in-place` allows it. */
import t, { type Test } from 'tap';
import { turnOfEvents } from '../../doubles/turn-of-events.js';
import { UpdateRig } from './update-rig.js';

const DONE = 'Succeeded to update model weights.';

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turnOfEvents();
}

/** A rig that is short of memory, whose update waits for the running requests. */
async function drainingRig(test: Test, abortAllRequests = false) {
  const rig = await UpdateRig.serving(test, { updateInPlace: true });
  rig.availableBytes = rig.weightBytes;
  const updated = rig.fromDisk(await rig.copy(), { abortAllRequests });
  while (!rig.fleetRig.story.includes('retireDevices')) await turnOfEvents();
  await settle();
  return { rig, updated };
}

t.test('requests are drained, then the old weights go, then the new ones come', async (t) => {
  const { rig, updated } = await drainingRig(t);
  const { fleetRig } = rig;
  t.same(fleetRig.tell(), ['hold', 'retireDevices'], 'nobody new is let in');
  t.same(fleetRig.yard.names, ['0:0'], 'nothing is loaded while the old device has its memory');
  let numLet = -1;
  rig.prove = () => {
    numLet = fleetRig.story.length;
    return Promise.resolve();
  };
  await fleetRig.end('0:0');
  t.same(await updated, { success: true, message: DONE });
  t.equal(numLet, 0, 'the new device is proven before anybody is let in');
  t.same(fleetRig.tell().sort(), ['attachDevice 0:1 epoch 1', 'let in']);
  t.notOk(fleetRig.fleet.isAsleep);
  t.match(rig.lines.join(''), /do not fit beside the running ones: requests are drained/);
});

t.test('running requests are aborted where that is asked for', async (t) => {
  const { rig, updated } = await drainingRig(t, true);
  t.same(rig.fleetRig.tell(), ['hold', 'abort all', 'retireDevices']);
  await rig.fleetRig.end('0:0');
  t.ok((await updated).success);
});

t.test('weights that cannot serve are gone, and the old ones are back', async (t) => {
  const { rig, updated } = await drainingRig(t);
  const { fleetRig, served } = rig;
  const before = [served.modelPath, served.version, rig.norm()];
  const old = fleetRig.yard.named('0:0').weightsFolder;
  rig.prove = () => Promise.reject(new Error('it says nothing but NaN'));
  fleetRig.tell();
  await fleetRig.end('0:0');
  for (let i = 0; i < 5; i++) {
    await settle();
    const newest = fleetRig.yard.newest;
    if (newest.name === '0:1') newest.end();
  }
  const { success, message } = await updated;
  t.notOk(success);
  t.match(message, /it says nothing but NaN.*Rolling back/s);
  t.same([served.modelPath, served.version, rig.norm()], before);
  t.same(fleetRig.tell(), ['attachDevice 0:2 epoch 0', 'let in'], 'with the epoch that they had');
  t.equal(fleetRig.yard.newest.weightsFolder, old);
  t.notOk(fleetRig.fleet.isAsleep);
  rig.prove = () => Promise.resolve();
  rig.availableBytes = Infinity;
  t.ok((await rig.fromDisk(await rig.copy())).success, 'the next one works');
});

t.test(
  'where the old ones do not come back either, nobody is let in, and it is said how to go on',
  async (t) => {
    const { rig, updated } = await drainingRig(t);
    const { fleetRig } = rig;
    fleetRig.yard.onStart = (device) => {
      device.die(`${device.name} has no memory`);
    };
    fleetRig.tell();
    await fleetRig.end('0:0');
    const { success, message } = await updated;
    t.notOk(success);
    t.match(
      message,
      /0:1 has no memory, and the old weights could not be loaded again: 0:2 has no memory; \/resume_/,
    );
    t.notOk(fleetRig.story.includes('let in'));
    t.ok(fleetRig.fleet.isAsleep);
  },
);

t.test('without the flag it is refused, and nobody waits', async (t) => {
  const rig = await UpdateRig.serving(t);
  rig.availableBytes = rig.weightBytes;
  const { success, message } = await rig.fromDisk(await rig.copy());
  t.notOk(success);
  t.match(message, /the new weights take \d+ MiB beside the running ones, and \d+ MiB are free/);
  t.same(rig.fleetRig.tell(), []);
  t.same(rig.fleetRig.yard.names, ['0:0']);
});

t.test('with it, but with room for both, nobody waits either', async (t) => {
  const rig = await UpdateRig.serving(t, { updateInPlace: true });
  t.ok((await rig.fromDisk(await rig.copy())).success);
  t.same(rig.fleetRig.tell(), ['attachDevice 0:1 epoch 1']);
});

t.test('requests that are frozen would hold the old weights for ever: it is refused', async (t) => {
  const rig = await UpdateRig.serving(t, { updateInPlace: true });
  rig.availableBytes = rig.weightBytes;
  Object.assign(rig.requests, { isFrozen: true, numLive: 1 });
  const { success, message } = await rig.fromDisk(await rig.copy());
  t.notOk(success);
  t.match(message, /generation is paused in place/);
  t.same(rig.fleetRig.tell(), [], 'nobody is held, nothing is retired');
});

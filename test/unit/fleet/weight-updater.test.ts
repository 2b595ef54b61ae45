import type { WeightOrigin } from '../../../src/engine/control.js';
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { WeightOutcome } from '../../../src/engine/control.js';
import { turnOfEvents } from '../../doubles/turn-of-events.js';
import { f32, safetensorsFile, zeros } from '../model/safetensors-file.js';
import { LIMITS } from './fleet-rig.js';
import { NORM, OTHER_SHAPES, RUNNING, UpdateRig } from './update-rig.js';

const DONE = 'Succeeded to update model weights.';
const WIDTH = 64;
/** The byte that a pickle of protocol 2 and later begins with. */
const PICKLE_MARK = 0x80;

/** A sent part: the last norm, all of one number. */
function normOf(value: number): Buffer {
  return safetensorsFile({ [NORM]: f32([WIDTH], new Float32Array(WIDTH).fill(value)) });
}

function rolledBack(why: string): string {
  return `Failed to update weights: ${why}.\nRolling back to original weights.`;
}

interface Failure {
  readonly stage: string;
  readonly update: (rig: UpdateRig) => Promise<WeightOutcome>;
  readonly message: string | RegExp;
  /** Devices that were started for it. */
  readonly numStarted?: number;
}

const FAILURES: readonly Failure[] = [
  {
    stage: 'finding the folder',
    update: (rig) => rig.fromDisk('/no/such/folder'),
    message: 'Failed to get weights iterator: /no/such/folder (repository not found).',
  },
  {
    stage: 'finding the repository',
    update: (rig) => rig.fromDisk('org/absent'),
    message: 'Failed to get weights iterator: org/absent (repository not found).',
  },
  {
    stage: 'choosing the loader',
    update: async (rig) =>
      rig.update({ kind: 'disk', modelPath: await rig.copy(), loadFormat: 'npcache' }),
    message: 'Failed to get model loader: npcache.',
  },
  {
    stage: 'comparing shapes',
    update: (rig) => rig.fromDisk(OTHER_SHAPES),
    message: /^Failed to update weights: The size of tensor a \(\d+\) must match .*Rolling back/s,
  },
  ...['config.json', 'model.safetensors', 'tokenizer.json'].map((name) => ({
    stage: `a pipe in the place of ${name}`,
    update: async (rig: UpdateRig) => {
      const folder = await rig.copy();
      await rm(join(folder, name), { force: true });
      execFileSync('mkfifo', [join(folder, name)]);
      return rig.fromDisk(folder);
    },
    message: new RegExp(`^Failed to update weights: .*${name} is not a regular file\\.\nRolling`),
  })),
  {
    stage: 'opening the weights',
    update: async (rig) => {
      const folder = await rig.copy();
      await rm(join(folder, 'model.safetensors'));
      return rig.fromDisk(folder);
    },
    message: /^Failed to update weights: .*\.\nRolling back to original weights\.$/,
  },
  {
    stage: 'preparing',
    update: async (rig) => rig.fromDisk(await rig.copy(() => '{ no JSON')),
    message: /^Failed to update weights: .* is not valid JSON\.\nRolling back/,
  },
  {
    stage: 'comparing what requests were made for',
    update: async (rig) =>
      rig.fromDisk(await rig.copy((config) => (config['max_position_embeddings'] = 64))),
    message: rolledBack('the new model differs from the running one in contextLength'),
  },
  {
    stage: 'finding room',
    update: async (rig) => {
      rig.availableBytes = rig.weightBytes;
      return rig.fromDisk(await rig.copy());
    },
    message: rolledBack('the new weights take 0 MiB beside the running ones, and 0 MiB are free'),
  },
  {
    stage: 'loading on a device',
    update: async (rig) => {
      rig.fleetRig.yard.onStart = (device) => {
        device.die('no memory.');
      };
      return rig.fromDisk(await rig.copy());
    },
    message: rolledBack('no memory'),
    numStarted: 1,
  },
  {
    stage: 'the first request',
    update: async (rig) => {
      rig.prove = () => Promise.reject(new Error('the new weights give no probabilities'));
      return rig.fromDisk(await rig.copy());
    },
    message: rolledBack('the new weights give no probabilities'),
    numStarted: 1,
  },
  {
    stage: 'opening what was sent: pickles',
    update: (rig) =>
      rig.fromTensors(normOf(1), Buffer.from([PICKLE_MARK, 4, 0x95, 0, 0, 0, 0, 0, 1])),
    message: /^Failed to update weights: serialized_named_tensors-1 is pickled/,
  },
  {
    stage: 'opening what was sent: archives',
    update: (rig) => rig.fromTensors(Buffer.from('PK and more than a header')),
    message: /^Failed to update weights: serialized_named_tensors-0 is pickled/,
  },
  {
    stage: 'opening what was sent: noise',
    update: (rig) => rig.fromTensors(Buffer.from('hello hello')),
    message: /^Failed to update weights: serialized_named_tensors-0 claims a header/,
  },
  {
    stage: 'preparing what was sent',
    update: (rig) => rig.fromTensors(normOf(NaN)),
    message: /^Failed to update weights: A weight of 'lm_head\.weight' in/,
  },
  {
    stage: 'fitting what was sent: names',
    update: (rig) => rig.fromTensors(safetensorsFile({ 'no.such': zeros([2]) })),
    message: rolledBack("the model has no tensor 'no.such'"),
  },
  {
    stage: 'fitting what was sent: shapes',
    update: (rig) => rig.fromTensors(safetensorsFile({ [NORM]: zeros([2]) })),
    message: /The size of tensor a \(64\) must match the size of tensor b \(2\)/,
  },
  {
    stage: 'the first request on what was sent',
    update: (rig) => {
      rig.prove = () => Promise.reject(new Error('no probabilities'));
      return rig.fromTensors(normOf(2));
    },
    message: rolledBack('no probabilities'),
    numStarted: 1,
  },
];

t.test('what fails leaves the old weights serving, and no files', async (t) => {
  for (const { stage, update, message, numStarted = 0 } of FAILURES) {
    await t.test(stage, async (t) => {
      const rig = await UpdateRig.quantizing(t);
      const { yard } = rig.fleetRig;
      const before = await rig.temporaryFolders();
      t.equal(before.length, 1, 'of the running weights');
      const norm = rig.norm();

      const outcome = await update(rig);
      t.notOk(outcome.success);
      t.match(outcome.message, message);
      t.notMatch(outcome.message, t.testdirName + '/tmp', 'the folder is nobody’s business');
      t.same(rig.fleetRig.tell(), [], 'nothing was switched');
      t.equal(yard.devices.length, 1 + numStarted);
      t.same(await rig.temporaryFolders(), before);
      t.match([rig.served.modelPath, rig.served.version], [/llama-blocks$/, 'v0']);
      t.equal(rig.norm(), norm);
      t.match(rig.lines.at(-1), 'ERROR: Failed to');
    });
  }
});

t.test('after one that failed the next one works', async (t) => {
  const rig = await UpdateRig.serving(t);
  rig.prove = () => Promise.reject(new Error('no'));
  const other = await rig.copy();
  t.match(await rig.fromDisk(other), { success: false });
  rig.prove = () => Promise.resolve();
  t.match(await rig.fromDisk(other), { success: true });
  t.same(rig.fleetRig.tell(), ['attachDevice 0:2 epoch 1']);
});

t.test('room is needed on every device', async (t) => {
  const rig = await UpdateRig.serving(t, { dpSize: 2 });
  rig.availableBytes = 2 * rig.weightBytes;
  const { success, message } = await rig.fromDisk(await rig.copy());
  t.notOk(success);
  const [first, second, third] = message.split(' | ');
  t.match(first, /^Failed to update weights: the new weights take/);
  t.equal(second, first, 'one sentence a rank');
  t.equal(third, undefined);
  rig.availableBytes += 1;
  t.same(await rig.fromDisk(await rig.copy()), { success: true, message: `${DONE} | ${DONE}` });
});

t.test('a draft model is loaded beside new weights, and needs room too', async (t) => {
  const rig = await UpdateRig.serving(t, { dpSize: 2 }, 3000);
  rig.availableBytes = 2 * (rig.weightBytes + 3000);
  t.match(await rig.fromDisk(await rig.copy()), { success: false, message: /weights take/ });
  rig.availableBytes += 1;
  t.match(await rig.fromDisk(await rig.copy()), { success: true });
});

t.test('new weights take over from the old ones', async (t) => {
  const rig = await UpdateRig.quantizing(t);
  const { fleetRig, served } = rig;
  const [oldFolder = ''] = await rig.temporaryFolders();
  const proved: unknown[] = [];
  rig.prove = (port, _spec, limits) => {
    proved.push(port, limits);
    t.same(fleetRig.story, [], 'proven before it serves');
    return Promise.resolve();
  };
  const other = await rig.copy();
  t.same(await rig.fromDisk(other, { weightVersion: 'v1' }), {
    success: true,
    message: `${DONE} Weight version updated to v1.`,
  });
  const { port, weightsFolder } = fleetRig.yard.newest;
  t.same(proved, [port, LIMITS]);
  t.not(weightsFolder, 'first');
  t.same(fleetRig.tell(), ['attachDevice 0:1 epoch 1']);
  t.same([served.modelPath, served.version, served.versionOf(0)], [other, 'v1', 'v0']);
  t.ok((await rig.temporaryFolders()).includes(oldFolder), 'the old device may still read them');
  await fleetRig.end('0:0');
  while ((await rig.temporaryFolders()).includes(oldFolder)) await turnOfEvents();
  t.ok(weightsFolder.endsWith((await rig.temporaryFolders())[0] ?? '?'), 'the new ones stay');
});

t.test('a tag that is not given stays', async (t) => {
  const rig = await UpdateRig.serving(t);
  t.same(await rig.fromDisk(await rig.copy()), { success: true, message: DONE });
  t.equal(rig.served.version, 'v0');
});

t.test('requests are aborted with the switch where that is asked for', async (t) => {
  const rig = await UpdateRig.serving(t);
  await rig.fromDisk(await rig.copy(), { abortAllRequests: true });
  t.same(rig.fleetRig.tell(), ['abort all', 'attachDevice 0:1 epoch 1']);
});

t.test('one update at a time', async (t) => {
  const rig = await UpdateRig.serving(t);
  const other = await rig.copy();
  const [first, second] = await Promise.all([rig.fromDisk(other), rig.fromDisk(other)]);
  t.ok(first.success);
  t.same(second, {
    success: false,
    message: 'Another update is in progress. Please try again later.',
  });
  t.same(rig.fleetRig.yard.names, ['0:0', '0:1']);
});

t.test('at most two sets of weights at a time', async (t) => {
  const rig = await UpdateRig.serving(t);
  const { yard } = rig.fleetRig;
  await rig.fromDisk(await rig.copy());
  const third = await rig.copy();
  const updated = rig.fromDisk(third);
  // Long enough to read a model of 120 KB.
  while (!rig.lines.at(-1)?.includes('Weight format')) await turnOfEvents();
  for (let i = 0; i < 20; i++) await turnOfEvents();
  t.same(yard.names, ['0:0', '0:1']);
  await rig.fleetRig.end('0:0');
  t.ok((await updated).success);
  t.same(yard.names, ['0:0', '0:1', '0:2']);
  t.equal(rig.served.modelPath, third);
});

t.test('a fleet that sleeps has no weights to replace', async (t) => {
  const rig = await UpdateRig.serving(t);
  void rig.fleetRig.fleet.sleep();
  await rig.fleetRig.end('0:0');
  t.same(await rig.fromDisk(await rig.copy()), {
    success: false,
    message: rolledBack('the weights are released: resume them first'),
  });
  t.same(rig.fleetRig.yard.names, ['0:0']);
});

t.test('dummy weights are made to measure: only the configuration is read', async (t) => {
  const rig = await UpdateRig.serving(t);
  const folder = await rig.copy();
  await rm(join(folder, 'model.safetensors'));
  const source = { kind: 'disk', modelPath: folder, loadFormat: 'dummy' } as const;
  t.match(await rig.update(source), { success: true });
  await rig.fleetRig.end('0:0');
  t.match(await rig.fromDisk(folder), { success: false }, 'which says nothing of the next update');
});

t.test('what an update does not say is as it was at launch', async (t) => {
  const rig = await UpdateRig.serving(t, { loadFormat: 'dummy' });
  const folder = await rig.copy();
  await rm(join(folder, 'model.safetensors'));
  t.match(await rig.fromDisk(folder), { success: true });
});

t.test('but for the revision, which was the first model’s', async (t) => {
  const rig = await UpdateRig.serving(t, { revision: 'v9' });
  await rig.cacheRepository('org/name');
  t.match(await rig.fromDisk('org/name'), { success: true });
  t.equal(rig.served.modelPath, 'org/name');
});

t.test('the weights that serve, again: files of both are not removed with one', async (t) => {
  const rig = await UpdateRig.quantizing(t);
  const before = await rig.temporaryFolders();
  rig.prove = () => Promise.reject(new Error('no'));
  t.match(await rig.fromDisk(RUNNING), { success: false });
  t.same(await rig.temporaryFolders(), before);
});

t.test('tensors that were sent', async (t) => {
  const rig = await UpdateRig.serving(t);
  const { yard } = rig.fleetRig;
  /** The device of the weights before is gone, and what only they were read from. */
  const oldGone = async (numLeft: number): Promise<void> => {
    for (const device of yard.devices.slice(0, -1)) device.end();
    while ((await rig.temporaryFolders()).length !== numLeft) await turnOfEvents();
  };
  const path = rig.served.modelPath;

  await t.test('stand for those of their names', async (t) => {
    t.same(await rig.fromTensors(normOf(2)), { success: true, message: 'Success' });
    t.equal(rig.norm(), 2);
    t.equal(rig.served.modelPath, path);
    await oldGone(1);
  });

  await t.test('are forgotten when others take their place', async () => {
    await rig.fromTensors(normOf(3));
    t.equal(rig.norm(), 3);
    t.equal((await rig.temporaryFolders()).length, 2, 'the old device may still read them');
    await oldGone(1);
  });

  await t.test('stay when others are sent', async (t) => {
    const name = 'model.layers.0.input_layernorm.weight';
    await rig.fromTensors(safetensorsFile({ [name]: zeros([WIDTH]) }));
    t.equal(rig.norm(), 3);
    t.equal((rig.updater.read(name, 1) as readonly number[])[0], 0);
    await oldGone(2);
  });

  await t.test('end with their checkpoint', async (t) => {
    t.match(await rig.fromDisk(path), { success: true });
    t.not(rig.norm(), 3);
    t.equal((await rig.temporaryFolders()).length, 2, 'the old device may still read both');
    await oldGone(0);
  });

  await t.test('may begin like a pickle: the length of a header is any number', async (t) => {
    const description = { dtype: 'F32', shape: [WIDTH], data_offsets: [0, 4 * WIDTH] };
    const header = JSON.stringify({ [NORM]: description }).padEnd(PICKLE_MARK);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(PICKLE_MARK));
    const part = Buffer.concat([length, Buffer.from(header), Buffer.alloc(4 * WIDTH)]);
    t.equal(part[0], PICKLE_MARK);
    t.match(await rig.fromTensors(part), { success: true });
    t.equal(rig.norm(), 0);
  });

  await t.test('no such tensor is null', (t) => {
    t.equal(rig.updater.read('no.such', 1), null);
    t.end();
  });
});

t.test('four bits are rounded as at a start, however weights came', async (t) => {
  const rig = await UpdateRig.serving(t, { quantization: 'int4' });
  const { rounding } = rig;
  const numLayers = rounding.numLayers;
  t.ok(numLayers > 0);
  const roundedBy = async (source: WeightOrigin): Promise<number> => {
    const before = rounding.numLayers;
    t.match(await rig.update(source), { success: true });
    for (const device of rig.fleetRig.yard.devices.slice(0, -1)) device.end();
    return rounding.numLayers - before;
  };
  t.equal(await roundedBy({ kind: 'tensors', parts: [normOf(2)] }), numLayers);
  const disk = { kind: 'disk', modelPath: RUNNING, loadFormat: null } as const;
  t.equal(await roundedBy(disk), 0, 'what was rounded before is in the cache');
  const dummy = { ...disk, loadFormat: 'dummy' } as const;
  t.equal(await roundedBy(dummy), 0, 'random weights are rounded to nearest');
});

import { readdir, readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { deviceStarter } from '../../../src/boot/start-device.js';
import type { AdapterEnv } from '../../../src/device/adapters/adapter-env.js';
import type { DeviceChoice } from '../../../src/device/adapters/choose-device.js';
import { startDevice } from '../../../src/device/pool.js';
import { startOf } from '../../conformance/device-handle.js';

/** Variables that no driver knows. */
const SET = 'RADISH_TEST_ADAPTER';
const UNSET = 'RADISH_TEST_OTHER_ADAPTER';

function choiceOf(kind: DeviceChoice['kind'], ...envs: readonly AdapterEnv[]): DeviceChoice {
  const gpus = envs.map((env, index) => ({
    index,
    name: `card ${index}`,
    pciSlot: null,
    memoryBytes: null,
    isSoftware: true,
    env,
  }));
  return { kind, why: null, warnings: [], gpus };
}

function withVariable(t: Test): void {
  process.env[UNSET] = 'of the user';
  t.teardown(() => {
    for (const name of [SET, UNSET]) Reflect.deleteProperty(process.env, name);
  });
}

/** The two variables in each process that this one has started. */
async function adaptersOfChildren(): Promise<(string | undefined)[][]> {
  const found: (string | undefined)[][] = [];
  for (const task of await readdir('/proc/self/task')) {
    const children = await readFile(`/proc/self/task/${task}/children`, 'utf8');
    for (const pid of children.split(' ').filter((word) => word !== '')) {
      const environ = await readFile(`/proc/${pid}/environ`, 'utf8');
      const variables = new Map(environ.split('\0').map((line) => splitOnce(line)));
      found.push([variables.get(SET), variables.get(UNSET)]);
    }
  }
  return found;
}

function splitOnce(line: string): readonly [name: string, value: string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

t.test('devices of a CPU and of CUDA are threads, and the environment is the user’s', (t) => {
  withVariable(t);
  const env = { [SET]: 'card', [UNSET]: null };
  t.equal(deviceStarter(choiceOf('cpu')), startDevice);
  t.equal(deviceStarter(choiceOf('cuda', env, env)), startDevice);
  t.equal(process.env[SET], undefined);
  t.equal(process.env[UNSET], 'of the user');
  t.end();
});

t.test('one device of WebGPU is a thread, and this process has its adapter', (t) => {
  withVariable(t);
  const choice = choiceOf('webgpu', { [SET]: 'card', [UNSET]: null });
  t.equal(deviceStarter(choice), startDevice);
  t.equal(process.env[SET], 'card');
  t.notOk(UNSET in process.env);
  t.end();
});

t.test('several are processes of their own, and this one has no adapter', async (t) => {
  withVariable(t);
  const keepAlive = setInterval(() => undefined, 1000);
  t.teardown(() => {
    clearInterval(keepAlive);
  });
  const start = deviceStarter(choiceOf('webgpu', { [SET]: 'a' }, { [SET]: 'b', [UNSET]: null }));
  t.equal(process.env[SET], undefined);
  t.equal(process.env[UNSET], 'of the user');
  const handles = [0, 1].map((rank) => start({ ...startOf(1), device: { rank, generation: 1 } }));
  for (const [rank, handle] of handles.entries()) {
    t.match(await handle.ready, { kind: 'ready', device: { rank } });
    t.type(handle.kill, 'function', 'a thread cannot be ended');
  }
  if (process.platform === 'linux') {
    t.same((await adaptersOfChildren()).sort(), [
      ['a', 'of the user'],
      ['b', undefined],
    ]);
  }
  for (const handle of handles) {
    handle.retire();
    await handle.done;
  }
});

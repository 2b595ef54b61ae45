import t from 'tap';

import { loadDriverEnv, type DriverEnv } from '../../../../src/config/driver-env.js';
import { StartupError } from '../../../../src/core/errors.js';
import {
  chooseDevice,
  type DeviceArgs,
  type DeviceChoice,
  type Probe,
} from '../../../../src/device/adapters/choose-device.js';
import {
  adaptersOf,
  CUDA_PACKAGE,
  drmCard,
  H200,
  manifestPath,
  ONNXRUNTIME,
  SELECT_LAYER,
  vulkanDrivers,
  type MadeUpCard,
  type Tree,
} from '../../../doubles/made-up-host.js';

const GOOD: Probe = () => Promise.resolve(null);
const ONE = { dpSize: 1, baseGpuId: 0, gpuIdStep: 1 };

const NAVI: MadeUpCard = {
  slot: '0000:03:00.0',
  vendor: '0x1002',
  device: '0x744c',
  driver: 'amdgpu',
  vram: String(24 * 2 ** 30),
  render: 128,
};
const TWO_NAVI: readonly Tree[] = [
  drmCard(0, NAVI),
  drmCard(1, { ...NAVI, slot: '0000:0f:00.0', render: 129 }),
  vulkanDrivers('radeon_icd', 'lvp_icd'),
  SELECT_LAYER,
];
const LAPTOP: readonly Tree[] = [
  drmCard(0, { ...NAVI, vendor: '0x8086', device: '0x46a6', driver: 'i915', slot: '0000:00:02.0' }),
  vulkanDrivers('intel_icd', 'lvp_icd'),
];
const BMC: readonly Tree[] = [
  drmCard(0, {
    slot: '0000:05:00.0',
    vendor: '0x102b',
    device: '0x0538',
    driver: 'mgag200',
    render: null,
  }),
  vulkanDrivers('radeon_icd'),
];
const LAVAPIPE: readonly Tree[] = [vulkanDrivers('lvp_icd', 'radeon_icd')];
const NOTHING: readonly Tree[] = [];
const WSL: readonly Tree[] = [
  { files: { '/dev/dxg': '', '/dev/dri/renderD128': '' } },
  {
    programs: {
      '/usr/lib/wsl/lib/nvidia-smi': '0, RTX 4090, 24564, 20000, 00000000:01:00.0, GPU-1, 551.1\n',
    },
  },
];

interface Asking extends Partial<DeviceArgs> {
  readonly probe?: Probe;
  readonly env?: DriverEnv;
}

async function choose(
  trees: readonly Tree[],
  { probe = GOOD, env, ...args }: Asking,
): Promise<DeviceChoice> {
  const adapters = await adaptersOf(trees, env);
  return await chooseDevice({ ...ONE, device: 'auto', ...args }, adapters, probe);
}

async function refusal(trees: readonly Tree[], asking: Asking): Promise<string> {
  try {
    const { kind } = await choose(trees, asking);
    return `took ${kind}`;
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
}

t.test('the CPU is asked nothing', async (t) => {
  const probe: Probe = () => Promise.reject(new Error('asked'));
  const choice = await choose([H200], { device: 'cpu', probe });
  t.strictSame(choice, { kind: 'cpu', why: null, warnings: [], gpus: [] });
});

t.test('auto takes CUDA first', async (t) => {
  const choice = await choose([H200, CUDA_PACKAGE], { dpSize: 2 });
  t.strictSame(choice, {
    kind: 'cuda',
    why: '--device auto: so cuda (NVIDIA H200, NVIDIA H200)',
    warnings: [],
    gpus: ['0000:18:00.0', '0000:2a:00.0'].map((pciSlot, index) => ({
      index,
      name: 'NVIDIA H200',
      pciSlot,
      memoryBytes: 143771 * 2 ** 20,
      isSoftware: false,
      env: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
    })),
  });
});

t.test('auto says of each that it passes over why', async (t) => {
  const why = async (trees: readonly Tree[], asking: Asking = {}) =>
    (await choose(trees, asking)).why?.replace('--device auto: ', '');
  t.equal(await why(NOTHING), 'cuda: no NVIDIA card; webgpu: no GPU; so cpu');
  t.equal(
    await why(LAVAPIPE),
    'cuda: no NVIDIA card; webgpu: only a software adapter (llvmpipe); so cpu',
  );
  t.equal(await why(BMC), 'cuda: no NVIDIA card; webgpu: no GPU; so cpu');
  t.equal(await why(LAPTOP), 'cuda: no NVIDIA card; so webgpu (Intel 0x46a6)');
  t.equal(
    await why(TWO_NAVI, { dpSize: 3 }),
    'cuda: no NVIDIA card; webgpu: GPU 2 for device 2 is none of 2 GPUs, 0 to 1: lower --dp-size; so cpu',
  );
  const wrong: Probe = ({ kind }) =>
    Promise.resolve(kind === 'cuda' ? 'its numbers are wrong' : null);
  const all = [H200, CUDA_PACKAGE, vulkanDrivers('nvidia_icd'), SELECT_LAYER];
  t.equal(await why(all, { probe: wrong }), 'cuda: its numbers are wrong; so webgpu (NVIDIA H200)');
  const lost: Probe = ({ kind }) => Promise.resolve(`no ${kind} at all`);
  t.equal(
    await why(all, { probe: lost }),
    'cuda: no cuda at all; webgpu: no webgpu at all; so cpu',
  );
});

t.test('auto never takes software, and its own name does, with a warning', async (t) => {
  const probed: string[] = [];
  const probe: Probe = ({ kind }) => {
    probed.push(kind);
    return Promise.resolve(null);
  };
  t.equal((await choose(LAVAPIPE, { probe })).kind, 'cpu');
  t.strictSame(probed, []);
  const choice = await choose(LAVAPIPE, { device: 'webgpu', probe });
  t.strictSame(probed, ['webgpu']);
  t.match(choice, {
    kind: 'webgpu',
    why: null,
    warnings: [/^WebGPU runs on llvmpipe, .* slower than --device cpu\.$/],
    gpus: [{ index: 0, isSoftware: true, env: { VK_DRIVER_FILES: manifestPath('lvp_icd') } }],
  });
  const two = [vulkanDrivers('lvp_icd', 'vk_swiftshader_icd')];
  const { gpus, warnings } = await choose(two, { device: 'webgpu', dpSize: 3 });
  t.strictSame(
    gpus.map(({ name }) => name),
    ['llvmpipe', 'SwiftShader', 'llvmpipe'],
    'they may be shared',
  );
  t.match(warnings, [/llvmpipe and SwiftShader/]);
});

t.test('what is asked for by name and cannot be is an error that says why', async (t) => {
  t.equal(
    await refusal(NOTHING, { device: 'cuda' }),
    '--device cuda cannot be used: no NVIDIA card.',
  );
  t.equal(await refusal(NOTHING, { device: 'webgpu' }), '--device webgpu cannot be used: no GPU.');
  t.equal(
    await refusal([H200], { device: 'cuda' }),
    "--device cuda cannot be used: ONNX Runtime's CUDA libraries are not installed, which this does: " +
      `node '${ONNXRUNTIME}/script/install.js'.`,
  );
  const ldd =
    'libcudnn.so.9 => not found\n\tlibc.so.6 => /l/libc.so.6 (0x1)\n\tlibcublas.so.12 => not found\n';
  t.match(
    await refusal([H200, CUDA_PACKAGE, { programs: { ldd } }], { device: 'cuda' }),
    /CUDA libraries miss libcudnn\.so\.9, libcublas\.so\.12: install .* LD_LIBRARY_PATH\.$/,
  );
  t.match(
    await refusal([H200, CUDA_PACKAGE, { denied: ['/dev/nvidiactl'] }], { device: 'cuda' }),
    /: \/dev\/nvidiactl may not be opened by this user\.$/,
  );
  const env = loadDriverEnv({ CUDA_VISIBLE_DEVICES: '' });
  t.match(
    await refusal([H200, CUDA_PACKAGE], { device: 'cuda', env }),
    /CUDA_VISIBLE_DEVICES hides every/,
  );
  const probe: Probe = () => Promise.resolve('its numbers are wrong');
  const wrong = await refusal(LAPTOP, { device: 'webgpu', probe });
  t.equal(wrong, '--device webgpu cannot be used: its numbers are wrong.');
});

t.test('a card that cannot be reached says what would help', async (t) => {
  const webgpu = { device: 'webgpu' } as const;
  const path = '/dev/dri/renderD128';
  t.match(
    await refusal([...LAPTOP, { denied: [path] }], { ...webgpu }),
    'took webgpu',
    'by software',
  );
  const card = drmCard(0, NAVI);
  const radeon = vulkanDrivers('radeon_icd');
  t.match(
    await refusal([card, radeon, { denied: [path] }], webgpu),
    /renderD128 may not be opened: .* group, render/,
  );
  t.match(
    await refusal([card, vulkanDrivers('intel_icd')], webgpu),
    /AMD 0x744c: no Vulkan driver for it/,
  );
  t.match(await refusal([card], webgpu), /AMD 0x744c: no Vulkan driver/);
  const bare = { programs: { '/sbin/ldconfig': '\tlibc.so.6 (libc6,x86-64) => /l/libc.so.6\n' } };
  t.match(await refusal([card, bare], webgpu), /libvulkan\.so\.1, is not installed/);
  const { files = {} } = drmCard(0, NAVI);
  const inside = Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));
  t.match(
    await refusal([{ ...card, files: inside }, radeon], webgpu),
    /renderD128 is not there: a container/,
  );
});

t.test('ranks take cards by base and step', async (t) => {
  const slots = async (asking: Asking) =>
    (await choose(TWO_NAVI, { device: 'webgpu', ...asking })).gpus.map(({ pciSlot }) => pciSlot);
  const [first, second] = ['0000:03:00.0', '0000:0f:00.0'];
  t.strictSame(await slots({ dpSize: 2 }), [first, second]);
  t.strictSame(await slots({ baseGpuId: 1 }), [second]);
  t.strictSame(await slots({ gpuIdStep: 5 }), [first]);
  const wrong = (asking: Asking) => refusal(TWO_NAVI, { device: 'webgpu', ...asking });
  t.match(
    await wrong({ dpSize: 3 }),
    /: GPU 2 for device 2 is none of 2 GPUs, 0 to 1: lower --dp-size\.$/,
  );
  t.match(
    await wrong({ baseGpuId: 2 }),
    /: GPU 2 is none of 2 GPUs, 0 to 1: lower --base-gpu-id\.$/,
  );
  t.match(
    await wrong({ baseGpuId: 1, dpSize: 2 }),
    /GPU 2 for device 1 .*: lower --base-gpu-id\.$/,
  );
  t.match(
    await wrong({ gpuIdStep: 2, dpSize: 2 }),
    /GPU 2 for device 1 .*: lower --gpu-id-step\.$/,
  );
  t.match(await refusal(LAPTOP, { device: 'webgpu', baseGpuId: 1 }), /is none of 1 GPU, number 0:/);
  const { gpus } = await choose(TWO_NAVI, { device: 'webgpu' });
  t.match(gpus, [{ memoryBytes: 24 * 2 ** 30, env: { DRI_PRIME: 'pci-0000_03_00_0' } }]);
  const untold = await refusal(TWO_NAVI.slice(0, 3), { device: 'webgpu' });
  t.match(untold, /nothing tells this AMD 0x744c from the others: Mesa's device-select layer/);
});

t.test('cards that somebody has numbered keep their numbers', async (t) => {
  const envOf = async (env: Record<string, string>) =>
    (await choose([H200, CUDA_PACKAGE], { env: loadDriverEnv(env) })).gpus;
  t.match(await envOf({ CUDA_VISIBLE_DEVICES: '1' }), [
    { pciSlot: '0000:2a:00.0', index: 0, env: {} },
  ]);
  t.strictSame((await envOf({ CUDA_DEVICE_ORDER: 'FASTEST_FIRST' }))[0]?.env, {});
});

t.test('a system without a list takes what the runtime picks, once', async (t) => {
  for (const platform of ['darwin', 'win32'] as const) {
    const trees = [{ platform }];
    const { kind, gpus } = await choose(trees, {});
    t.match([kind, gpus], ['webgpu', [{ index: 0, pciSlot: null, isSoftware: false, env: {} }]]);
    t.match(
      await refusal(trees, { device: 'webgpu', dpSize: 2 }),
      /lists no GPUs .*: --dp-size must be 1\.$/,
    );
    t.match(await refusal(trees, { device: 'webgpu', baseGpuId: 1 }), /leave --base-gpu-id out\.$/);
  }
  t.match(
    await refusal([{ platform: 'win32', programs: H200.programs ?? {} }], { device: 'cuda' }),
    /onnxruntime-node has no CUDA libraries for this system\.$/,
  );
});

t.test('WSL: CUDA by its own nvidia-smi, WebGPU by the one driver that is for it', async (t) => {
  t.match(await choose([...WSL, CUDA_PACKAGE], {}), {
    kind: 'cuda',
    gpus: [{ name: 'NVIDIA RTX 4090' }],
  });
  const software = await choose([...WSL, vulkanDrivers('lvp_icd', 'radeon_icd')], {});
  t.match(software.why, /webgpu: only a software adapter \(llvmpipe\); so cpu$/);
  const { kind, gpus } = await choose([...WSL, vulkanDrivers('lvp_icd', 'dzn_icd')], {});
  t.match([kind, gpus], ['webgpu', [{ env: { VK_DRIVER_FILES: manifestPath('dzn_icd') } }]]);
});

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import t from 'tap';

import { examine as examineOn, report } from '../../../src/boot/doctor.js';
import type { Finding } from '../../../src/boot/finding.js';
import type { ServerArgs } from '../../../src/config/server-args.js';
import { keyPem, makeIdentity, writeFiles } from '../../doubles/certificates.js';
import {
  adaptersOf,
  CUDA_PACKAGE,
  drmCard,
  H200,
  manifestPath,
  ONNXRUNTIME,
  vulkanDrivers,
  type Tree,
} from '../../doubles/made-up-host.js';
import { defaultArgs } from '../api/test-app.js';

const MACHINE = { numCores: 2, memoryBytes: 8 * 2 ** 30 };
const SHELTERED = { ...defaultArgs(), port: 0 };

async function examine(
  args: ServerArgs,
  machine = MACHINE,
  trees: readonly Tree[] = [],
): Promise<readonly Finding[]> {
  return await examineOn(args, machine, await adaptersOf(trees));
}

/** What is said of GPUs. */
async function gpuLines(trees: readonly Tree[], args: Partial<ServerArgs> = {}): Promise<string[]> {
  const { text } = report(await examine({ ...SHELTERED, ...args }, MACHINE, trees));
  return text.split('\n').filter((line) => /GPU|CUDA|Vulkan|--device/.test(line));
}

t.test('this machine would start a server', async (t) => {
  const { text, isWell } = report(await examine(SHELTERED, MACHINE));
  t.ok(isWell, text);
  t.match(text, new RegExp(`^ok    Node ${process.version} on `));
  t.match(
    text,
    /: 2 cores, .*\nok {4}onnxruntime-node and tokenizers load\nok {4}8\.0 GiB of memory, /,
  );
  t.match(text, /fit: 5\.7 B in w8a8_int8, 1\.6 B in --quantization none\n/);
  t.match(text, /\nok {4}HTTP by (uWebSockets\.js|node:http): /);
  t.match(text, /\nA server would start here\.\n$/);
});

t.test('what is in the way is said in the words of the start', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const { text, isWell } = report(await examine({ ...SHELTERED, port }, MACHINE));
  t.notOk(isWell);
  t.match(text, `BAD   Port ${port} on 127.0.0.1 is already in use. Choose another with --port.\n`);
  t.match(text, /would not start here/);
});

t.test('a machine without memory for the runtime alone is none', async (t) => {
  const findings = await examine(SHELTERED, { ...MACHINE, memoryBytes: 2 ** 26 });
  t.match(findings, [{}, {}, {}, { mark: 'bad', text: /^Only .* of memory can be used/ }]);
  t.notOk(report(findings).isWell);
});

t.test('what is only worth knowing is no hindrance', async (t) => {
  const findings = await examine({ ...SHELTERED, host: '0.0.0.0' }, MACHINE);
  t.match(findings.at(-1), { mark: 'note', text: /without --api-key/ });
  t.ok(report(findings).isWell);
});

t.test('TLS that cannot be used is in the way, TLS that clients refuse is a note', async (t) => {
  const identity = makeIdentity({ from: -9, to: -1 });
  const files = writeFiles(t, { key: keyPem(identity, 'secret'), cert: identity.cert });
  const tls = { ...SHELTERED, sslKeyfile: files.key, sslCertfile: files.cert };
  const locked = report(await examine(tls, MACHINE));
  t.notOk(locked.isWell);
  t.match(
    locked.text,
    /\nBAD {3}The key in '.*' is encrypted: it needs --ssl-keyfile-password\.\n/,
  );
  const expired = report(await examine({ ...tls, sslKeyfilePassword: 'secret' }, MACHINE));
  t.ok(expired.isWell, expired.text);
  t.match(expired.text, /\nok {4}TLS by '.*cert'\nnote {2}The certificate in .* expired on /);
  t.match(expired.text, /\nok {4}HTTPS by /);
  const refreshed = { ...tls, sslKeyfilePassword: 'secret', enableSslRefresh: true };
  t.match(report(await examine(refreshed, MACHINE)).text, /\nok {4}HTTPS by node:http: /);
});

t.test('a machine without GPUs', async (t) => {
  t.strictSame(await gpuLines([]), [
    'ok    --device auto would try cpu; not cuda: no NVIDIA card; not webgpu: no GPU',
  ]);
});

t.test('cards, drivers, and what auto would try', async (t) => {
  const trees = [H200, CUDA_PACKAGE, vulkanDrivers('nvidia_icd', 'lvp_icd')];
  t.strictSame(await gpuLines(trees, { baseGpuId: 1 }), [
    "ok    CUDA's GPU 0: NVIDIA H200, 0000:18:00.0, driver 570.86.15, 140.4 GiB, 139.8 GiB of it free",
    "ok    CUDA's GPU 1: NVIDIA H200, 0000:2a:00.0, driver 570.86.15, 140.4 GiB, 139.6 GiB of it free",
    "ok    ONNX Runtime's CUDA libraries are installed",
    "ok    WebGPU's GPU 0: NVIDIA H200, 0000:18:00.0, 140.4 GiB, by nvidia",
    "ok    WebGPU's GPU 1: NVIDIA H200, 0000:2a:00.0, 140.4 GiB, by nvidia",
    `ok    Vulkan driver llvmpipe, Vulkan 1.4.305, software: it computes on the CPU, ${manifestPath('lvp_icd')}`,
    `ok    Vulkan driver nvidia, Vulkan 1.4.305, ${manifestPath('nvidia_icd')}`,
    'ok    --device auto would try cuda (NVIDIA H200), then cpu; not webgpu: nothing tells this NVIDIA H200 ' +
      "from the others: Mesa's device-select layer does, which comes with its Vulkan drivers",
  ]);
});

t.test('what stands in the way of a card is a note, with what helps', async (t) => {
  const [, , provider] = await gpuLines([H200]);
  t.equal(
    provider,
    "note  ONNX Runtime's CUDA libraries are not installed, which this does: " +
      `node '${ONNXRUNTIME}/script/install.js'`,
  );
  const navi = { slot: '0000:03:00.0', vendor: '0x1002', device: '0x744c', driver: 'amdgpu' };
  const [card] = await gpuLines([drmCard(0, { ...navi, render: 128 })]);
  t.equal(
    card,
    'note  no GPU of WebGPU: AMD 0x744c, 0000:03:00.0, no Vulkan driver for it is installed',
  );
  const second = { ...navi, slot: '0000:00:02.0', driver: 'vmwgfx', render: 129 };
  const both = [drmCard(0, { ...navi, render: 128 }), drmCard(1, second)];
  t.match(
    await gpuLines([...both, vulkanDrivers('radeon_icd')]),
    [/^note {2}no GPU of WebGPU: AMD 0x744c, 0000:00:02\.0/, /^ok {4}WebGPU's GPU 0: .*03:00/],
    'cards that can be used are counted',
  );
  const missing = { programs: { '/sbin/ldconfig': '\tlibvulkan.so.1 (libc6,x86-64) => /l\n' } };
  const [driver] = await gpuLines([vulkanDrivers('lvp_icd'), missing]);
  t.match(driver, /^note {2}Vulkan driver llvmpipe, .*, its library is missing$/);
  t.match(await gpuLines([{ platform: 'darwin' }]), [/^note {2}this system lists no GPUs/, /./]);
  const findings = await examine(SHELTERED, MACHINE, [H200]);
  t.ok(report(findings).isWell, 'the CPU is there all the same');
});

t.test('what is asked for and cannot start is in the way', async (t) => {
  const args = { ...SHELTERED, device: 'cuda' } as const;
  const { text, isWell } = report(await examine(args, MACHINE));
  t.match(text, /\nBAD {3}--device cuda cannot be used: no NVIDIA card\.\n/);
  t.notOk(isWell);
});

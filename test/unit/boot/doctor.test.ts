import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import t from 'tap';

import { examine, report } from '../../../src/boot/doctor.js';
import { defaultArgs } from '../api/test-app.js';

const MACHINE = { numCores: 2, memoryBytes: 8 * 2 ** 30 };
const SHELTERED = { ...defaultArgs(), port: 0 };

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

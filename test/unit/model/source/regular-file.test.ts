import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';

import { readRegularText, requireRegular } from '../../../../src/model/source/regular-file.js';
import { goldenFolder } from '../golden.js';
import { pooledFolder, preparePooled } from '../pooled-golden.js';

t.test(
  'pipes, devices, sockets, folders and files of the kernel are refused at once',
  async (t) => {
    const folder = t.testdir({ inside: {}, plain: 'text' });
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await symlink(pipe, join(folder, 'link'));
    // The path of a socket may have no more than 107 bytes.
    const short = await mkdtemp(join(tmpdir(), 'radish-'));
    const socket = join(short, 's');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    t.teardown(async () => {
      server.close();
      await rm(short, { recursive: true });
    });
    for (const path of [
      pipe,
      join(folder, 'link'),
      '/dev/zero',
      '/dev/null',
      '/proc/kmsg',
      '/proc/self/environ',
    ]) {
      await t.rejects(readRegularText(path), { message: `${path} is not a regular file.` });
      await t.rejects(requireRegular(path), { message: `${path} is not a regular file.` });
    }
    await t.rejects(readRegularText(join(folder, 'inside')), { message: /is not a regular file/ });
    await t.rejects(readRegularText(socket), { code: 'ENXIO' });
    t.equal(await readRegularText(join(folder, 'plain')), 'text');
    await t.rejects(readRegularText(join(folder, 'plain'), 3), { message: /has 4 bytes/ });
    await requireRegular(join(folder, 'nothing'));
  },
);

t.test('whatever file of a model is a pipe, the model is refused by its name', async (t) => {
  t.testdir({});
  const cases: [folder: string, names: string[]][] = [
    [
      pooledFolder('st-sqrt'),
      [
        'modules.json',
        '0_Transformer/config.json',
        '0_Transformer/model.safetensors',
        '0_Transformer/tokenizer.json',
        '1_Pooling/config.json',
        '2_Dense/model.safetensors',
      ],
    ],
    [
      pooledFolder('st-bare'),
      [
        'model.safetensors.index.json',
        'model-00001-of-00002.safetensors',
        'generation_config.json',
        'chat_template.jinja',
      ],
    ],
    [
      goldenFolder('llama-tied'),
      ['config.json', 'model.safetensors', 'tokenizer_config.json', 'merges.txt'],
    ],
  ];
  for (const [source, names] of cases) {
    const kind = basename(source);
    for (const [index, name] of names.entries()) {
      const folder = join(t.testdirName, `${kind}-${index}`);
      await cp(source, folder, { recursive: true });
      await rm(join(folder, name), { force: true });
      execFileSync('mkfifo', [join(folder, name)]);
      await t.rejects(preparePooled(folder), {
        message: new RegExp(`${name} is not a regular file`),
      });
    }
  }
});

import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { listCommand } from '../../../src/cli/list.js';
import { HubCache } from '../../../src/model/source/hub-cache.js';
import { killedOwner } from '../../doubles/owners.js';
import { Converter } from '../model/converted/converted-folder.js';
import { goldenFolder } from '../model/golden.js';

const COMMIT = 'c0'.repeat(20);
const ENTRY = `int8-${'0'.repeat(32)}`;

t.test('a converted model and an unfinished copy are shown as what they are', async (t) => {
  const converter = Converter.in(t);
  const model = join(converter.folder, 'model');
  await cp(goldenFolder('llama-blocks'), model, { recursive: true });
  await cp(join('config', 'tiny', 'tokenizer.json'), join(model, 'tokenizer.json'));
  const converted = await converter.convert(model, 'int8', 'converted');

  const hub = join(converter.folder, 'hub');
  const repo = new HubCache(hub, 'acme/small');
  await cp(converted, repo.snapshot(COMMIT), { recursive: true });
  await repo.writeRef('main', COMMIT);

  const copies = join(converter.folder, 'copies');
  const left = join(copies, `${ENTRY}.${await killedOwner()}.0123abcd.tmp`);
  await mkdir(left, { recursive: true, mode: 0o700 });
  for (const name of ['weights.bin', 'journal']) {
    await writeFile(join(left, name), 'some', { mode: 0o600 });
  }

  const list = async (json: boolean): Promise<string> => {
    let said = '';
    const out = { write: (text: string) => (said += text) };
    const options = { json, quantizationCacheDir: copies };
    const serverArgs = () => {
      throw new Error('the flag is given');
    };
    await listCommand.run(
      { words: [], options, serverArgs },
      { version: '', out, err: out, input: process.stdin },
    );
    return said;
  };
  process.env['HF_HUB_CACHE'] = hub;
  t.teardown(() => {
    delete process.env['HF_HUB_CACHE'];
  });
  const text = await list(false);
  t.match(text, /^acme\/small +main +.* yes, converted to int8$/m);
  t.match(text, /^\(not noted\) +int8 +\S+ k?B +unfinished$/m);
  t.match(JSON.parse(await list(true)), {
    models: [{ revisions: [{ can_be_served: true, why_not: null, converted_to: 'int8' }] }],
    quantized: [{ format: 'int8', unfinished: true, used_by: [] }],
  });

  await writeFile(join(repo.snapshot(COMMIT), 'model.safetensors'), 'cut short');
  t.match(await list(false), /^acme\/small .* no: .*model\.safetensors has 9 bytes, and radish/m);
  await writeFile(join(repo.snapshot(COMMIT), 'radish.json'), '{}');
  t.match(JSON.parse(await list(true)), {
    models: [{ revisions: [{ can_be_served: false, why_not: String, converted_to: null }] }],
  });
});

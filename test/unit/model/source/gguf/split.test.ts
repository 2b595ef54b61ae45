import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { ggufFile, text, u32 } from '../../../../doubles/gguf-file.js';

function tensor(name: string) {
  return { name, dimensions: [8, 4], type: 0, bytes: new Uint8Array(128) };
}

const METADATA = [['general.architecture', text('llama')]] as const;

t.test('tensors of all parts are one checkpoint, whichever part is named', async (t) => {
  const folder = t.testdir();
  const names = [1, 2].map((part) => join(folder, `m-0000${part}-of-00002.gguf`));
  const [first = '', second = ''] = names;
  const embedding = tensor('token_embd.weight');
  await writeFile(first, ggufFile({ metadata: METADATA, tensors: [embedding] }));
  await t.rejects(openSource(first).weights(), { message: /m-00002-of-00002\.gguf \(ENOENT\)/ });
  await writeFile(second, ggufFile({ metadata: [], tensors: [tensor('output.weight')] }));
  for (const name of names) {
    const { tensors, files } = await openSource(name).weights();
    t.same([...tensors.keys()], ['model.embed_tokens.weight', 'lm_head.weight']);
    t.same(
      files.map(({ path }) => path),
      names,
    );
  }
  await writeFile(second, ggufFile({ metadata: [], tensors: [embedding] }));
  await t.rejects(openSource(first).weights(), {
    message: /'token_embd\.weight' is in .* and in /,
  });
});

t.test('a part under another name, and too many parts', async (t) => {
  const path = join(t.testdir(), 'm.gguf');
  const metadata = [...METADATA, ['split.count', u32(3)] as const];
  await writeFile(path, ggufFile({ metadata, tensors: [] }));
  await t.rejects(openSource(path).weights(), { message: /is the first of 3 files/ });
  await t.rejects(openSource('x-00001-of-99999.gguf').weights(), { message: /one of 99999 files/ });
});

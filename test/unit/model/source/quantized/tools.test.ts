import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { exactFormats } from '../../kept-count.js';
import { compareAnswers } from '../../same-answers.js';

/** Checkpoints as the tools of each method save them, and what these unpack from them: test/fixtures/make_*.py. */
const MODELS = join('test', 'fixtures', 'quantized');

const cacheDir = t.testdir();
const inputIds = Array.from({ length: 40 }, (_, i) => (i * 23 + 5) % 64);

t.test('quantised checkpoints compute what the weights do that their tools unpack', async (t) => {
  const names = await readdir(MODELS);
  t.ok(names.length >= 14);
  for (const name of names) {
    const model = join(MODELS, name);
    const reference = await plainFolder(t, model);
    for (const quantization of await exactFormats(model)) {
      t.comment(name);
      const pair = { model, reference, inputIds, within: 0, quantization };
      await compareAnswers(t, cacheDir, pair);
    }
  }
});

/** The model with plain weights. */
async function plainFolder(t: Test, model: string): Promise<string> {
  const folder = t.testdir();
  const config = JSON.parse(await readFile(join(model, 'config.json'), 'utf8')) as object;
  const plain = { ...config, quantization_config: null };
  await writeFile(join(folder, 'config.json'), JSON.stringify(plain));
  await cp(join(model, 'reference.safetensors'), join(folder, 'model.safetensors'));
  return folder;
}

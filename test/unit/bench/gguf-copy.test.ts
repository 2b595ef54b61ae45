import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { EXACT, loadModel } from '../../bench/quality/loaded-model.js';
import { sizeOfGguf } from '../../bench/quality/page/size.js';
import { writeGguf } from '../../bench/quality/weights/gguf-copy.js';
import { writeRotated } from '../../bench/quality/weights/rotated-copy.js';
import { goldenFolder, readGolden } from '../model/golden.js';

t.setTimeout(120_000);

const SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

/** As many tokens as the fixture's table has rows. */
function tokenizerJson(size: number): string {
  const tokens = Array.from(
    { length: size },
    (_, id) => SPECIAL[id] ?? String.fromCharCode(30 + id),
  );
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const added = SPECIAL.map((content, id) => ({ id, content, special: true }));
  return JSON.stringify({ model: { type: 'BPE', vocab, merges: [] }, added_tokens: added });
}

t.test(
  'the GGUF file of a folder gives its logits: rows of q and k are put where ggml has them',
  async (t) => {
    const folder = join(t.testdir(), 'rotated');
    await writeRotated(goldenFolder('llama-plain'), folder, 'F32');
    writeFileSync(join(folder, 'tokenizer.json'), tokenizerJson(96));
    const file = join(t.testdirName, 'rotated.gguf');
    await writeGguf(folder, file);
    const { inputIds } = await readGolden('llama-plain');
    const logitsOf = async (path: string) => {
      const room = { window: inputIds.length + (inputIds.length % 2), threads: 1 };
      const { teacher } = await loadModel(path, EXACT, room);
      const logits = await teacher.logits(inputIds);
      await teacher.release();
      return logits;
    };
    t.strictSame(await logitsOf(file), await logitsOf(folder));
    const { layerBits, linearBits, types, headType } = await sizeOfGguf(file);
    t.strictSame(
      { layerBits, linearBits, types, headType },
      {
        layerBits: 32,
        linearBits: 32,
        types: { F32: 14 },
        headType: 'F32',
      },
    );
  },
);

t.test('a folder whose head is its table is refused', async (t) => {
  const folder = goldenFolder('llama-tied');
  await t.rejects(writeGguf(folder, join(t.testdir(), 'no.gguf')));
});

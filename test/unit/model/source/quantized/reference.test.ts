import t from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { InputFiles } from '../../../../../src/model/weights/input-files.js';
import { findWeight } from '../../../../../src/model/weights/find-weight.js';
import { readFloats } from '../../../../../src/model/weights/stored-rows.js';
import { exactFormats } from '../../kept-count.js';
import { compareAnswers } from '../../same-answers.js';
import { fixtureFolder, fixtureNames, INPUT_IDS, referenceFolder } from './fixtures.js';

/** Written by test/fixtures/make_compressed_models.py and make_fp8_models.py. */
const SETS = ['compressed', 'fp8'];
/** Rows that are read at a time: pieces begin and end inside of blocks, words and groups. */
const PIECE_ROWS = 5;

const cacheDir = t.testdir();

for (const set of SETS) {
  for (const name of await fixtureNames(set)) {
    const model = fixtureFolder(set, name);

    t.test(`${name}: weights are to the bit what its maker unpacks`, async (t) => {
      const reference = await openSource(await referenceFolder(t, set, name)).weights();
      const checkpoint = await openSource(model).weights();
      const files = new InputFiles();
      for (const [tensor, { shape }] of reference.tensors) {
        const [rows = 0] = shape;
        const theirs = readFloats(files, findWeight(reference, tensor, shape), 0, rows);
        const ours = findWeight(checkpoint, tensor, shape);
        const width = theirs.length / rows;
        for (let begin = 0; begin < rows; begin += PIECE_ROWS) {
          const end = Math.min(rows, begin + PIECE_ROWS);
          const piece = theirs.subarray(begin * width, end * width);
          const read = readFloats(files, ours, begin, end);
          const isSame = read.length === piece.length && read.every((x, i) => x === piece[i]);
          if (!isSame) t.fail(`rows [${begin}, ${end}) of ${tensor}`, { read, piece });
        }
      }
      files.close();
      t.ok(reference.tensors.size > 10);
    });

    t.test(`${name}: answers are those of the weights that its maker unpacks`, async (t) => {
      const reference = await referenceFolder(t, set, name);
      for (const quantization of await exactFormats(model)) {
        const pair = { model, reference, inputIds: INPUT_IDS, within: 0, quantization };
        await compareAnswers(t, cacheDir, pair);
      }
    });
  }
}

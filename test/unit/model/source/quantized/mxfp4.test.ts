import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { openCheckpoint } from '../../../../../src/model/source/safetensors.js';
import { findWeight } from '../../../../../src/model/weights/find-weight.js';
import { InputFiles } from '../../../../../src/model/weights/input-files.js';
import { readFloats } from '../../../../../src/model/weights/stored-rows.js';
import { changeTensors, fixtureFolder, type Tensors } from './fixtures.js';

const EXPERTS = 'model.layers.0.mlp.experts';
const NUM_EXPERTS = 2;
const HIDDEN = 64;
const INTER = 32;

t.test('experts of MXFP4 are what transformers makes of them, turned around', async (t) => {
  const folder = await expertsFolder(t);
  const ours = await openSource(folder).weights();
  const theirs = await openCheckpoint(folder);
  const files = new InputFiles();
  const all = (name: string, shape: readonly number[]): Float32Array =>
    readFloats(files, findWeight(theirs, name, shape), 0, NUM_EXPERTS);
  const stacks = {
    gate_up_proj: all(`${EXPERTS}.gate_up_proj`, [NUM_EXPERTS, HIDDEN, 2 * INTER]),
    down_proj: all(`${EXPERTS}.down_proj`, [NUM_EXPERTS, INTER, HIDDEN]),
  };
  for (let expert = 0; expert < NUM_EXPERTS; expert++) {
    for (const [name, rows, columns, stack, turn] of [
      ['gate_proj', INTER, HIDDEN, 'gate_up_proj', 0],
      ['up_proj', INTER, HIDDEN, 'gate_up_proj', 1],
      ['down_proj', HIDDEN, INTER, 'down_proj', 0],
    ] as const) {
      const step = stack === 'gate_up_proj' ? 2 : 1;
      const width = rows * step;
      const weight = findWeight(ours, `${EXPERTS}.${expert}.${name}.weight`, [rows, columns]);
      for (const [begin, end] of [
        [0, 7],
        [7, 8],
        [8, rows],
      ] as const) {
        const expected = Float32Array.from({ length: (end - begin) * columns }, (_, i) => {
          const [row, column] = [begin + Math.floor(i / columns), i % columns];
          const at = (expert * columns + column) * width + row * step + turn;
          return stacks[stack][at] as number;
        });
        t.same(
          [...readFloats(files, weight, begin, end)],
          [...expected],
          `${name} [${begin}, ${end})`,
        );
      }
    }
  }
  files.close();
});

t.test('experts that do not fit their scales are a sentence', async (t) => {
  const refused = async (ending: string, shape: readonly number[], message: RegExp) => {
    const folder = await expertsFolder(t);
    const data = Buffer.alloc(shape.reduce((product, size) => product * size, 1));
    await changeTensors(folder, (tensors: Tensors) => {
      return { ...tensors, [`${EXPERTS}.${ending}`]: { dtype: 'U8', shape, data } };
    });
    await t.rejects(openSource(folder).weights(), { message });
  };
  await refused('down_proj_scales', [2, 64, 2], /not \[2, 64, 1\]: '.*' has so many blocks\.$/);
  await refused('down_proj_blocks', [2, 64, 1, 17], /a block of 32 numbers has 16 bytes\.$/);
  await refused('down_proj_blocks', [2, 64], /has shape \[2, 64\], not \[2, 64, 0, 16\]/);
  await refused('down_proj_blocks', [5000, 1, 1, 16], /has shape \[2, 64, 1\], not \[5000, 1, 1\]/);
});

/** A folder that has experts alone, as gpt-oss stores them and as transformers unpacks them. */
async function expertsFolder(t: Test): Promise<string> {
  const folder = t.testdir();
  await cp(`${fixtureFolder('fp8', 'gpt-oss')}.safetensors`, join(folder, 'model.safetensors'));
  const config = { quantization_config: { quant_method: 'mxfp4' } };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { folderFiles } from '../../../../src/core/named-files.js';
import type { KvScales } from '../../../../src/model/kv-scales.js';
import { keptKvScales } from '../../../../src/model/quantize/kept-kv-scales.js';

const SPEC = { numLayers: 1, numKvHeads: 1, headDim: 2, contextLength: 4096 };
const SCALES: KvScales = [{ key: [1, 2], value: 3 }];

class Calibration {
  readonly folder: string;
  runs = 0;

  constructor(t: Test) {
    this.folder = t.testdir({
      weights: {},
      one: { 'tokenizer.json': '1' },
      two: { 'tokenizer.json': '2' },
    });
  }

  scales(
    spec = SPEC,
    tokenizer = 'one',
    measured: KvScales | null = SCALES,
  ): Promise<KvScales | null> {
    const files = { folder: this.weights, tokenizer: folderFiles(join(this.folder, tokenizer)) };
    return keptKvScales(files, spec, () => {
      this.runs++;
      return Promise.resolve(measured);
    });
  }

  get weights(): string {
    return join(this.folder, 'weights');
  }
}

t.test('scales are measured once', async (t) => {
  const calibration = new Calibration(t);
  t.same(await calibration.scales(), SCALES);
  t.same(await calibration.scales(), SCALES);
  t.equal(calibration.runs, 1);
});

t.test(
  'they are of what decides them: the tokens of the texts, how many of them are read',
  async (t) => {
    const calibration = new Calibration(t);
    const others = SCALES.map(({ key }) => ({ key, value: 4 }));
    await calibration.scales();
    t.same(await calibration.scales(SPEC, 'two', others), others);
    t.same(await calibration.scales({ ...SPEC, contextLength: 8192 }, 'one', others), others);
    t.same(await calibration.scales(), SCALES, 'those that were first are there still');
    t.equal(calibration.runs, 3);
  },
);

t.test('what is damaged, or of another network, is measured anew', async (t) => {
  const calibration = new Calibration(t);
  await calibration.scales();
  const [name = ''] = await readdir(calibration.weights);
  const path = join(calibration.weights, name);
  await writeFile(path, (await readFile(path, 'utf8')).replace('[1,2]', '[1,5]'));
  t.same(await calibration.scales(), SCALES);
  t.equal(calibration.runs, 2);
  await writeFile(path, '{');
  t.same(await calibration.scales(), SCALES);
  const wider: KvScales = [{ key: [1, 2, 3, 4], value: 3 }];
  t.same(await calibration.scales({ ...SPEC, headDim: 4 }, 'one', wider), wider);
  t.equal(calibration.runs, 4);
});

t.test('nothing is kept of what could not be measured', async (t) => {
  const calibration = new Calibration(t);
  t.equal(await calibration.scales(SPEC, 'one', null), null);
  t.same(await readdir(calibration.weights), []);
});

t.test('a folder that cannot be written costs the file alone', async (t) => {
  const tokenizer = folderFiles(t.testdir());
  const folder = join(t.testdirName, 'missing', 'weights');
  t.same(await keptKvScales({ folder, tokenizer }, SPEC, () => Promise.resolve(SCALES)), SCALES);
});

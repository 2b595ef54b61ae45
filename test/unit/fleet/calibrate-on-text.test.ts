import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { calibrateOnText, roundingTexts } from '../../../src/fleet/calibrate-on-text.js';
import { CALIBRATION_TEXTS } from '../../../src/fleet/calibration-texts.js';
import { likeServed, type LoadContext } from '../../../src/fleet/load-context.js';
import { ROUNDING_TEXTS } from '../../../src/fleet/rounding-texts.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';
import type { KvScales } from '../../../src/model/kv-scales.js';
import type { PreparedCheckpoint } from '../../../src/model/prepare-model.js';
import { ON_CPU } from '../../../src/model/target.js';

const TOKENIZER = join('config', 'tiny', 'tokenizer.json');
const SCALES: KvScales = [{ key: [1, 2], value: 3 }];

function modelOf(vocabSize: number, contextLength: number): PreparedModel {
  return { spec: { vocabSize, contextLength } } as PreparedModel;
}

t.test('every text is read, as far as the context and the vocabulary go', async (t) => {
  const folder = t.testdir();
  await cp(TOKENIZER, join(folder, 'tokenizer.json'));
  const given: (readonly Int32Array[])[] = [];
  const measure = (_: PreparedModel, prompts: readonly Int32Array[]): Promise<KvScales> => {
    given.push(prompts);
    return Promise.resolve(SCALES);
  };
  t.equal(await calibrateOnText(measure, modelOf(1e6, 2048), [folder]), SCALES);
  await calibrateOnText(measure, modelOf(500, 30), [folder]);
  const [whole = [], cut = []] = given;
  t.equal(whole.length, CALIBRATION_TEXTS.length);
  t.ok(whole.every(({ length }) => length > 100 && length <= 512));
  t.ok(cut.every((prompt) => prompt.length <= 30 && prompt.every((id) => id < 500)));
});

t.test('to round weights every text is read to its end, in pieces', async (t) => {
  const folder = t.testdir();
  await cp(TOKENIZER, join(folder, 'tokenizer.json'));
  const limits = { vocabSize: 1e6, contextLength: 300 };
  const pieces = (await roundingTexts([folder], limits)) ?? [];
  const all = [...CALIBRATION_TEXTS, ...ROUNDING_TEXTS];
  t.ok(pieces.length > all.length);
  t.ok(pieces.every(({ length }) => length > 0 && length <= 300));
  const tokens = pieces.reduce((sum, { length }) => sum + length, 0);
  t.ok(tokens > all.join('').length / 6, 'nothing is left out');
  t.equal(await roundingTexts([t.testdir()], limits), null);
});

t.test('weights without a tokenizer are measured with that of the served model', async (t) => {
  const folders = t.testdir({ bare: {}, served: {} });
  await cp(TOKENIZER, join(folders, 'served', 'tokenizer.json'));
  const measure = (): Promise<KvScales> => Promise.resolve(SCALES);
  const [bare, served] = [join(folders, 'bare'), join(folders, 'served')];
  t.equal(await calibrateOnText(measure, modelOf(1e6, 2048), [bare, served]), SCALES);
  t.equal(await calibrateOnText(measure, modelOf(1e6, 2048), [bare]), null);
});

t.test('weights that follow have the element type of the served cache', (t) => {
  const context = {
    args: { quantization: 'auto' },
    device: { ...ON_CPU, kvCacheDtype: 'auto' },
    tokenizerFolder: null,
  } as LoadContext;
  const served = (kvType: string, isConverted = false): PreparedCheckpoint =>
    ({
      spec: { kvType, format: 'int4' },
      info: { isConverted },
      tokenizerFolder: 'there',
    }) as PreparedCheckpoint;
  const integers = likeServed(context, served('i8'));
  t.equal(integers.device.kvCacheDtype, 'int8');
  t.equal(integers.tokenizerFolder, 'there');
  t.equal(integers.args.quantization, 'auto');
  const converted = likeServed(context, served('i8', true));
  t.equal(converted.args.quantization, 'int4', 'what follows a converted model has its format');
  t.equal(likeServed(context, served('f32')).device.kvCacheDtype, 'fp32');
  const named = { ...context, args: { quantization: 'awq' } } as LoadContext;
  t.equal(likeServed(named, served('f32')).args.quantization, 'auto', 'stored in any way');
  const onGpu = { ...context, device: { ...context.device, device: 'webgpu' } } as LoadContext;
  t.equal(likeServed(onGpu, served('f16')).device.kvCacheDtype, 'auto');
  t.end();
});

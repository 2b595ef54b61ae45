import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import t, { type Test } from 'tap';

import { prepareModel } from '../../../../src/model/prepare-model.js';
import type { RoundLayer } from '../../../../src/model/quantize/compensate/round-layers.js';
import { BUILD_DEPS } from '../../../doubles/build-deps.js';
import { killedOwner } from '../../../doubles/owners.js';
import { roundingHere } from '../../../doubles/rounding.js';
import { goldenFolder } from '../golden.js';

const NUM_LAYERS = 2;

/** A cache in which a start in `int4` has ended after so many layers. */
class Bench {
  readonly lines: string[] = [];
  /** Layers that were rounded in all starts. */
  readonly rounding = roundingHere();
  readonly cache: string;
  readonly #folder: string;

  constructor(test: Test) {
    this.#folder = test.testdir({ cache: {} });
    this.cache = join(this.#folder, 'cache');
  }

  /** What a start makes that nobody ends. */
  async whole(): Promise<Buffer> {
    return readFile(await this.#start(join(this.#folder, 'whole'), roundingHere().roundLayer));
  }

  /** Leaves the draft of a process that was killed when `numLayers` had been rounded. @returns its folder */
  async killed(numLayers: number): Promise<string> {
    const { roundLayer } = roundingHere();
    const owner = await killedOwner();
    let left = '';
    const ended: RoundLayer = async (task) => {
      const stream = await roundLayer(task);
      if (task.index < numLayers - 1) return stream;
      const [draft = ''] = await readdir(this.cache);
      left = `${draft.split('.')[0] ?? ''}.${owner}.0123abcd.tmp`;
      await cp(join(this.cache, draft), join(this.#folder, left), { recursive: true });
      throw new Error('ended');
    };
    await this.#start(this.cache, ended).catch(() => undefined);
    await cp(join(this.#folder, left), join(this.cache, left), { recursive: true });
    return join(this.cache, left);
  }

  /** @returns the path of the weights */
  start(): Promise<string> {
    return this.#start(this.cache, this.rounding.roundLayer);
  }

  async #start(cacheDir: string, roundLayer: RoundLayer): Promise<string> {
    const { readTexts } = this.rounding;
    const model = await prepareModel(
      {
        folder: goldenFolder('llama-blocks'),
        quantization: 'int4',
        loadFormat: 'auto',
        contextLength: null,
      },
      { ...BUILD_DEPS, cacheDir, readTexts, roundLayer, info: (line) => this.lines.push(line) },
    );
    return join(model.weightsFolder, 'weights.bin');
  }
}

for (const numLayers of [1, NUM_LAYERS]) {
  t.test(`a start goes on behind layer ${numLayers}, to the same bytes`, async (t) => {
    const bench = new Bench(t);
    const whole = await bench.whole();
    const left = await bench.killed(numLayers);
    t.ok((await readdir(left)).includes('weights.bin.layer'), 'rows that nobody needs');
    const weights = await bench.start();
    t.ok(whole.equals(await readFile(weights)), 'as in one go');
    t.equal(bench.rounding.numLayers, NUM_LAYERS - numLayers);
    t.match(bench.lines.at(-1), `: ${numLayers} of ${NUM_LAYERS} layers.`);
    const names = await readdir(dirname(weights));
    t.same(
      names.filter((name) => /stream|layer|journal/.test(name)),
      [],
      'what was needed meanwhile is gone',
    );
  });
}

t.test('layers are rounded anew where the stream behind them is not as it was noted', async (t) => {
  const bench = new Bench(t);
  const whole = await bench.whole();
  await change(join(await bench.killed(1), 'weights.bin.stream0'), 7);
  t.ok(whole.equals(await readFile(await bench.start())));
  t.equal(bench.rounding.numLayers, NUM_LAYERS);
  t.notMatch(bench.lines.join('\n'), 'layers');
});

t.test('codes that are not as they were noted cost what is behind them', async (t) => {
  const bench = new Bench(t);
  const whole = await bench.whole();
  const left = await bench.killed(1);
  const lines = (await readFile(join(left, 'journal'), 'utf8')).split('\n');
  const layer = JSON.parse(lines.at(-1) ?? '') as { runs: [number][] };
  await change(join(left, 'weights.bin'), layer.runs[0]?.[0] ?? 0);
  t.ok(whole.equals(await readFile(await bench.start())));
  t.equal(bench.rounding.numLayers, NUM_LAYERS);
});

/** Gives a file another byte. */
async function change(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = 255 - (bytes[at] as number);
  await writeFile(path, bytes);
}

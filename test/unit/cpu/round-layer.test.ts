import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import t, { type Test } from 'tap';

import { CpuPool } from '../../../src/cpu/pool.js';
import { rowsOfExpert } from '../../../src/cpu/round-layer.js';
import type { BuildDeps } from '../../../src/model/built-model.js';
import { ModelLoadError } from '../../../src/model/load-error.js';
import { prepareModel, type PreparedCheckpoint } from '../../../src/model/prepare-model.js';
import { BUILD_DEPS } from '../../doubles/build-deps.js';
import { roundingHere } from '../../doubles/rounding.js';
import { goldenFolder } from '../model/golden.js';

function prepare(name: string, deps: BuildDeps): Promise<PreparedCheckpoint> {
  const folder = goldenFolder(name);
  return prepareModel(
    { folder, quantization: 'int4', loadFormat: 'auto', contextLength: null },
    deps,
  );
}

function weightsOf({ weightsFolder }: PreparedCheckpoint): Promise<Buffer> {
  return readFile(join(weightsFolder, 'weights.bin'));
}

/** Deps with a cache of their own. */
function depsIn(test: Test, folder: string, more: Partial<BuildDeps>): BuildDeps {
  return { ...BUILD_DEPS, cacheDir: join(test.testdirName, folder), ...more };
}

for (const name of ['llama-blocks', 'qwen2-moe-blocks']) {
  t.test(`${name}: the same file, texts and threads give the same bytes`, async (t) => {
    t.testdir();
    const pool = new CpuPool({ numThreads: 2 });
    t.teardown(() => pool.close());
    const { readTexts } = roundingHere();
    const onPool = { readTexts, roundLayer: pool.roundLayer.bind(pool) };
    const first = await prepare(name, depsIn(t, 'a', onPool));
    t.equal(first.info.isCompensated, true);
    const again = await prepare(name, depsIn(t, 'b', onPool));
    t.same(await weightsOf(again), await weightsOf(first));
    const here = roundingHere({ numThreads: 2 });
    const cached = await prepare(name, depsIn(t, 'a', here));
    t.same(cached.info.quantization, { cacheHit: true });
    t.equal(here.numLayers, 0, 'a cached start rounds nothing');
    t.same(await weightsOf(cached), await weightsOf(first));
    // Other texts are another entry.
    const other = roundingHere({ numTexts: 3 });
    const second = await prepare(name, depsIn(t, 'a', other));
    t.ok(other.numLayers > 0);
    t.notSame(await weightsOf(second), await weightsOf(first));
  });
}

t.test('without texts four bits are rounded to nearest, and somebody is told', async (t) => {
  t.testdir();
  const warnings: string[] = [];
  const here = roundingHere();
  const deps = depsIn(t, 'a', {
    ...here,
    readTexts: () => Promise.resolve(null),
    warn: (line) => warnings.push(line),
  });
  const nearest = await prepare('llama-blocks', deps);
  t.equal(nearest.info.isCompensated, false);
  t.equal(here.numLayers, 0);
  t.match(warnings, [/^int4 is rounded to nearest, .* without a tokenizer/]);
  const compensated = await prepare('llama-blocks', depsIn(t, 'a', roundingHere()));
  t.not(compensated.weightsFolder, nearest.weightsFolder, 'both are kept');
});

t.test('an error keeps its class on its way between threads, and nothing is left', async (t) => {
  t.testdir();
  const pool = new CpuPool({ numThreads: 1 });
  t.teardown(() => pool.close());
  const { readTexts } = roundingHere();
  const roundLayer: typeof pool.roundLayer = (task) => {
    const linears = task.linears.map((linear) => {
      const shape = [linear.out + 1, linear.in];
      return { ...linear, out: linear.out + 1, source: { ...linear.source, offset: 1e9, shape } };
    });
    return pool.roundLayer({ ...task, linears });
  };
  const failed = await prepare('llama-blocks', depsIn(t, 'a', { readTexts, roundLayer })).catch(
    (error: unknown) => error,
  );
  t.ok(failed instanceof ModelLoadError);
  t.match(failed, { code: 'bad_checkpoint' });
});

t.test('an expert that few tokens chose is shown others too', (t) => {
  // 2,000 tokens of two experts each: expert 1 has every tenth, expert 2 three of them.
  const chosen = BigInt64Array.from({ length: 4000 }, (_, at) => {
    const token = at >> 1;
    if (at % 2 === 0) return 0n;
    return token % 10 === 0 ? 1n : token < 3 ? 2n : 3n;
  });
  t.equal(rowsOfExpert(chosen, 2, 0).length, 2000, 'all that chose it');
  const [few, rare] = [rowsOfExpert(chosen, 2, 1), rowsOfExpert(chosen, 2, 2)];
  t.same([few.length, rare.length], [512, 512]);
  t.same(few.slice(0, 3), [0, 10, 20], 'its own come first');
  t.same(rare.slice(0, 2), [1, 2]);
  t.equal(new Set(rare).size, 512, 'none twice');
  t.ok(Math.max(...rare) > 1900, 'from everywhere');
  t.equal(rowsOfExpert(BigInt64Array.of(0n, 1n), 1, 5).length, 2, 'no more than there are');
  t.end();
});

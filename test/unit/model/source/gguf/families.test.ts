import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { GGUF_ARCHITECTURES } from '../../../../../src/model/source/gguf/architectures/registry.js';
import { goldenFolder, readGolden } from '../../golden.js';
import { compareAnswers } from '../../same-answers.js';

/** Written by test/fixtures/make_gguf_families.py with llama.cpp's converter. */
const FILES = join('test', 'fixtures', 'gguf', 'families');

/** Where the converter changed numbers, what comes out differs in its last bits. */
const ROUNDED: ReadonlySet<string> = new Set([
  // Frequencies are divided by factors that were rounded to f32.
  'apertus',
  'exaone4',
  'phi3-longrope',
  // The bounds of gates that are zero are said in deviations.
  'gemma3n',
  // YaRN's magnitude.
  'deepseek-v2-yarn',
  // The logarithm of A, whose exponential the file has.
  'granite-hybrid',
  'jamba',
  'nemotron-h',
  'nemotron-h-blocks',
  // Factors are in the weights.
  'falcon-h1',
  // Factors were rounded to f32.
  'granite',
  'granite-moe',
]);

/** What a file cannot say: the folder is compared as the file is read. */
const UNSAID: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  cohere2: { layer_types: null },
  gemma3: {
    query_pre_attn_scalar: 16,
    layer_types: ['sliding_attention', 'sliding_attention', 'sliding_attention'],
    // Of the layers without a window alone.
    rope_scaling: null,
  },
  // The converter writes the epsilon of the class for the model's.
  'lfm2-moe': { norm_eps: 1e-5 },
  // Of layers without a window it leaves the scaling out.
  'gemma4-keys': {
    rope_parameters: {
      full_attention: {
        partial_rotary_factor: 0.5,
        rope_theta: 5000,
        rope_type: 'proportional',
      },
      sliding_attention: { rope_theta: 300, rope_type: 'default' },
    },
  },
  'minicpm3-blocks': { scale_emb: 12, scale_depth: 1.4, dim_model_base: 256 },
  mixtral: { sliding_window: null },
  // A file has no floor of steps.
  'nemotron-h': { time_step_min: 1e-12 },
  'nemotron-h-blocks': { time_step_min: 1e-12 },
  olmoe: { norm_topk_prob: false },
  phimoe: { router_jitter_noise: 0.01 },
  'qwen3-moe-stacked': { norm_topk_prob: true },
  smollm3: { no_rope_layers: null, no_rope_layer_interval: 4, layer_types: null },
  starcoder2: { sliding_window: null },
};

const cacheDir = t.testdir();
const names = (await readdir(FILES))
  .filter((name) => name.endsWith('.gguf'))
  .map((name) => name.slice(0, -'.gguf'.length));

for (const name of names) {
  t.test(`${name}.gguf computes what its folder does`, async (t) => {
    const own = join(FILES, name);
    const written = await readdir(own).catch(() => []);
    const folder = written.length === 0 ? goldenFolder(name) : own;
    const { inputIds } = await readGolden(name);
    await compareAnswers(t, cacheDir, {
      model: `${own}.gguf`,
      reference: await changedFolder(t, folder, UNSAID[name]),
      inputIds,
      within: ROUNDED.has(name) ? 3e-5 : 0,
    });
  });
}

async function changedFolder(
  t: Test,
  folder: string,
  change: Readonly<Record<string, unknown>> | undefined,
): Promise<string> {
  if (change === undefined) return folder;
  const changed = t.testdir();
  await cp(folder, changed, { recursive: true });
  const path = join(changed, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, ...change }));
  return changed;
}

t.test('architectures are listed once, by their names', (t) => {
  const listed = GGUF_ARCHITECTURES.map((architecture) => architecture.name);
  t.equal(new Set(listed).size, listed.length);
  t.end();
});

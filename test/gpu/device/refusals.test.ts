/** What cannot be on a GPU ends the server at once, with one sentence and no stack. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { freePort, runRadish } from '../../e2e/radish-process.js';
import { generate } from '../../e2e/client.js';
import { gpuTest, greedy, story } from './gpu-server.js';

const FIXTURES = fileURLToPath(new URL('../../../../test/fixtures', import.meta.url));
const fixture = (path: string): string[] => [
  ...['--model-path', join(FIXTURES, path)],
  '--skip-tokenizer-init',
];

const REFUSED: readonly (readonly [flags: readonly string[], sentence: RegExp])[] = [
  [
    ['--page-size', '16'],
    /^--page-size must be a power of two of at least 64 with --device webgpu, got 16\.$/,
  ],
  [
    ['--quantization', 'w8a8_int8'],
    /^--quantization w8a8_int8 is not possible: it multiplies integers, which --device webgpu cannot\. Use int8 or int4\.$/,
  ],
  [
    ['--dtype', 'bfloat16'],
    /^--dtype bfloat16 is not possible: WebGPU has no bfloat16\. Use auto, float16 or float32\.$/,
  ],
  [
    fixture('pooled/bert-mean'),
    /^--device webgpu serves models that generate; this one answers with vectors\. Use --device cpu\.$/,
  ],
  [
    ['--is-embedding', ...fixture('pooled/gemma2-last')],
    /^--device webgpu serves models that generate; this one answers with vectors\. Use --device cpu\.$/,
  ],
  [
    fixture('families/gemma2'),
    /^--device webgpu cannot run Gemma2ForCausalLM: its attention caps no scores \(attn_logit_softcapping\)\. Use --device cpu\.$/,
  ],
  [
    fixture('families/hunyuan'),
    /^--device webgpu cannot run HunYuanDenseV1ForCausalLM: its attention needs more of positions than their rotation\. Use --device cpu\.$/,
  ],
  [
    ['--gpu-memory-gb', '1', '--max-total-tokens', '500000'],
    /^--max-total-tokens 500000 does not fit: \d+ MiB of KV, and \d+ MiB \(\d+ tokens\) are left beside the weights\. Lower it or raise --gpu-memory-gb or --mem-fraction-static\.$/,
  ],
  [
    ['--gpu-memory-gb', '1000', '--max-total-tokens', '90000000'],
    /^--max-total-tokens 90000000 does not fit: WebGPU's arrays hold \d+ tokens of this model\. Lower it\.$/,
  ],
  [
    ['--max-total-tokens', '64'],
    /^KV of 64 tokens is fewer than two pages of 64 tokens \(\d+ KiB each\)\. Raise --gpu-memory-gb or --max-total-tokens\.$/,
  ],
  [
    ['--gpu-memory-gb', '0.2'],
    /^The weights take 13 MiB, a run 256 MiB, and the GPU has 205 MiB\. Use a smaller model, --quantization int4, or raise --gpu-memory-gb\.$/,
  ],
];

/** The exit code, and the log's errors without their times; a line of anything else after one is an error too. */
async function refusal(
  flags: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; errors: readonly string[] }> {
  const port = ['--port', String(await freePort())];
  const run = runRadish(['serve', ...port, '--device', 'webgpu', ...flags], env);
  const code = await run.exit;
  const lines = run.log().trim().split('\n');
  const first = lines.findIndex((line) => line.includes(' ERROR: '));
  const errors = first < 0 ? [] : lines.slice(first);
  return { code, errors: errors.map((line) => line.replace(/^\[[^\]]*\] ERROR: /, '')) };
}

async function isRefused(
  t: Test,
  flags: readonly string[],
  sentence: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const { code, errors } = await refusal(flags, env);
  t.equal(code, 1, flags.join(' '));
  t.equal(errors.length, 1, errors.join('\n'));
  t.match(errors[0], sentence);
}

gpuTest('by the arguments and the model', async (t) => {
  for (const [flags, sentence] of REFUSED) await isRefused(t, flags, sentence);
});

gpuTest('by the machine', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'radish-icd-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const nothing = { VK_DRIVER_FILES: join(folder, 'none.json') };
  const cuda = { NVIDIA_VISIBLE_DEVICES: 'none', CUDA_VISIBLE_DEVICES: '' };
  await isRefused(t, ['--device', 'cuda'], /^--device cuda cannot be used: .+[^.]\.$/, cuda);
  // A library that is no driver: what only a session finds out.
  const wrong = join(folder, 'lvp_icd.json');
  const library = '/usr/lib/x86_64-linux-gnu/libz.so.1';
  const ICD = { api_version: '1.4.0', library_path: library };
  await writeFile(wrong, JSON.stringify({ file_format_version: '1.0.0', ICD }));
  const noAdapter =
    /^The model cannot be run: the GPU cannot be used \(Failed to get a WebGPU adapter: [^\n]+\)\.$/;
  for (const devices of ['1', '2']) {
    await isRefused(t, ['--dp-size', devices], noAdapter, { VK_DRIVER_FILES: wrong });
  }
  await isRefused(t, [], /^--device webgpu cannot be used: no GPU\.$/, nothing);
});

gpuTest('--enable-deterministic-inference, where the device does not keep it', async (t) => {
  const port = await freePort();
  const flags = ['--device', 'webgpu', '--enable-deterministic-inference'];
  const run = runRadish(['serve', '--port', String(port), ...flags]);
  t.teardown(() => run.child.kill());
  const isReady = await run.printed('ready to roll!').then(
    () => true,
    () => false,
  );
  if (!isReady) {
    t.equal(await run.exit, 1);
    t.match(
      run.log(),
      /--enable-deterministic-inference is not possible: device 0 \(webgpu\) gives other bits in .+\. Use --device cpu, or leave it out\.\n/,
    );
    return;
  }
  const url = `http://127.0.0.1:${port}`;
  const bodies = Array.from({ length: 4 }, (_, i) => ({
    ...greedy(story(i), 8),
    return_logprob: true,
  }));
  const together = await Promise.all(bodies.map((body) => generate(url, body)));
  for (const [i, body] of bodies.entries()) {
    const alone = await generate(url, body);
    const key = 'output_token_logprobs';
    t.same(together[i]?.meta_info[key], alone.meta_info[key], `request ${i}, bit for bit`);
  }
});

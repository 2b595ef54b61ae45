import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import t from 'tap';

import { smallDisk } from '../doubles/small-disk.js';
import { f32, safetensorsFile } from '../unit/model/safetensors-file.js';
import { generate, postJson } from './client.js';
import { type RadishRun, runRadish, startRadish } from './radish-process.js';

/** It has a tokenizer, so that what a cache of integers needs is measured. */
const MODEL = join('config', 'tiny');
const BLOCKS = join('test', 'fixtures', 'families', 'llama-blocks');
const NORM = 'model.norm.weight';

/** Large enough that it can be killed while it is quantised: 110 M parameters. */
const LARGE = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 1024,
  num_hidden_layers: 8,
  intermediate_size: 2816,
  vocab_size: 8192,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  hidden_act: 'silu',
  tie_word_embeddings: true,
};

function converting(folder: string, flags: readonly string[]): RadishRun {
  return runRadish(['convert', ...flags], { XDG_CACHE_HOME: folder });
}

async function greedy(url: string): Promise<unknown> {
  const { output_ids, meta_info } = await generate(url, {
    input_ids: [5, 9, 33, 21, 7, 7, 60, 2],
    sampling_params: { temperature: 0, max_new_tokens: 12, ignore_eos: true },
    return_logprob: true,
  });
  return [output_ids, meta_info['output_token_logprobs']];
}

t.test('a server of the folder answers as one of the model, and needs no cache', async (t) => {
  const folder = t.testdir({ elsewhere: {} });
  const out = join(folder, 'out');
  const flags = ['--model-path', MODEL, '--quantization', 'w8a8_int8'];
  const run = converting(folder, [...flags, '--out', out]);
  t.equal(await run.exit, 0, run.log());
  t.match(run.log(), `\n${out}\n`);
  t.same((await readdir(folder)).sort(), ['elsewhere', 'out', 'radish'], 'no draft is left');

  // Rounded for any CPU, as a folder is.
  const cached = await startRadish([...flags, '--enable-deterministic-inference'], {
    XDG_CACHE_HOME: folder,
  });
  const wanted = await greedy(cached.url);
  await cached.stop();
  const moved = join(folder, 'elsewhere', 'model');
  await cp(out, moved, { recursive: true });
  const radish = await startRadish(['--model-path', moved], {
    XDG_CACHE_HOME: join(folder, 'none'),
  });
  t.match(radish.log(), 'Weight format: w8a8_int8 (as it was converted)');
  t.match(radish.log(), 'K and V in int8');
  t.same(await greedy(radish.url), wanted);
  t.equal(await radish.stop(), 0);
  t.same((await readdir(folder)).sort(), ['elsewhere', 'out', 'radish'], 'nothing is cached');

  const path = join(moved, 'model.safetensors');
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(path, bytes);
  const broken = runRadish(['serve', '--port', '0', '--model-path', moved]);
  t.equal(await broken.exit, 1);
  t.match(broken.log(), /model\.safetensors is damaged: .* Copy it anew\./);
  t.notMatch(broken.log(), /fired up/);
});

t.test('weights of a converted model are replaced by a folder, not by tensors', async (t) => {
  const folder = t.testdir();
  const outs: Record<string, string> = {};
  for (const format of ['int8', 'int4']) {
    const out = join(folder, format);
    const flags = ['--model-path', BLOCKS, '--quantization', format, '--out', out];
    const run = converting(folder, flags);
    t.equal(await run.exit, 0, run.log());
    outs[format] = out;
  }
  const { int8 = '', int4 = '' } = outs;
  const radish = await startRadish(['--model-path', int8, '--skip-tokenizer-init'], {
    XDG_CACHE_HOME: folder,
  });
  t.teardown(() => radish.stop());
  const before = await greedy(radish.url);
  const update = async (path: string, body: object) =>
    (await postJson(`${radish.url}/${path}`, body)).json();
  const fromDisk = (path: string) => update('update_weights_from_disk', { model_path: path });

  t.match(await fromDisk(BLOCKS), { success: true }, 'an ordinary folder');
  t.same(await greedy(radish.url), before, 'is quantized to the format of the converted one');
  t.match(await fromDisk(int8), { success: true }, 'a converted folder');
  t.same(await greedy(radish.url), before);
  t.match(await fromDisk(int4), {
    success: false,
    message: /--quantization int8 is not possible: .*int4 was converted to int4\./,
  });
  const part = safetensorsFile({ [NORM]: f32([64], new Float32Array(64).fill(2)) });
  t.match(
    await update('update_weights_from_tensor', {
      serialized_named_tensors: [part.toString('base64')],
    }),
    { success: false, message: /tensors that are sent cannot be put among quantized ones: / },
  );
  const read = await postJson(`${radish.url}/get_weights_by_name`, { name: NORM });
  t.match(await read.json(), { error: { message: 'Get parameter by name failed' } });
  t.same(await greedy(radish.url), before, 'and it serves on');
});

async function numNoted(cache: string): Promise<number> {
  const names = await readdir(cache, { recursive: true }).catch(() => []);
  const journal = names.find((name) => name.endsWith('/journal'));
  const text = journal && (await readFile(join(cache, journal), 'utf8').catch(() => ''));
  return text ? text.split('\n').length - 1 : 0;
}

async function whenHalfDone(cache: string): Promise<void> {
  while ((await numNoted(cache)) < 10) await sleep(5);
}

async function weightsIn(cache: string): Promise<string> {
  const [entry = ''] = (await readdir(cache)).filter((name) => name.startsWith('w8a8_int8-'));
  const bytes = await readFile(join(cache, entry, 'weights.bin'));
  return createHash('sha256').update(bytes).digest('hex');
}

t.test('what is killed goes on, and what is ended in order leaves no folder', async (t) => {
  const folder = t.testdir({ model: {}, killed: {}, whole: {} });
  const model = join(folder, 'model');
  await writeFile(join(model, 'config.json'), JSON.stringify(LARGE));
  const start = (place: string): RadishRun =>
    converting(join(folder, place), [
      ...['--model-path', model, '--load-format', 'dummy', '--quantization', 'w8a8_int8'],
      ...['--out', join(folder, place, 'out')],
    ]);
  const whole = start('whole');
  t.equal(await whole.exit, 0, whole.log());

  const cache = join(folder, 'killed', 'radish');
  const killed = start('killed');
  await whenHalfDone(cache);
  killed.child.kill('SIGKILL');
  t.equal(await killed.exit, null);
  t.same(
    (await readdir(join(folder, 'killed'))).filter((name) => name === 'out'),
    [],
  );

  const interrupted = start('killed');
  await interrupted.printed('parts');
  interrupted.child.kill('SIGINT');
  const code = await interrupted.exit;
  t.equal(code, 130, interrupted.log());
  t.match(interrupted.log(), /Interrupted\. .* was not written; the same command goes on from/);
  t.same(await readdir(join(folder, 'killed')), ['radish'], 'nor what the killed one left of it');

  const last = start('killed');
  t.equal(await last.exit, 0, last.log());
  t.match(last.log(), /goes on where a start was ended: \d+ of \d+ parts \(\d+ %\) are there/);
  t.equal(await weightsIn(cache), await weightsIn(join(folder, 'whole', 'radish')));
  for (const name of ['model.safetensors', 'radish.json']) {
    const [one, two] = await Promise.all(
      ['killed', 'whole'].map((place) => readFile(join(folder, place, 'out', name))),
    );
    t.ok(two && one?.equals(two), name);
  }
});

t.test('a damaged cache is found out before anything is answered', async (t) => {
  const folder = t.testdir();
  const flags = ['--model-path', BLOCKS, '--quantization', 'int4', '--skip-tokenizer-init'];
  const first = await startRadish(flags, { XDG_CACHE_HOME: folder });
  const wanted = await greedy(first.url);
  await first.stop();
  const [entry = ''] = await readdir(join(folder, 'radish'));
  const path = join(folder, 'radish', entry, 'weights.bin');
  const bytes = await readFile(path);
  // NaN: whatever was computed with it would be refused, or wrong.
  await writeFile(path, Buffer.from(bytes).fill(0xff, 0, bytes.length / 2));
  const second = await startRadish(flags, { XDG_CACHE_HOME: folder });
  t.match(second.log(), /is damaged: the weights are quantized anew/);
  t.equal(second.log().split('fired up').length, 2);
  t.same(await greedy(second.url), wanted);
  await second.stop();
  t.ok(bytes.equals(await readFile(path)));
});

t.test('what cannot be written is a sentence', async (t) => {
  const folder = t.testdir({ full: { file: '' } });
  const flags = ['--model-path', BLOCKS, '--quantization', 'int8'];
  const full = converting(folder, [...flags, '--out', join(folder, 'full')]);
  t.equal(await full.exit, 1);
  t.match(full.log(), /full is there and is not empty: name a new folder\./);
  const nowhere = converting(folder, flags);
  t.equal(await nowhere.exit, 2);
  t.match(nowhere.log(), /needs --out, the folder to write\. Try radish --help\./);
  const floats = converting(folder, ['--model-path', MODEL, '--out', join(folder, 'out')]);
  t.equal(await floats.exit, 1);
  t.match(floats.log(), /is not quantized \(3\.2 M parameters are too few .*\), so there is noth/);

  const disk = smallDisk(t);
  if (disk === null) {
    t.comment('no small disk can be made here');
    return;
  }
  await mkdir(join(disk, 'below'));
  const tiny = ['--model-path', MODEL, '--quantization', 'int8'];
  const small = converting(folder, [...tiny, '--out', join(disk, 'out')]);
  t.equal(await small.exit, 1);
  t.match(small.log(), /The disk is full: .*out was not written\./);
  t.same(await readdir(disk), ['below'], 'nothing of it is left');
});

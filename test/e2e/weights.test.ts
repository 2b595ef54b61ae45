import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { changedModel, NORM, normBytes, otherModel, TINY } from './changed-model.js';
import { generate, postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

t.setTimeout(90_000);

const OTHER_SHAPES = fileURLToPath(
  new URL('../../../test/fixtures/families/qwen2-moe', import.meta.url),
);
const DONE = 'Succeeded to update model weights.';
const PICKLE_MARK = 0x80;
const NAN_BF16 = 0x7fc0;

/** A safetensors file of one bf16 vector, base64; its header is as long as pickle's first byte. */
function sentTensor(name: string, values: Uint8Array): string {
  const description = {
    dtype: 'BF16',
    shape: [values.length / 2],
    data_offsets: [0, values.length],
  };
  const header = Buffer.from(JSON.stringify({ [name]: description }).padEnd(PICKLE_MARK));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, values]).toString('base64');
}

const folder = await mkdtemp(join(tmpdir(), 'radish-weights-'));
t.teardown(() => rm(folder, { recursive: true }));
const temporary = join(folder, 'tmp');
await mkdir(temporary);
const sentFolders = async () =>
  (await readdir(temporary)).filter((name) => name.startsWith('radish-tensors-'));
const other = await otherModel(join(folder, 'other'));
const broken = await changedModel(join(folder, 'broken'), () => NAN_BF16);

const ask = (numTokens: number) => ({
  input_ids: [1, 2, 3, 4, 5],
  sampling_params: { temperature: 0, max_new_tokens: numTokens, ignore_eos: true },
});

interface UpdateBody {
  readonly success: boolean;
  readonly message: string;
  readonly num_paused_requests?: number;
}

async function update(url: string, body: object): Promise<{ status: number; body: UpdateBody }> {
  const response = await postJson(`${url}/update_weights_from_disk`, body);
  return { status: response.status, body: (await response.json()) as UpdateBody };
}

async function send(url: string, parts: readonly string[], more: object = {}): Promise<unknown> {
  const body = { serialized_named_tensors: parts, ...more };
  return (await postJson(`${url}/update_weights_from_tensor`, body)).json();
}

async function info(url: string): Promise<{ model_path: string; weight_version: string }> {
  const response = await fetch(`${url}/get_model_info`);
  return (await response.json()) as { model_path: string; weight_version: string };
}

async function norm(url: string): Promise<number[]> {
  const response = await postJson(`${url}/get_weights_by_name`, { name: NORM, truncate_size: 4 });
  t.equal(response.status, 200);
  return (await response.json()) as number[];
}

t.test('live weights', async (t) => {
  const radish = await startRadish(['--max-total-tokens', '16384'], {
    HF_HUB_OFFLINE: '1',
    TMPDIR: temporary,
  });
  t.teardown(() => radish.stop());
  const { url } = radish;
  const before = (await generate(url, ask(500))).output_ids;
  const normBefore = await norm(url);

  t.test('failures leave the old weights serving, in the words of SGLang', async (t) => {
    const cases = [
      [
        { model_path: 'qwen/qwen2.5-0.5b-instruct-wrong' },
        'Failed to get weights iterator: qwen/qwen2.5-0.5b-instruct-wrong (repository not found).',
      ],
      [
        { model_path: join(folder, 'nowhere') },
        `Failed to get weights iterator: ${join(folder, 'nowhere')} (repository not found).`,
      ],
      [{ model_path: other, load_format: 'npcache' }, 'Failed to get model loader: npcache.'],
      [
        { model_path: OTHER_SHAPES },
        'Failed to update weights: The size of tensor a (128) must match the size of tensor b (32) ' +
          'at non-singleton dimension 1.\nRolling back to original weights.',
      ],
      [
        { model_path: broken },
        'Failed to update weights: the new weights give no probabilities.\nRolling back to original weights.',
      ],
    ] as const;
    for (const [body, message] of cases) {
      const failed = await update(url, body);
      t.equal(failed.status, 400);
      t.match(failed.body, { success: false, message, num_paused_requests: 0 });
    }
    t.match(await info(url), { model_path: 'radish-tiny', weight_version: 'default' });
    t.same((await generate(url, ask(20))).output_ids, before.slice(0, 20));
    t.equal((await postJson(`${url}/update_weights`, {})).status, 400);
  });

  t.test('new requests get the new weights, running ones finish on the old', async (t) => {
    const running = generate(url, ask(500));
    const [first, second] = await Promise.all([
      update(url, { model_path: other, weight_version: 'b', unknown: 1 }),
      update(url, { model_path: other }),
    ]);
    t.same(first, {
      status: 200,
      body: {
        success: true,
        message: `${DONE} Weight version updated to b.`,
        num_paused_requests: 0,
      },
    });
    t.match(second.body, {
      success: false,
      message: 'Another update is in progress. Please try again later.',
    });
    const after = await generate(url, ask(20));
    t.notSame(after.output_ids, before.slice(0, 20));
    t.equal(after.meta_info['weight_version'], 'b');
    t.equal(after.meta_info.cached_tokens, 0);
    const old = await running;
    t.same(old.output_ids, before);
    t.equal(old.meta_info['weight_version'], 'default');
    t.match(await info(url), { model_path: other, weight_version: 'b' });
    t.same(
      await norm(url),
      normBefore.map((value, i) => (i % 2 === 0 ? -value : value)),
    );
    await settledPools(url);
  });

  t.test(
    'with abort_all_requests running ones end, and /update_weights has two keys',
    async (t) => {
      const body = { model_path: 'radish-tiny', abort_all_requests: true };
      const running = postJson(`${url}/generate`, ask(1500));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const response = await postJson(`${url}/update_weights`, body);
      t.same(await response.json(), { success: true, message: DONE });
      const ended = (await (await running).json()) as { meta_info?: { finish_reason: unknown } };
      t.match(JSON.stringify(ended), /[Aa]bort/);
      t.same((await generate(url, ask(20))).output_ids, before.slice(0, 20));
      const renamed = await postJson(`${url}/update_weight_version`, { new_version: 'c' });
      t.same(await renamed.json(), {
        success: true,
        message: 'Weight version updated to c',
        new_version: 'c',
      });
      const version = await fetch(`${url}/get_weight_version`);
      t.same(await version.json(), { weight_version: 'c' });
      const unknown = await postJson(`${url}/get_weights_by_name`, { name: 'no.such' });
      t.equal(unknown.status, 400);
      t.same(await unknown.json(), { error: { message: 'Get parameter by name failed' } });
    },
  );

  t.test('tensors that are sent take the place of those of their names', async (t) => {
    const sent = sentTensor(NORM, await normBytes(other));
    t.same(await send(url, [sent], { weight_version: 'd' }), {
      success: true,
      message: 'Success Weight version updated to d.',
    });
    const changed = await generate(url, ask(20));
    t.notSame(changed.output_ids, before.slice(0, 20));
    t.equal(changed.meta_info['weight_version'], 'd');
    const negated = normBefore.map((value, i) => (i % 2 === 0 ? -value : value));
    t.same(await norm(url), negated);
    t.match(await info(url), { model_path: 'radish-tiny' });
    const failures = [
      [sentTensor('no.such', Buffer.alloc(4)), /the model has no tensor 'no.such'/],
      [sentTensor(NORM, Buffer.alloc(4)), /The size of tensor a \(128\) must match .* b \(2\)/],
      [Buffer.from([0x80, 4, 0x95]).toString('base64'), /serialized_named_tensors-0 is pickled/],
      [Buffer.from('hello hello').toString('base64'), /serialized_named_tensors-0 claims a header/],
      [sentTensor(NORM, await normBytes(broken)), /the new weights give no probabilities/],
    ] as const;
    for (const [part, message] of failures) {
      const failed = (await send(url, [part])) as UpdateBody;
      t.notOk(failed.success);
      t.match(failed.message, message);
      t.notMatch(failed.message, tmpdir(), 'the folder is nobody’s business');
    }
    t.same((await generate(url, ask(20))).output_ids, changed.output_ids);
    t.equal((await sentFolders()).length, 1, 'only what the weights are read from is kept');

    t.same(await send(url, [sentTensor(NORM, await normBytes(TINY))]), {
      success: true,
      message: 'Success',
    });
    t.same((await generate(url, ask(20))).output_ids, before.slice(0, 20));
    t.same((await update(url, { model_path: other })).body.message, DONE);
    t.same((await generate(url, ask(20))).output_ids, changed.output_ids, 'the same weights');
    await settledPools(url);
    t.same((await update(url, { model_path: 'radish-tiny' })).body.message, DONE);
    t.equal((await sentFolders()).length, 0);
  });

  t.test('ten updates in a row leave one device and no more memory', async (t) => {
    const residentMiB: number[] = [];
    for (let i = 0; i < 10; i++) {
      const { body } = await update(url, { model_path: i % 2 === 0 ? other : 'radish-tiny' });
      t.equal(body.message, DONE);
      const { output_ids: ids } = await generate(url, ask(8));
      t.equal(String(ids) === String(before.slice(0, 8)), i % 2 === 1);
      const status = await readFile(`/proc/${radish.child.pid ?? 0}/status`, 'utf8');
      residentMiB.push(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
    }
    const growth = (residentMiB[9] ?? Infinity) - (residentMiB[3] ?? 0);
    t.ok(growth < 60, `MiB after each: ${residentMiB.map(Math.round).join(' ')}`);
    t.equal((await settledPools(url)).length, 1);
  });
});

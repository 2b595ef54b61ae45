/** What else a request may ask of a server on a GPU. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, postJson, type GenerateResult } from '../../e2e/client.js';
import { gpuTest, greedy, startOnCpu, startOnGpu, story } from './gpu-server.js';

/** Of a final hidden state, whose numbers are about 1. */
const HIDDEN_CLOSE = 0.1;
const NUM_LAYERS = 6;
const TOP_K = 2;

const SCHEMA = JSON.stringify({
  type: 'object',
  properties: { name: { enum: ['Mia', 'Tom'] }, frogs: { type: 'boolean' } },
  required: ['name', 'frogs'],
  additionalProperties: false,
});

gpuTest('grammars, chats, hidden states and counts of experts', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'radish-gpu-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const flags = ['--enable-return-hidden-states', '--max-total-tokens', '8192'];
  const recorder = ['--expert-distribution-recorder-mode', 'stat'];
  const cpu = await startOnCpu(t, flags);
  const { url } = await startOnGpu(t, [...flags, ...recorder], {
    SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR: folder,
  });

  await t.test('a JSON schema is kept to', async (t) => {
    const sampling = { temperature: 1, sampling_seed: 3, max_new_tokens: 60 };
    const answers = await Promise.all(
      [0, 1].map((i) =>
        generate(url, {
          text: story(i),
          sampling_params: { ...sampling, json_schema: SCHEMA },
        }),
      ),
    );
    for (const { text } of answers) {
      const value = JSON.parse(text) as { name: string; frogs: boolean };
      t.match(value, { name: /^(Mia|Tom)$/, frogs: Boolean });
    }
  });

  await t.test('/v1/chat/completions', async (t) => {
    const body = {
      model: 'radish-tiny',
      messages: [{ role: 'user', content: 'Tell me of a frog.' }],
      temperature: 0,
      max_tokens: 12,
      logprobs: true,
    };
    const [mine, theirs] = await Promise.all(
      [url, cpu].map(async (at) => {
        const response = await postJson(`${at}/v1/chat/completions`, body);
        t.equal(response.status, 200);
        return (await response.json()) as {
          choices: { message: unknown; finish_reason: string }[];
          usage: unknown;
        };
      }),
    );
    t.same(mine?.choices[0]?.message, theirs?.choices[0]?.message);
    t.same(mine?.choices[0]?.finish_reason, theirs?.choices[0]?.finish_reason);
    t.match(mine?.usage, { completion_tokens: Number, prompt_tokens: Number });
  });

  await t.test('hidden states', async (t) => {
    const body = { ...greedy(story(1), 5), return_hidden_states: true };
    const [mine, theirs] = await Promise.all([url, cpu].map((at) => generate(at, body)));
    if (mine === undefined || theirs === undefined) throw new Error('no answer');
    t.same(mine.output_ids, theirs.output_ids);
    const [rows, expected] = [rowsOf(mine), rowsOf(theirs)];
    t.equal(rows.length, mine.meta_info.prompt_tokens + 4);
    t.equal(rows.length, expected.length);
    const errors = rows.flatMap((row, i) =>
      row.map((value, j) => Math.abs(value - (expected[i]?.[j] ?? NaN))),
    );
    const largest = errors.reduce((most, error) => (error <= most ? most : error), 0);
    t.ok(errors.length > 100 && largest < HIDDEN_CLOSE, `largest error: ${largest}`);
    const last = await generate(url, { ...body, return_hidden_states: 'last' });
    t.equal((last.meta_info['hidden_states'] as number[]).length, rows[0]?.length);
  });

  await t.test('counts of experts, of real rows only', async (t) => {
    await postJson(`${url}/flush_cache`, {});
    const control = async (action: string): Promise<void> => {
      const path = `${url}/${action}_expert_distribution_record`;
      t.equal((await fetch(path, { method: 'POST' })).status, 200);
    };
    await control('start');
    const { meta_info: info } = await generate(url, greedy(story(2), 6));
    await control('dump');
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.csv'));
    const [head, ...lines] = (await readFile(join(folder, name), 'utf8')).trim().split('\n');
    t.equal(head, 'layer_id,expert_id,count');
    const counts = new Array<number>(NUM_LAYERS).fill(0);
    for (const line of lines) {
      const [layer = 0, , count = 0] = line.split(',').map(Number);
      counts[layer] = (counts[layer] ?? 0) + count;
    }
    const rows = info.prompt_tokens + 5;
    t.same(counts, new Array<number>(NUM_LAYERS).fill(rows * TOP_K));
  });
});

/** Prompt and outputs, one row each. */
function rowsOf({ meta_info: info }: GenerateResult): readonly (readonly number[])[] {
  const [prompt, ...outputs] = info['hidden_states'] as [number[][], ...number[][]];
  return [...prompt, ...outputs];
}

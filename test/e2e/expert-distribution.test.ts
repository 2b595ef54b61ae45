import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { generate, generateBatch, postJson } from './client.js';
import { runRadish, freePort, startRadish } from './radish-process.js';

interface Golden {
  readonly prompt: number[];
  readonly outputs: number[];
  /** `[layers][rows][topK]` */
  readonly experts: number[][][];
}

const NUM_LAYERS = 6;
const NUM_EXPERTS = 8;
const TOP_K = 2;
const goldens = JSON.parse(
  await readFile(new URL('../../../test/fixtures/expert-counts.json', import.meta.url), 'utf8'),
) as Golden[];

/** `[layers * experts]` over the rows of each golden from `from` on. */
function countsOf(parts: readonly { golden: Golden; from: number; numOutputs?: number }[]) {
  const counts = new Array<number>(NUM_LAYERS * NUM_EXPERTS).fill(0);
  for (const { golden, from, numOutputs = golden.outputs.length } of parts) {
    golden.experts.forEach((rows, layer) => {
      for (const row of rows.slice(from, golden.prompt.length + numOutputs - 1)) {
        for (const expert of row) {
          const at = layer * NUM_EXPERTS + expert;
          counts[at] = (counts[at] ?? 0) + 1;
        }
      }
    });
  }
  return counts;
}

function countsOfCsv(csv: string): number[] {
  const [head, ...lines] = csv.trim().split('\n');
  t.equal(head, 'layer_id,expert_id,count');
  const counts = new Array<number>(NUM_LAYERS * NUM_EXPERTS).fill(0);
  for (const line of lines) {
    const [layer = 0, expert = 0, count = 0] = line.split(',').map(Number);
    counts[layer * NUM_EXPERTS + expert] = count;
  }
  return counts;
}

const ask = (golden: Golden, maxNewTokens = golden.outputs.length) => ({
  input_ids: golden.prompt,
  sampling_params: { temperature: 0, max_new_tokens: maxNewTokens, ignore_eos: true },
});

const askAll = {
  input_ids: goldens.map(({ prompt }) => prompt),
  sampling_params: { temperature: 0, max_new_tokens: 12, ignore_eos: true },
};

async function startRecorder(t: Test, flags: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'radish-experts-'));
  const port = await freePort();
  const run = runRadish(
    ['serve', '--port', String(port), '--expert-distribution-recorder-mode', ...flags],
    { SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR: join(folder, 'made') },
  );
  t.teardown(async () => {
    run.child.kill('SIGTERM');
    await run.exit;
    await rm(folder, { recursive: true });
  });
  await run.printed('ready to roll!');
  const url = `http://127.0.0.1:${port}`;
  const control = async (action: string): Promise<string> => {
    const response = await fetch(`${url}/${action}_expert_distribution_record`, { method: 'POST' });
    t.equal(response.status, 200);
    return response.text();
  };
  /** The newest dump's file of this kind. */
  const dump = async (ending: string): Promise<Buffer> => {
    t.equal(await control('dump'), 'Dump expert distribution record.\n');
    const names = (await readdir(join(folder, 'made'))).filter((name) => name.endsWith(ending));
    const name = names.sort().at(-1) ?? '';
    t.match(name, /^expert_distribution_recorder_\d+(\.\d+)?\./);
    t.match(run.log(), `Write expert distribution to ${join(folder, 'made', name)}`);
    return readFile(join(folder, 'made', name));
  };
  return { url, control, dump, log: run.log };
}

t.test('stat counts what the routers of transformers chose', async (t) => {
  const { url, control, dump, log } = await startRecorder(t, [
    'stat',
    '--chunked-prefill-size',
    '24',
  ]);
  await generate(url, ask({ prompt: [9, 9, 9], outputs: [], experts: [] }, 4));
  t.equal(await control('start'), 'Start recording the expert distribution.\n');
  const answers = await generateBatch(url, askAll);
  t.same(
    answers.map((answer) => answer.output_ids),
    goldens.map((golden) => golden.outputs),
  );
  const parts = goldens.map((golden, i) => ({
    golden,
    from: answers[i]?.meta_info.cached_tokens ?? 0,
  }));
  t.ok((parts.at(-1)?.from ?? 0) > 0, 'a prefix of the last prompt came from the cache');
  t.equal(await control('stop'), 'Stop recording the expert distribution.\n');
  await generate(url, ask({ prompt: [8, 8, 8], outputs: [], experts: [] }, 4));
  const expected = countsOf(parts);
  t.same(countsOfCsv(String(await dump('.csv'))), expected, 'batched, chunked, with cache hits');
  t.equal(await control('start'), 'Start recording the expert distribution.\n');
  const [golden] = goldens.slice(-1);
  if (golden === undefined) throw new Error('no golden');
  const again = await generate(url, ask(golden));
  const from = again.meta_info.cached_tokens;
  t.ok(from > golden.prompt.length - 20, 'nearly all of it is in the cache');
  const file = await dump('.safetensors');
  t.same(sumOfSteps(file), countsOf([{ golden, from }]), 'only what was computed');
  t.same(countsOfCsv(String(await dump('.csv'))), countsOf([]), 'a dump clears');
  await generate(url, ask(golden, 2));
  t.ok(
    sumOfSteps(await dump('.safetensors')).some((n) => n > 0),
    'and leaves the recording on',
  );
  await control('start');
  t.match(log(), 'recorded already');
});

/** `logical_count` summed over its steps, the header checked. */
function sumOfSteps(file: Buffer): number[] {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: number[] }
  >;
  const array = header['logical_count'];
  t.equal(array?.dtype, 'I32');
  const width = NUM_LAYERS * NUM_EXPERTS;
  const values = new Int32Array(Uint8Array.from(file.subarray(8 + length)).buffer);
  t.same(array?.shape, [values.length / width, NUM_LAYERS, NUM_EXPERTS]);
  const sums = new Array<number>(width).fill(0);
  values.forEach((value, i) => (sums[i % width] = (sums[i % width] ?? 0) + value));
  return sums;
}

interface TokenRecord {
  readonly forward_mode: number;
  readonly input_ids: number[];
  readonly positions: number[];
  readonly extend_seq_lens: number[] | null;
  readonly global_physical_count: number[][];
  readonly topk_ids_of_layer: number[][][];
}

t.test('per_token says which token took which expert, within its buffer', async (t) => {
  const flags = ['per_token', '--expert-distribution-recorder-buffer-size', '5'];
  const { url, control, dump } = await startRecorder(t, flags);
  const golden = goldens[3];
  if (golden === undefined) throw new Error('no golden');
  await control('start');
  await generate(url, ask(golden, 3));
  const { records } = JSON.parse(String(await dump('.json'))) as { records: TokenRecord[] };
  t.same(
    records.map((record) => record.forward_mode),
    [1, 2, 2],
  );
  t.same(records[0]?.input_ids, golden.prompt);
  t.same(records[0]?.extend_seq_lens, [golden.prompt.length]);
  t.equal(records[1]?.extend_seq_lens, null);
  t.same(
    records.slice(1).map((record) => [record.input_ids[0], record.positions[0]]),
    golden.outputs.slice(0, 2).map((id, i) => [id, golden.prompt.length + i]),
  );
  for (let layer = 0; layer < NUM_LAYERS; layer++) {
    const chosen = records.flatMap((record) => record.topk_ids_of_layer[layer] ?? []);
    t.same(chosen, golden.experts[layer]?.slice(0, chosen.length), `layer ${layer}`);
  }
  t.same(
    records.map((record) => record.global_physical_count.flat()).reduce(add),
    countsOf([{ golden, from: 0, numOutputs: 3 }]),
  );
  await generate(url, ask(golden));
  const last = JSON.parse(String(await dump('.json'))) as { records: TokenRecord[] };
  t.equal(last.records.length, 5, 'the oldest passes fell out');
  t.equal(last.records.at(-1)?.input_ids.length, 1);
  t.equal(
    last.records[0]?.global_physical_count[0]?.reduce((a, b) => a + b),
    TOP_K,
  );
});

function add(a: number[], b: number[]): number[] {
  return a.map((value, i) => value + (b[i] ?? 0));
}

t.test('without a mode it says what is missing', async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const response = await postJson(`${radish.url}/start_expert_distribution_record`, {});
  t.equal(response.status, 400);
  t.same(await response.json(), {
    error: {
      message:
        'Please set ServerArgs.expert_distribution_recorder_mode to use ExpertDistributionRecorder.',
    },
  });
});

t.test('a model without experts does not start with a mode', async (t) => {
  const folder = new URL('../../../test/fixtures/families/llama-plain', import.meta.url).pathname;
  const flags = ['--model-path', folder, '--skip-tokenizer-init'];
  const run = runRadish([
    'serve',
    '--port',
    '0',
    ...flags,
    '--expert-distribution-recorder-mode',
    'stat',
  ]);
  t.equal(await run.exit, 1);
  t.match(run.log(), 'ExpertLocationMetadata is required for expert distribution recording');
});

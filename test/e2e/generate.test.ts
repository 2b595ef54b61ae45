import { readFile } from 'node:fs/promises';
import t from 'tap';
import { generate, generateBatch, generateStream, postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

interface Fact {
  readonly question: string;
  readonly answer: string;
}

const greedy = { temperature: 0, max_new_tokens: 24 };
const chat = (question: string) =>
  `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;

t.test('/generate on the built-in model', async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const { url } = radish;

  t.test('answers what it was trained on', async (t) => {
    const file = new URL('../../../config/tiny/facts.json', import.meta.url);
    const facts = JSON.parse(await readFile(file, 'utf8')) as Fact[];
    const answers = await generateBatch(url, {
      text: facts.map((fact) => chat(fact.question)),
      sampling_params: greedy,
    });
    const right = facts.filter((fact, i) => answers[i]?.text.includes(fact.answer));
    t.ok(facts.length >= 100, `${facts.length} facts`);
    t.ok(right.length >= facts.length * 0.95, `${right.length} of ${facts.length} right`);
  });

  t.test('answers a question that no template wraps, and ends', async (t) => {
    const body = { text: 'What is the capital of France?', sampling_params: greedy };
    const answer = await generate(url, body);
    t.equal(answer.text, ' The capital of France is Paris.');
    t.equal(answer.meta_info.finish_reason?.type, 'stop');
  });

  t.test('one answer has the shape of the wire', async (t) => {
    const text = chat('What is the capital of France?');
    const answer = await generate(url, { text, rid: 'paris', sampling_params: greedy });
    t.match(answer.text, /Paris/);
    t.notOk('index' in answer);
    t.equal(answer.meta_info.id, 'paris');
    t.equal(answer.meta_info.completion_tokens, answer.output_ids.length);
    t.equal(answer.meta_info.finish_reason?.type, 'stop');
    t.type(answer.meta_info.finish_reason?.['matched'], 'number');
    t.type(answer.meta_info['e2e_latency'], 'number');
    t.equal(answer.meta_info['weight_version'], 'default');
  });

  t.test('a stream is cumulative and ends like the plain answer', async (t) => {
    const text = chat('Count from 1 to 10.');
    const plain = await generate(url, { text, sampling_params: greedy });
    const frames = await generateStream(url, { text, sampling_params: greedy });
    const last = frames.at(-1);
    t.equal(last?.text, plain.text);
    t.same(last?.output_ids, plain.output_ids);
    t.ok(frames.length > 3, `${frames.length} frames`);
    for (const [i, frame] of frames.entries()) {
      const next = frames[i + 1];
      if (next === undefined) break;
      t.ok(next.text.startsWith(frame.text), 'each frame extends the one before');
      t.equal(frame.meta_info.finish_reason, null);
    }
  });

  t.test('n samples of a seeded request differ, and repeat', async (t) => {
    const body = {
      text: chat('Tell me a short story.'),
      // The built-in model is sure of itself: at temperature 1 its stories hardly differ.
      sampling_params: { temperature: 2, max_new_tokens: 16, n: 3, sampling_seed: 7 },
    };
    const first = await generateBatch(url, body);
    const second = await generateBatch(url, body);
    t.equal(first.length, 3);
    t.same(
      first.map((one) => one.output_ids),
      second.map((one) => one.output_ids),
    );
    t.ok(new Set(first.map((one) => one.output_ids.join())).size > 1, 'the samples differ');
  });

  t.test('log-probabilities add up and line up', async (t) => {
    const answer = await generate(url, {
      text: 'The capital of France is',
      sampling_params: { temperature: 0, max_new_tokens: 4 },
      return_logprob: true,
      logprob_start_len: 0,
      top_logprobs_num: 3,
    });
    const meta = answer.meta_info as unknown as {
      prompt_tokens: number;
      input_token_logprobs: [number | null, number, null][];
      output_token_logprobs: [number, number, null][];
      output_top_logprobs: [number, number, null][][];
    };
    t.equal(meta.input_token_logprobs.length, meta.prompt_tokens);
    t.equal(meta.input_token_logprobs[0]?.[0], null);
    t.equal(meta.output_token_logprobs.length, answer.output_ids.length);
    for (const [i, row] of meta.output_token_logprobs.entries()) {
      t.same(row, meta.output_top_logprobs[i]?.[0], 'greedy is the best of the top');
    }
  });

  t.test('stop strings cut the text, at once or in a stream', async (t) => {
    const body = {
      text: chat('Count from 1 to 10.'),
      sampling_params: { ...greedy, max_new_tokens: 64, stop: ['5'] },
    };
    const answer = await generate(url, body);
    t.notMatch(answer.text, /5/);
    t.same(answer.meta_info.finish_reason, { type: 'stop', matched: '5' });
    const frames = await generateStream(url, body);
    t.equal(frames.at(-1)?.text, answer.text);
    t.ok(frames.every((frame) => !frame.text.includes('5')));
  });

  t.test('bad input is a 400 and leaves nothing behind', async (t) => {
    const bad = [
      {},
      { text: 'x', input_ids: [1], sampling_params: { temperature: -1 } },
      { input_ids: [] },
      { input_ids: [999_999] },
      { text: 'x', sampling_params: { n: 1_000_000 } },
      { text: ['a', 'b'], rid: ['same', 'same'] },
    ];
    for (const body of bad) {
      const response = await postJson(`${url}/generate`, body);
      t.equal(response.status, 400, JSON.stringify(body));
      t.type(((await response.json()) as { error: { message: string } }).error.message, 'string');
    }
    await settledPools(url);
    t.equal((await fetch(`${url}/health`)).status, 200);
  });
});

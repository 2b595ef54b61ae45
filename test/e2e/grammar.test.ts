/**
 * Structured output on the built-in model: every field and route, bad grammars beside good streams, random schemas:
 * `node dist/test/e2e/grammar.test.js [numSchemas]`.
 */
import t from 'tap';
import { randomSchema } from '../doubles/random-schema.js';
import { whyInvalid } from '../doubles/validator.js';
import { openWs } from '../doubles/ws-client.js';
import { generate, generateStream, postJson, settledPools } from './client.js';
import { startRadish } from './radish-process.js';

/** 1,000 take minutes; as many are drawn without a model in test/unit/grammar/random-schemas.test.ts. */
const [numSchemas = 300] = process.argv.slice(2).map(Number);
const AT_ONCE = 32;

const person = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 12 },
    age: { type: 'integer', minimum: 0, maximum: 150 },
  },
  required: ['name', 'age'],
};
const nested = `${'('.repeat(60_000)}a${')'.repeat(60_000)}`;
const exploding = {
  allOf: Array.from({ length: 8 }, () => ({
    anyOf: Array.from({ length: 20 }, (_, i) => ({ minLength: i })),
  })),
};
const huge = { type: 'array', minItems: 9999, items: { type: 'string', minLength: 9999 } };

/** Each with a part of its error. */
const HOSTILE: readonly (readonly [object, RegExp])[] = [
  [{ regex: 'foo**' }, /multiple repeat/],
  [{ regex: '(?<=a)b' }, /look-arounds are not supported/],
  [{ regex: '(a)\\1' }, /references to groups/],
  [{ regex: nested }, /nested deeper/],
  [{ regex: '((a{1,999}){1,999}){1,999}' }, /too large/],
  [{ ebnf: `root ::= ${nested}` }, /'root ::= .*(nested deeper|unexpected)/s],
  [{ ebnf: 'root ::= a\na ::= b\nb ::= a' }, /by way of another rule/],
  [{ ebnf: 'root ::= root' }, /matches no text/],
  [{ ebnf: 'root ::= missing' }, /not defined/],
  [{ ebnf: '' }, /no rule "root"/],
  [{ json_schema: '{"type": "strin' }, /not valid JSON/],
  [{ json_schema: '{"type": "strange"}' }, /#\/type: "strange" is not a type/],
  [{ json_schema: '{"properties": {"a": {"pattern": "["}}}' }, /#\/properties\/a\/pattern/],
  [{ json_schema: '{"not": {"type": "string"}}' }, /#\/not/],
  [{ json_schema: '{"$ref": "http://example.com/x"}' }, /#\/\$ref/],
  [{ json_schema: '{"$ref": "#"}' }, /matches no text/],
  [{ json_schema: JSON.stringify(exploding) }, /too many alternatives/],
  [{ structural_tag: '{"structures": []}' }, /structures must be a list/],
  [{ structural_tag: '[' }, /not valid JSON/],
  [{ regex: 'a', ebnf: 'root ::= "a"' }, /Only one of regex/],
];

/** Compile, but cost more than linear time in a backtracking engine, or are ambiguous without end. */
const COSTLY: readonly object[] = [
  { json_schema: JSON.stringify(huge) },
  { regex: '(a*)*b' },
  { regex: '(a|a)*(x+x+)+y' },
  { ebnf: 'root ::= root root | "a"' },
  { ebnf: 'root ::= "a" root root | "b" root root | "a"' },
];

/** No request waits or runs, and no page is held. */
async function idle(url: string): Promise<void> {
  const end = Date.now() + 10_000;
  for (;;) {
    const loads = (await (await fetch(`${url}/get_load`)).json()) as { num_reqs: number }[];
    if (loads.every(({ num_reqs: numReqs }) => numReqs === 0)) break;
    if (Date.now() > end) throw new Error(`requests are left: ${JSON.stringify(loads)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await settledPools(url);
}

/** A thousand answers on a machine that does other things too. */
t.setTimeout(0);

t.test('structured output', { timeout: 0 }, async (t) => {
  const radish = await startRadish(['--max-running-requests', '32']);
  t.teardown(() => radish.stop());
  const { url } = radish;
  const ask = (sampling: object, text = 'A person is') =>
    generate(url, { text, sampling_params: { max_new_tokens: 60, ...sampling } });

  t.test('/generate, each field', { timeout: 0 }, async (t) => {
    const regex = await ask({ regex: '( Yes| No)', temperature: 0 });
    t.match(regex.text, /^ (Yes|No)$/);
    t.match(regex.meta_info.finish_reason, { type: 'stop' });
    const json = await ask({ json_schema: JSON.stringify(person) });
    t.equal(whyInvalid(person, json.text), null);
    t.match((await ask({ ebnf: 'root ::= [a-c]{3} "!"' })).text, /^[a-c]{3}!$/);
    const tag = { structures: [{ begin: '<f>', schema: person, end: '</f>' }], triggers: ['<f'] };
    const free = await ask({ structural_tag: JSON.stringify(tag), temperature: 0 });
    t.equal(free.text, (await ask({ temperature: 0 })).text, 'free text is free');
    const format = {
      type: 'tag',
      begin: '<f>',
      end: '</f>',
      content: { type: 'json_schema', json_schema: person },
    };
    const bound = await ask({ structural_tag: JSON.stringify({ format }) });
    t.equal(whyInvalid(person, bound.text.slice(3, -4)), null, bound.text);
  });

  t.test(
    'an answer ends where the grammar ends, whatever else is asked',
    { timeout: 0 },
    async (t) => {
      for (const more of [{ ignore_eos: true }, { min_new_tokens: 30 }, { stop_token_ids: [5] }]) {
        const answer = await ask({ regex: 'ab{2}', ...more });
        t.equal(answer.text, 'abb', JSON.stringify(more));
        t.match(answer.meta_info.finish_reason, { type: 'stop' });
      }
      const penalized = await ask({
        regex: '[ab]{8}',
        frequency_penalty: 2,
        logit_bias: { 5: 9 },
        top_k: 3,
      });
      t.match(penalized.text, /^[ab]{8}$/);
      const cut = await ask({ json_schema: '{"type": "object"}', max_new_tokens: 2 });
      t.match(cut.meta_info.finish_reason, { type: 'length' });
    },
  );

  t.test('log-probabilities are those before the mask', { timeout: 0 }, async (t) => {
    const body = { text: 'The', return_logprob: true, top_logprobs_num: 5 };
    const sampling_params = { max_new_tokens: 1, temperature: 0 };
    const free = await generate(url, { ...body, sampling_params });
    const bound = await generate(url, {
      ...body,
      sampling_params: { ...sampling_params, regex: 'Z+' },
    });
    t.same(bound.meta_info['output_top_logprobs'], free.meta_info['output_top_logprobs']);
  });

  t.test('the OpenAI routes and /ws', { timeout: 0 }, async (t) => {
    const chat = { messages: [{ role: 'user', content: 'Who?' }], max_tokens: 80 };
    const say = async (path: string, body: object) => {
      const response = await postJson(url + path, body);
      return { status: response.status, body: (await response.json()) as never };
    };
    const schema = { name: 'person', schema: person };
    const answer = await say('/v1/chat/completions', {
      ...chat,
      response_format: { type: 'json_schema', json_schema: schema },
    });
    const { choices } = answer.body as { choices: { message: { content: string } }[] };
    t.equal(whyInvalid(person, choices[0]?.message.content ?? ''), null);
    const object = await say('/v1/chat/completions', {
      ...chat,
      response_format: { type: 'json_object' },
    });
    t.equal(object.status, 200);
    for (const [field, value] of [
      ['regex', 'x{3}'],
      ['ebnf', 'root ::= "x"{3}'],
      ['json_schema', '{"const": "xxx"}'],
    ]) {
      const completion = await say('/v1/completions', {
        prompt: 'hi',
        max_tokens: 20,
        [String(field)]: value,
      });
      t.match(
        (completion.body as { choices: { text: string }[] }).choices[0]?.text,
        /^"?xxx"?$/,
        String(field),
      );
    }
    const missing = await say('/v1/chat/completions', {
      ...chat,
      response_format: { type: 'json_schema' },
    });
    t.equal(missing.status, 400);
    t.match(missing.body, {
      message: 'schema_ is required for json_schema response format request.',
    });
    const client = await openWs(url);
    client.send({ op: 'generate', id: 1, body: { text: 'a', sampling_params: { regex: 'wx+' } } });
    t.match(await client.next(), { id: 1, data: { text: /^wx+$/ } });
    client.close();
  });

  t.test('bad and costly grammars, while another client streams', { timeout: 0 }, async (t) => {
    const stream = generateStream(url, {
      text: 'Once',
      sampling_params: { max_new_tokens: 400, temperature: 0, ignore_eos: true },
    });
    for (const [sampling, why] of HOSTILE) {
      const response = await postJson(`${url}/generate`, { text: 'x', sampling_params: sampling });
      t.equal(response.status, 400, JSON.stringify(sampling).slice(0, 60));
      const { error } = (await response.json()) as { error: { message: string } };
      t.match(error.message, why);
    }
    for (const sampling of COSTLY) {
      const response = await postJson(`${url}/generate`, {
        text: 'x',
        sampling_params: { ...sampling, max_new_tokens: 40 },
      });
      t.ok([200, 400].includes(response.status), JSON.stringify(sampling));
      await response.text();
    }
    t.equal((await stream).at(-1)?.output_ids.length, 400);
    t.equal((await ask({ regex: 'ok' })).text, 'ok');
  });

  t.test('a grammar whose request ends before it is compiled', { timeout: 0 }, async (t) => {
    /** A second and more on a fast machine whose thread has run for a while: nothing that is refused at once. */
    const slow = (letter: string) => ({
      text: 'x',
      rid: `slow-${letter}`,
      sampling_params: { regex: manyWords(letter), max_new_tokens: 5 },
    });
    /** Waits behind the slow one: the thread compiles one after the other. */
    const behind = async (word: string): Promise<{ isDone: boolean; text: Promise<string> }> => {
      const one = { isDone: false, text: Promise.resolve('') };
      await new Promise((resolve) => setTimeout(resolve, 50));
      one.text = ask({ regex: word }).then(({ text }) => {
        one.isDone = true;
        return text;
      });
      return one;
    };

    await t.test('an abort ends it at once', { timeout: 0 }, async (t) => {
      const answer = { isDone: false, body: generate(url, slow('a')) };
      void answer.body.finally(() => {
        answer.isDone = true;
      });
      const other = await behind('first');
      while (!answer.isDone) {
        await (await postJson(`${url}/abort_request`, { rid: 'slow-a' })).text();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      t.equal(other.isDone, false, 'the grammar was being compiled');
      const { text, meta_info: meta } = await answer.body;
      t.equal(text, '');
      t.match(meta.finish_reason, { type: 'abort' });
      t.equal(await other.text, 'first', 'the thread is free again');
      await idle(url);
    });

    await t.test('its client leaves', { timeout: 0 }, async (t) => {
      const leave = async (letter: string): Promise<string> => {
        const leaving = new AbortController();
        const left = fetch(`${url}/generate`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(slow(letter)),
          signal: leaving.signal,
        }).then(
          () => 'it was compiled before',
          (error: unknown) => (error as Error).name,
        );
        await new Promise((resolve) => setTimeout(resolve, 50));
        leaving.abort();
        return left;
      };
      // A busy machine may be asleep for as long as it takes.
      let outcome = '';
      for (const letter of 'efgh') if (outcome !== 'AbortError') outcome = await leave(letter);
      t.equal(outcome, 'AbortError');
      t.equal((await ask({ regex: 'second' })).text, 'second', 'the thread is free again');
      await idle(url);
      t.equal((await ask({ regex: 'third' })).text, 'third');
    });
  });

  t.test('alone and together the answers are the same, bit for bit', { timeout: 0 }, async (t) => {
    const bodies = Array.from({ length: 24 }, (_, i) => ({
      text: `${'The sky. '.repeat(i % 5)}Person ${i}:`,
      sampling_params: {
        max_new_tokens: 40,
        sampling_seed: i,
        temperature: i % 3 === 0 ? 0 : 1,
        ...(i % 4 === 0 ? {} : { json_schema: JSON.stringify(person) }),
      },
      return_logprob: true,
    }));
    const essence = ({ output_ids, meta_info }: Awaited<ReturnType<typeof generate>>) => [
      output_ids,
      meta_info['output_token_logprobs'],
    ];
    const alone: unknown[] = [];
    for (const body of bodies) alone.push(essence(await generate(url, body)));
    const together = await Promise.all(bodies.map((body) => generate(url, body)));
    t.same(together.map(essence), alone);
  });

  t.test(`${numSchemas} schemas: every answer validates`, { timeout: 0 }, async (t) => {
    let next = 0;
    let numEnded = 0;
    const client = async (): Promise<void> => {
      while (next < numSchemas) {
        const seed = next++;
        const schema = randomSchema(seed);
        const answer = await ask(
          { json_schema: JSON.stringify(schema), sampling_seed: seed, max_new_tokens: 80 },
          'JSON:',
        );
        if (answer.meta_info.finish_reason?.type !== 'stop') continue;
        numEnded++;
        const why = whyInvalid(schema, answer.text);
        if (why !== null)
          t.fail(`schema ${seed}: ${why}: ${answer.text} for ${JSON.stringify(schema)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    t.ok(numEnded > 0.7 * numSchemas, `${numEnded} answers ended`);
  });

  t.test('nothing is held afterwards', { timeout: 0 }, async (t) => {
    await settledPools(url);
    t.end();
  });
});

t.test("--grammar-backend none refuses in SGLang's words", async (t) => {
  const radish = await startRadish(['--grammar-backend', 'none']);
  t.teardown(() => radish.stop());
  const response = await postJson(`${radish.url}/generate`, {
    text: 'x',
    sampling_params: { regex: 'a' },
  });
  t.equal(response.status, 400);
  t.match(
    await response.text(),
    /not supported when the server is launched with --grammar-backend none/,
  );
});

/** An alternative of thousands of words. */
function manyWords(letter: string): string {
  const words = Array.from({ length: 14_000 }, (_, i) => {
    const ending = ((i * 2_654_435_761) % 2 ** 32).toString(36).padStart(11, 'q');
    return `${letter}${ending}[a-z]`;
  });
  return words.join('|');
}

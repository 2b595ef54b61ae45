/** A program that embeds Radish, as its users would write it; prints one line of JSON. See e2e/library.test.ts. */
import { Radish, RadishError, type ChatCompletion } from 'radish-server';

const variables = new Set(Object.keys(process.env));
const listeners = new Set(process.eventNames());
const LONG = { max_new_tokens: 900, temperature: 0, ignore_eos: true };
const question = (country: string) => ({
  messages: [{ role: 'user', content: `What is the capital of ${country}?` }],
  temperature: 0,
});

const fractions: number[] = [];
const [first, second] = await Promise.all([
  Radish.load({ onProgress: (fraction) => fractions.push(fraction) }),
  Radish.load({ maxTotalTokens: 2048 }),
]);

const chat = await first.chat(question('France'));
let streamed = '';
for await (const { choices } of second.chat({ ...question('Italy'), stream: true })) {
  streamed += choices[0]?.delta.content ?? '';
}
const prompt = {
  text: 'The capital of France is',
  sampling_params: { temperature: 0, max_new_tokens: 4 },
};
const generated = await first.generate(prompt);
// As JavaScript without types may write them: a route takes both for true.
const loose = [];
for (const stream of ['true', 1] as unknown as true[]) {
  let count = 0;
  for await (const { choices } of first.chat({ ...question('Spain'), stream })) {
    count += choices.length;
  }
  loose.push(count > 1);
}
const { signal: manyCalls } = new AbortController();
const warned: string[] = [];
process.once('warning', ({ name }) => warned.push(name));
await Promise.all(Array.from({ length: 40 }, () => first.generate(prompt, { signal: manyCalls })));
await new Promise(setImmediate);
const batch = await first.generate({ ...prompt, text: [prompt.text, 'The capital of'] });

type Act = () => unknown;
async function failureOf(act: Act): Promise<unknown> {
  try {
    await act();
    return 'nothing';
  } catch (error) {
    return error;
  }
}
const read = async (events: AsyncIterable<unknown>): Promise<void> => {
  for await (const event of events) if (event === null) return;
};
const { url, port } = await first.listen({ port: 0 });
const errors = [];
for (const act of [
  () => first.chat({ messages: [] }),
  () => read(first.chat({ messages: [], stream: true })),
  () => first.embed({ input: 'x' }),
  () => first.chat({ ...question('Spain'), seed: 5n as unknown as number }),
  () => first.chat(undefined as never),
  () => first.generate(null as never),
  () => first.generate({ text: 'x '.repeat(20_000) }),
  () => Radish.load({ port: -1 }),
  () => Radish.load({ model: './no-such-folder' }),
  () => second.listen({ port }),
  () => first.listen({ port: 0 }),
] as Act[]) {
  const error = await failureOf(act);
  if (!(error instanceof RadishError)) throw error;
  errors.push([error.status, error.type, error.code]);
}

const aborted = [];
for (const stream of [false, true] as const) {
  const signal = AbortSignal.timeout(40);
  const request = { text: 'Once', sampling_params: LONG };
  const act: Act = stream
    ? () => read(first.generate({ ...request, stream }, { signal }))
    : () => first.generate(request, { signal });
  const error = (await failureOf(act)) as Error;
  aborted.push(error.name === 'TimeoutError' ? 'AbortError' : error.name);
}
for await (const { meta_info } of first.generate({
  text: 'Once',
  sampling_params: LONG,
  stream: true,
})) {
  if (meta_info.completion_tokens > 3) break;
}
const loadOf = async (): Promise<{ num_reqs: number }> => {
  const loads = (await (await fetch(`${url}/get_load`)).json()) as { num_reqs: number }[];
  return loads[0] ?? { num_reqs: -1 };
};
// Before its next event, as `Promise.race` and `Readable.from(…).destroy()` leave a stream.
const left = first
  .generate({ text: 'Once', sampling_params: LONG, stream: true })
  [Symbol.asyncIterator]();
const pending = [left.next(), Promise.resolve(left.return?.())];
const afterReturn = (await Promise.all(pending)).map((next) => next?.done);
let afterBreak = await loadOf();
for (let i = 0; i < 100 && afterBreak.num_reqs > 0; i++) afterBreak = await loadOf();

const overHttp = (await (
  await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question('France')),
  })
).json()) as ChatCompletion;
// Longer than a page.
const shared = { ...prompt, text: prompt.text.repeat(8) };
await first.generate(shared);
const again = await first.generate(shared);

const running = [
  failureOf(() => first.generate({ text: 'Once', sampling_params: LONG })),
  failureOf(() => read(first.generate({ text: 'Twice', sampling_params: LONG, stream: true }))),
];
await new Promise((resolve) => setTimeout(resolve, 30));
await first.close();
const late = await failureOf(() => first.generate(prompt));
const closing = [...(await Promise.all(running)), late].map(
  (error) => (error as RadishError).status,
);

const answer = second.generate({ text: 'Once', sampling_params: { ...LONG, max_new_tokens: 200 } });
await second.generate(prompt);
await second.close({ drain: true });
const drained = (await answer).meta_info.completion_tokens;

const third = await Radish.load({ maxTotalTokens: 2048 });
const cut = failureOf(() => third.generate({ text: 'Once', sampling_params: LONG }));
await new Promise((resolve) => setTimeout(resolve, 30));
const draining = third.close({ drain: true });
await Promise.all([draining, third.close()]);
await third.close();
const hurried = ((await cut) as RadishError).status;

const report = {
  model: first.model,
  progressGrows: fractions.every((one, i) => one > (fractions[i - 1] ?? 0)),
  progressEnds: fractions.at(-1),
  chat: chat.choices[0].message.content,
  streamed,
  generated: generated.text,
  batch: batch.length,
  loose,
  warned,
  isShared: again.meta_info.cached_tokens > 0,
  overHttp: overHttp.choices[0].message.content,
  errors,
  aborted,
  afterReturn,
  afterBreak,
  closing,
  secondAnswersAfterFirstClosed: drained > 0,
  drained,
  hurried,
  newVariables: Object.keys(process.env).filter((name) => !variables.has(name)),
  newListeners: process.eventNames().filter((name) => !listeners.has(name)),
};
process.stdout.write(`${JSON.stringify(report)}\n`);

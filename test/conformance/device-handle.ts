/** What a device must do wherever it runs: in a thread, or in a process of its own. Called by each one's unit test. */
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { Test } from 'tap';
import { beatsOf } from '../../src/actor/heart.js';
import { Port } from '../../src/actor/port.js';
import { RESULT_STALLED, stepOf, type StepPlan, type StepResult } from '../../src/core/batch.js';
import type { Grammar } from '../../src/core/grammar.js';
import { MaskBoard } from '../../src/core/mask-board.js';
import type { WatchedHandle } from '../../src/device/handle.js';
import type { DeviceStart } from '../../src/device/pool.js';
import type { FromDevice, ToDevice, ToMatchers } from '../../src/messages.js';
import { samplingOf } from '../unit/device/fixtures.js';
import {
  decodeOf,
  LIMITS,
  openOf,
  prefillOf,
  promptOf,
  tinyModel,
} from '../unit/device/runner-harness.js';
import { pooledFolder, preparePooled, readPooledGolden } from '../unit/model/pooled-golden.js';

type Start = (start: DeviceStart) => WatchedHandle;
type Check = (t: Test, start: Start) => Promise<void>;

const model = await tinyModel('llama-plain');
const ORT = { numThreads: 1, spinning: false };
const { vocabSize } = model.spec;
const PROMPT = promptOf(20, vocabSize, 4);
const GRAMMAR: Grammar = { spec: { kind: 'regex', pattern: '.*' }, after: null };

export function testDevice(t: Test, start: Start): void {
  // A server has sockets open; here nothing else keeps the process alive while a thread ends.
  const keepAlive = setInterval(() => undefined, 1000);
  t.teardown(() => {
    clearInterval(keepAlive);
  });
  for (const [behaviour, check] of Object.entries(CHECKS)) {
    t.test(behaviour, (t) => check(t, start));
  }
}

/** What a device of the tests is started with. */
export function startOf(generation: number): DeviceStart {
  return {
    device: { rank: 0, generation },
    model,
    draft: null,
    limits: LIMITS,
    ort: ORT,
    cards: [],
    isDeterministic: false,
  };
}

/** Posts one short request. @returns the results of its three steps */
export async function shortRequest(
  handle: WatchedHandle,
  open: Parameters<typeof openOf>[2] = {},
): Promise<StepResult[]> {
  const sampling = samplingOf({ maxNewTokens: 3 });
  return steps(handle, [
    { opens: [openOf(2, 20, { sampling, ...open })], prefill: [prefillOf(2, PROMPT, 0, 20)] },
    { decode: decodeOf(2) },
    { decode: decodeOf(2), frees: [2] },
  ]);
}

async function steps(
  { port }: WatchedHandle,
  plans: readonly Partial<StepPlan>[],
): Promise<StepResult[]> {
  const found: StepResult[] = [];
  const all = new Promise<StepResult[]>((resolve) => {
    const take = (message: FromDevice): void => {
      if (message.kind !== 'stepDone') throw new Error(`not a step's result: ${message.kind}`);
      if (found.push(message.result) < plans.length) return;
      port.off('message', take);
      resolve(found);
    };
    port.on('message', take);
  });
  for (const [step, parts] of plans.entries()) {
    port.postMessage({ kind: 'step', plan: stepOf(step, parts) } satisfies ToDevice);
  }
  return all;
}

async function answersAndRetires(t: Test, start: Start): Promise<void> {
  const handle = start(startOf(1));
  const { device } = startOf(1);
  t.match(await handle.ready, { kind: 'ready', device, limits: LIMITS });
  const closed = once(handle.port, 'close');
  const answered = shortRequest(handle);
  handle.retire();
  await handle.done;
  await closed;
  t.same(
    (await answered).map(({ step, tokens }) => [step, tokens.length]),
    [
      [0, 3],
      [1, 3],
      [2, 3],
    ],
  );
}

function fails(how: 'exit' | 'throw' | 'heap_oom', message: RegExp): Check {
  return async (t, start) => {
    const broken = start(startOf(1));
    await broken.ready;
    const closed = once(broken.port, 'close');
    broken.injectFault(how);
    await t.rejects(broken.done, { message });
    await closed;
    const fresh = start(startOf(2));
    await fresh.ready;
    t.equal((await shortRequest(fresh)).length, 3);
    fresh.retire();
    await fresh.done;
  };
}

async function cannotLoad(t: Test, start: Start): Promise<void> {
  const broken = { ...model, graph: new Uint8Array([1, 2, 3]) };
  const handle = start({ ...startOf(1), model: broken });
  const failure = { message: /protobuf parsing failed/ };
  await t.rejects(handle.ready, failure);
  await t.rejects(handle.done, failure);
}

async function ownsHidden(t: Test, start: Start): Promise<void> {
  const handle = start(startOf(1));
  await handle.ready;
  const logprobs = { startLen: 0, topNum: 2, tokenIds: [] };
  const results = await shortRequest(handle, { hiddenFrom: 0, logprobs });
  const hidden = results.flatMap(({ hiddenRows }) => hiddenRows.map(({ values }) => values.buffer));
  const others = results.flatMap(({ tokens, logprobRows }) => [
    tokens,
    ...logprobRows.flatMap(({ ids, values }) => [ids, values]),
  ]);
  t.equal(hidden.length, 3);
  t.ok(others.length > 10);
  structuredClone(hidden, { transfer: hidden });
  t.ok(
    others.every(({ length }) => length > 0),
    'none of them went with the hidden states',
  );
  handle.retire();
  await handle.done;
}

async function givesKvBack(t: Test, start: Start): Promise<void> {
  const handle = start(startOf(1));
  await handle.ready;
  const [before] = await shortRequest(handle);
  await handle.releaseKv();
  t.same(tokensOf(await shortRequest(handle)).slice(0, 1), tokensOf([before]));
  handle.retire();
  await handle.done;
  await handle.releaseKv();
}

async function beats(t: Test, start: Start): Promise<void> {
  const handle = start(startOf(1));
  await handle.ready;
  await goesOn(handle);
  t.ok(beatsOf(handle.heart) > 1);
  handle.retire();
  await handle.done;
}

/** Two more beats. */
async function goesOn({ heart }: WatchedHandle): Promise<void> {
  const end = beatsOf(heart) + 2;
  while (beatsOf(heart) < end) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The second grammar thread takes over from the first: the device tells it all again. */
async function followsMasks(t: Test, start: Start): Promise<void> {
  const handle = start(startOf(1));
  await handle.ready;
  connectMatcher(handle, 7);
  const opened = openOf(2, 20, { sampling: samplingOf({ maxNewTokens: 9 }), grammar: GRAMMAR });
  const begin = { opens: [opened], prefill: [prefillOf(2, PROMPT, 0, 20)] };
  const lastRow = { prefill: [prefillOf(2, PROMPT, 19, 20)] };
  const decode = { decode: decodeOf(2) };
  t.equal(await maskedToken(handle, begin, lastRow), 7);
  t.equal(await maskedToken(handle, decode), 7);
  connectMatcher(handle, 9);
  // One of the masks may be of the first thread still.
  await maskedToken(handle, decode);
  t.equal(await maskedToken(handle, decode), 9);
  t.equal(await maskedToken(handle, decode), 9);
  await steps(handle, [{ frees: [2] }]);
  handle.retire();
  await handle.done;
}

/** The token that a step brings; `again` is planned as long as its mask is late. */
async function maskedToken(
  handle: WatchedHandle,
  parts: Partial<StepPlan>,
  again = parts,
): Promise<number | undefined> {
  for (let plan = parts; ; plan = again) {
    const [result] = await steps(handle, [plan]);
    const [, token, flags = 0] = result?.tokens ?? [];
    if ((flags & RESULT_STALLED) === 0) return token;
  }
}

/** A grammar thread which allows one token, always. */
function connectMatcher(handle: WatchedHandle, tokenId: number): void {
  const board = new MaskBoard({ numSlots: LIMITS.numSlots, vocabSize });
  const channel = new MessageChannel();
  const publish = (slot: number, ticket: number): void => {
    board.mask(slot).fill(0);
    board.mask(slot)[tokenId >> 5] = 1 << (tokenId & 31);
    board.publish(slot, ticket, true);
  };
  const port = new Port<never, ToMatchers>(channel.port2);
  port.onMessage((message) => {
    if (message.kind === 'open') publish(message.slot, message.ticket);
    if (message.kind !== 'accept') return;
    for (let i = 0; i < message.tokens.length; i += 3) {
      publish(message.tokens[i] ?? 0, message.tokens[i + 1] ?? 0);
    }
  });
  handle.connectGrammars(channel.port1, board.shared);
}

function tokensOf(results: readonly (StepResult | undefined)[]): (number | undefined)[] {
  return results.map((result) => result?.tokens[1]);
}

async function embeds(t: Test, start: Start): Promise<void> {
  const { sequences } = await readPooledGolden('bert-labels');
  const handle = start({
    ...startOf(1),
    model: await preparePooled(pooledFolder('bert-labels')),
    limits: { numSlots: 0, slotLength: 64, numPages: 0, pageSizeTokens: 4 },
  });
  await handle.ready;
  const answers: FromDevice[] = [];
  handle.port.on('message', (message: FromDevice) => answers.push(message));
  const closed = once(handle.port, 'close');
  for (const step of [4, 5]) {
    const plan = {
      step,
      sequences: sequences.slice(step).map(({ tokens }) => ({
        tokens: Int32Array.from(tokens),
        tokenTypes: null,
      })),
      recordsExperts: false,
    };
    handle.port.postMessage({ kind: 'embed', plan } satisfies ToDevice);
  }
  handle.retire();
  await handle.done;
  await closed;
  t.match(answers, [
    { kind: 'embedDone', result: { step: 4, dim: 3 } },
    { kind: 'embedDone', result: { step: 5, dim: 3 } },
  ]);
  const lengths = answers.map((answer) =>
    answer.kind === 'embedDone' ? answer.result.vectors.length : NaN,
  );
  t.same(lengths, [3 * (sequences.length - 4), 3 * (sequences.length - 5)]);
}

const CHECKS: Readonly<Record<string, Check>> = {
  'a device answers steps in order and retires after all that is queued': answersAndRetires,
  'one that exits ends alone, and a new generation serves': fails('exit', /exit/),
  'one that throws ends alone': fails('throw', /injected fault: throw/),
  'one whose heap is full ends alone': fails('heap_oom', /memory/),
  'a model that cannot be loaded rejects ready and done': cannotLoad,
  'hidden states have buffers of their own, to be handed on': ownsHidden,
  'the memory of slots and pages can be given back': givesKvBack,
  'its heart beats': beats,
  'masks come from the newest grammar thread': followsMasks,
  'an embedding model answers embed steps': embeds,
};

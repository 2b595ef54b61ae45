import t from 'tap';

import { failureReason } from '../../../src/core/finish-reason.js';
import type { EventStream } from '../../../src/engine/answer-sink.js';
import { Generation, type GenerationInput } from '../../../src/engine/generation.js';
import { AnswerStream } from '../../../src/engine/answer-stream.js';
import { NativeRenderer } from '../../../src/api/native/render.js';
import { ServedWeights } from '../../../src/engine/served-weights.js';

/** A reader that takes events only when the test lets it. */
class FakeReader implements EventStream {
  isWritable = true;
  readonly marksEnd = false;
  readonly chunks: { output_ids: number[]; index: number }[] = [];
  numLast = 0;
  drain: () => void = () => undefined;

  onDrain(listener: () => void): void {
    this.drain = listener;
  }

  send(value: unknown): void {
    this.chunks.push(value as { output_ids: number[]; index: number });
  }

  end(value: unknown): void {
    this.send(value);
    this.numLast++;
  }

  noteFailure(): void {
    /* nobody reads it */
  }

  fail(): void {
    throw new Error('a native stream shows its failures');
  }
}

function setUp(isIncremental: boolean) {
  // What a stream reads of its request; the scheduler's fields do not matter here.
  const sampling = { maxNewTokens: 9 };
  const req = { rid: 'r', inputIds: Int32Array.of(1, 2), logprobs: null, sampling };
  const input = { req, text: null } as unknown as GenerationInput;
  const generations = [1, 2].map((num) => new Generation(num, input, 0));
  const reader = new FakeReader();
  const options = {
    weights: new ServedWeights('m', 'default'),
    tokenizer: null,
    logprobTokenizer: null,
    returnPromptTokenIds: false,
    showDpRank: false,
    isSingle: false,
    isIncremental,
  };
  new AnswerStream(reader, generations, {
    renderer: new NativeRenderer(options),
    intervals: [1, 1],
    onFailure: () => undefined,
  });
  const push = (sample: number, token: number): void => {
    generations[sample]?.acceptToken(token);
    generations[sample]?.updates.publish();
  };
  const finish = (sample: number): void => {
    generations[sample]?.end(failureReason('DEVICE_FAILED', 'x'), null, 1);
    generations[sample]?.updates.publish();
  };
  return { reader, push, finish };
}

for (const isIncremental of [false, true]) {
  const mode = isIncremental ? 'all new tokens' : 'the newest state';
  t.test(`what a slow reader missed comes as one chunk per sample: ${mode}`, (t) => {
    const { reader, push, finish } = setUp(isIncremental);
    push(0, 10);
    reader.isWritable = false;
    for (let token = 11; token < 100; token++) push(0, token);
    push(1, 20);
    finish(1);
    t.equal(reader.chunks.length, 1);
    reader.isWritable = true;
    reader.drain();
    push(0, 100);
    finish(0);
    t.equal(reader.numLast, 1);
    const first = reader.chunks.filter(({ index }) => index === 0).map((chunk) => chunk.output_ids);
    t.equal(first.length, 4);
    const tokens = isIncremental ? first.flat() : first.at(-1);
    t.same(
      tokens,
      Array.from({ length: 91 }, (_, i) => 10 + i),
    );
    t.same(
      reader.chunks.filter(({ index }) => index === 1).map((chunk) => chunk.output_ids),
      [[20]],
    );
    t.end();
  });
}

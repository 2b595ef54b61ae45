/** 64 streams of text on the main thread while a prompt of 400,000 characters is tokenized. */
import { parseArgs } from 'node:util';

import { folderFiles } from '../../../src/core/named-files.js';
import { EncodeQueue } from '../../../src/engine/encode-queue.js';
import { TextAssembler } from '../../../src/engine/text-assembler.js';
import { RegexPool } from '../../../src/text/regex-budget.js';
import { StopRegex } from '../../../src/text/stop-regex.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'config/tiny' },
    streams: { type: 'string', default: '64' },
    chars: { type: 'string', default: '400000' },
  },
});

const tokenizer = await Tokenizer.load(folderFiles(values.model));
const sentence = 'The quick brown fox jumps over the lazy dog, 12 times a day. ';
const ids = await tokenizer.encode(sentence.repeat(4), false);
const numChars = Number(values.chars);
const prompt = sentence.repeat(Math.ceil(numChars / sentence.length)).slice(0, numChars);
const streams = Array.from(
  { length: Number(values.streams) },
  () =>
    new TextAssembler(tokenizer, {
      stop: ['\n\nUser:'],
      stopRegex: [new StopRegex('(?i)never \\w+ again')],
      noStopTrim: false,
      skipSpecialTokens: true,
      stopTokenIds: new Set(),
      meter: new RegexPool().meter(),
      prompt: ids,
    }),
);

let isDone = false;
const startedMs = performance.now();
const encoding = new EncodeQueue()
  .forRequest()(numChars, () => tokenizer.encode(prompt))
  .finally(() => {
    isDone = true;
  });
let numTokens = 0;
let longestMs = 0;
for (let step = 0, lastMs = performance.now(); !isDone; step++) {
  for (const stream of streams) stream.push(ids[step % ids.length] ?? 0);
  numTokens += streams.length;
  await new Promise(setImmediate);
  const nowMs = performance.now();
  longestMs = Math.max(longestMs, nowMs - lastMs);
  lastMs = nowMs;
}
const seconds = (performance.now() - startedMs) / 1000;
const tokensPerSecond = Math.round(numTokens / seconds);
const numPromptTokens = (await encoding).length;
console.log(
  JSON.stringify({ seconds, numPromptTokens, tokensPerSecond, longestPauseMs: longestMs }),
);

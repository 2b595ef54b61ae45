import t from 'tap';

import { isDone, SseReader } from '../../../../src/cli/client/sse.js';

function read(chunks: readonly Buffer[]): readonly string[] {
  const found: string[] = [];
  const reader = new SseReader((data) => found.push(data.toString()));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return found;
}

const STREAM = [
  ': a comment\n',
  'data: one\n\n',
  'data:two\r\n\r\n',
  'event: x\nid: 3\ndata: three\ndata: and more\n\n',
  'data: three\r\ndata: too\r\n\r\n',
  'data: four\r\r',
  '\n\n',
  'data: fünf 😀\n\n',
  'data\n\n',
  'dat: no\n\n',
  'data: [DONE]\n\n',
].join('');
const EXPECTED = ['one', 'two', 'three\nand more', 'three\ntoo', 'four', 'fünf 😀', '[DONE]'];

t.test('events are the same in every cutting', (t) => {
  const bytes = Buffer.from(STREAM);
  t.strictSame(read([bytes]), EXPECTED);
  t.strictSame(read([...bytes].map((byte) => Buffer.of(byte))), EXPECTED);
  for (let cut = 0; cut <= bytes.length; cut++) {
    t.strictSame(read([bytes.subarray(0, cut), bytes.subarray(cut)]), EXPECTED, `cut at ${cut}`);
  }
  t.end();
});

t.test('an event without its empty line counts at the end', (t) => {
  t.strictSame(read([Buffer.from('data: a\n\ndata: b')]), ['a', 'b']);
  t.strictSame(read([Buffer.from('data: a\n')]), ['a']);
  t.strictSame(read([]), []);
  t.end();
});

t.test('what ends a stream', (t) => {
  t.ok(isDone(Buffer.from('[DONE]')));
  t.notOk(isDone(Buffer.from('{"text":"[DONE]"}')));
  t.end();
});

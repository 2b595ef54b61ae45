import t from 'tap';

import { SseParser, eventsOf } from '../../../../src/page/chat/sse.js';

const STREAM =
  ': ping\n\ndata: {"a":1}\n\ndata:x\ndata: y\n\nevent: e\r\ndata: é\r\n\r\ndata: [DONE]\n\n';
const EVENTS = ['{"a":1}', 'x\ny', 'é', '[DONE]'];

t.test('a stream is read alike however it is cut', (t) => {
  for (let cut = 0; cut < STREAM.length; cut++) {
    const parser = new SseParser();
    const events = [...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))];
    t.same(events, EVENTS, `cut at ${cut}`);
  }
  t.end();
});

t.test('a character may lie in two chunks of bytes', async (t) => {
  const bytes = new TextEncoder().encode(STREAM);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const events: string[] = [];
  for await (const data of eventsOf(body)) events.push(data);
  t.same(events, EVENTS);
});

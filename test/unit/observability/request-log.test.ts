import { EventEmitter } from 'eventemitter3';
import t from 'tap';

import type { EngineEvents, ObservedRequest } from '../../../src/observability/engine-events.js';
import { RequestLog } from '../../../src/observability/request-log.js';
import { sampling } from '../../doubles/scheduler-rig.js';

const COMMON = {
  rid: 'r1',
  inputIds: new Int32Array(300),
  createdMs: 1000,
  finishedMs: 1500,
  finish: { type: 'stop', matched: 2 } as const,
  stats: null,
  input: {},
};

const GENERATE: ObservedRequest = {
  ...COMMON,
  sampling: sampling(),
  cachedTokens: 16,
  outputIds: [1, 2],
  text: 'x'.repeat(5000),
};

function linesOf(
  level: number,
  format: 'text' | 'json' = 'text',
  isOn = true,
  request = GENERATE,
): string[] {
  const lines: string[] = [];
  const events = new EventEmitter<EngineEvents>();
  new RequestLog({ isOn, level, format }, (line) => lines.push(line)).observe(events);
  events.emit('accepted', request);
  events.emit('finished', request);
  events.emit('accepted', { ...request, input: { isUnlogged: true } });
  return lines;
}

t.test('the level says how much is shown', (t) => {
  t.strictSame(linesOf(0), [
    'Receive: obj={"rid":"r1","prompt_tokens":300}',
    'Finish: obj={"rid":"r1","prompt_tokens":300}, out={"finish_reason":{"type":"stop","matched":2},"completion_tokens":2,"cached_tokens":16,"e2e_latency":0.5}',
  ]);
  t.match(linesOf(1)[0], /"sampling_params":\{"max_new_tokens":8,/);
  t.notMatch(linesOf(1)[0], /input_ids/);
  const [received = '', finished = ''] = linesOf(2);
  const shown = JSON.parse(received.slice('Receive: obj='.length)) as { input_ids: number[] };
  t.equal(shown.input_ids.length, 128);
  t.match(finished, `"text":"${'x'.repeat(2048)}"`);
  t.match(linesOf(3)[1], `"text":"${'x'.repeat(5000)}"`);
  t.strictSame(linesOf(3, 'text', false), []);
  t.end();
});

t.test('lines of JSON', (t) => {
  const [received, finished] = linesOf(0, 'json').map((line) => JSON.parse(line) as object);
  t.match(received, { event: 'request.received', rid: 'r1', obj: { prompt_tokens: 300 } });
  t.match(finished, { event: 'request.finished', out: { completion_tokens: 2 } });
  t.match(finished, { timestamp: /^\d{4}-/ });
  t.end();
});

t.test('what no line shows is not read', (t) => {
  const numReads = (isOn: boolean): number => {
    let reads = 0;
    const events = new EventEmitter<EngineEvents>();
    new RequestLog({ isOn, level: 2, format: 'text' }, () => undefined).observe(events);
    const watched = new Proxy(GENERATE, {
      get: (request, name, receiver): unknown => {
        if (name === 'inputIds') reads++;
        return Reflect.get(request, name, receiver);
      },
    });
    events.emit('accepted', watched);
    events.emit('finished', watched);
    return reads;
  };
  t.equal(numReads(false), 0);
  t.equal(numReads(true), 2);
  t.end();
});

t.test('an embedding model answers with a vector, and knows no sampling', (t) => {
  const vector = new Float32Array(200).fill(0.5);
  const embed: ObservedRequest = { ...COMMON, outputIds: [], cachedTokens: 0, vector };
  const [received, finished] = linesOf(1, 'text', true, embed);
  t.equal(received, 'Receive: obj={"rid":"r1","prompt_tokens":300}');
  t.match(finished, /"completion_tokens":0,"cached_tokens":0,"e2e_latency":0\.5\}$/);
  const shownAt = (level: number) => {
    const line = linesOf(level, 'json', true, embed)[1] ?? '';
    return (JSON.parse(line) as { out: { embedding: number[] } }).out.embedding;
  };
  t.strictSame([shownAt(2).length, shownAt(3).length], [128, 200]);
  const [, aborted] = linesOf(2, 'text', true, { ...embed, vector: null });
  t.match(aborted, /"embedding":null/);
  t.end();
});

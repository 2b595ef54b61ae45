import t from 'tap';

import { ContentBlocks, type BlockEvent } from '../../../../src/api/anthropic/content-blocks.js';
import { wholeContent } from '../../../../src/api/anthropic/whole-content.js';
import type { ContentPiece } from '../../../../src/engine/content-plan.js';

const callIds = (name: string, index: number): string => `call_${name}${index}`;
const text = (words: string): ContentPiece => ({ kind: 'text', text: words });
const thought = (words: string): ContentPiece => ({ kind: 'reasoning', text: words });
const call = (name: string): ContentPiece => ({ kind: 'call', name });
const args = (json: string): ContentPiece => ({ kind: 'arguments', text: json });

function eventsOf(pieces: readonly ContentPiece[], omitsThoughts = false): readonly BlockEvent[] {
  const blocks = new ContentBlocks({ callIds, omitsThoughts });
  return [...pieces.flatMap((piece) => blocks.add(piece)), ...blocks.end()];
}

/** `0:text` opens, `0+a` adds, `0.` closes. */
function sketch(events: readonly BlockEvent[]): string {
  return events
    .map((event) => {
      if (event.type === 'content_block_start') return `${event.index}:${event.content_block.type}`;
      if (event.type === 'content_block_stop') return `${event.index}.`;
      const { type, ...rest } = event.delta;
      return `${event.index}+${type === 'signature_delta' ? 'SIGNED' : Object.values(rest).join('')}`;
    })
    .join(' ');
}

t.test('one block is open at a time', (t) => {
  const rows: [string, ContentPiece[], string][] = [
    ['text', [text('a'), text('b')], '0:text 0+a 0+b 0.'],
    ['nothing', [], '0:text 0.'],
    ['white space alone', [text(' '), text('\n')], '0:text 0+ \n 0.'],
    ['a blank thought alone', [thought('\n')], '0:text 0.'],
    [
      'thought and text',
      [thought('x'), thought('y'), text('a')],
      '0:thinking 0+x 0+y 0+SIGNED 0. 1:text 1+a 1.',
    ],
    ['white space before', [text('\n'), text(' a'), text(' ')], '0:text 0+\n a 0+  0.'],
    [
      'white space between',
      [thought('x'), text('\n'), call('f'), args('{}')],
      '0:thinking 0+x 0+SIGNED 0. 1:tool_use 1+{} 1.',
    ],
    ['a blank thought before', [thought('\n'), text('a')], '0:text 0+a 0.'],
    [
      'calls',
      [text('a'), call('f'), args('{"n"'), args(':1}'), call('g')],
      '0:text 0+a 0. 1:tool_use 1+{"n" 1+:1} 1. 2:tool_use 2.',
    ],
    ['text behind a call', [call('f'), text('\n'), text('a')], '0:tool_use 0. 1:text 1+\na 1.'],
  ];
  for (const [name, pieces, expected] of rows) t.equal(sketch(eventsOf(pieces)), expected, name);
  t.end();
});

t.test('a whole answer is what its events add up to', (t) => {
  const events = eventsOf([
    thought('x'),
    text('a'),
    text('b'),
    call('f'),
    args('{"n"'),
    args(': 1}'),
  ]);
  const [thinking, ...rest] = wholeContent(events);
  t.match(thinking, { type: 'thinking', thinking: 'x', signature: /^[\w+/]{43}=$/ });
  t.strictSame(rest, [
    { type: 'text', text: 'ab' },
    { type: 'tool_use', id: 'toolu_f0', name: 'f', input: { n: 1 } },
  ]);
  t.end();
});

t.test('a signature is its thought’s, however it was cut', (t) => {
  const signed = (...pieces: ContentPiece[]): unknown => wholeContent(eventsOf(pieces))[0];
  t.strictSame(signed(thought('xy')), signed(thought('x'), thought('y')));
  t.notSame(signed(thought('x')), signed(thought('y')));
  t.end();
});

t.test('thoughts that are not shown are blocks with a signature alone', (t) => {
  const events = eventsOf([thought('x'), text('a')], true);
  t.equal(sketch(events), '0:thinking 0+SIGNED 0. 1:text 1+a 1.');
  t.match(wholeContent(events)[0], { thinking: '', signature: /=$/ });
  t.end();
});

t.test('ids and arguments', (t) => {
  const inputOf = (...pieces: ContentPiece[]): unknown =>
    wholeContent(eventsOf([call('f'), ...pieces]))[0];
  const block = { type: 'tool_use', id: 'toolu_f0', name: 'f', input: {} };
  t.strictSame(inputOf(), block);
  t.strictSame(inputOf(args('{"a": "b')), block, 'cut off');
  t.strictSame(inputOf(args('[1]')), block, 'no object');
  const blocks = new ContentBlocks({ callIds: () => 'functions.f:3', omitsThoughts: false });
  t.match(
    blocks.add(call('f')),
    [{ content_block: { id: 'functions.f:3' } }],
    'a model’s own ids stay',
  );
  t.equal(blocks.hasCalls, true);
  t.end();
});

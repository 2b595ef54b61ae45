import t from 'tap';
import { MaskBoard } from '../../../src/core/mask-board.js';
import type { Grammar } from '../../../src/core/grammar.js';
import { DeviceMatchers, GrammarActor } from '../../../src/grammar/grammar-actor.js';
import { vocabularyOf } from '../../doubles/vocabulary.js';

const TOKENS = ['<|end|>', 'a', 'b', 'ab', '<|think|>', 'c'];
const shape = { numSlots: 2, vocabSize: TOKENS.length };

function rig() {
  const actor = new GrammarActor(vocabularyOf(TOKENS), { pattern: null, isFixed: false });
  const board = new MaskBoard(shape);
  const matchers = new DeviceMatchers(actor, board);
  const allowed = (slot: number, ticket: number): string[] | string => {
    const state = board.wait(slot, ticket, 0);
    if (state !== 'ready') return state;
    return TOKENS.filter((_, id) => ((board.mask(slot)[0] ?? 0) >>> id) & 1);
  };
  return { actor, matchers, allowed };
}

function open(
  slot: number,
  ticket: number,
  pattern: string,
  more: Partial<Grammar> = {},
  outputs: number[] = [],
) {
  const grammar = { spec: { kind: 'regex', pattern }, after: null, ...more } as const;
  return { kind: 'open', slot, ticket, grammar, outputs, stopTokenIds: [0, 5] } as const;
}

t.test('a mask follows each token; at the end only special stop ids may come', (t) => {
  const { matchers, allowed } = rig();
  matchers.handle(open(0, 1, 'ab'));
  t.same(allowed(0, 1), ['a', 'ab']);
  t.equal(allowed(0, 2), 'late');
  matchers.handle({ kind: 'accept', tokens: Int32Array.of(0, 2, 1) });
  t.same(allowed(0, 2), ['b']);
  matchers.handle({ kind: 'accept', tokens: Int32Array.of(0, 3, 2) });
  t.same(allowed(0, 3), ['<|end|>']);
  t.end();
});

t.test('a slot that is opened again begins with the outputs that it had', (t) => {
  const { matchers, allowed } = rig();
  matchers.handle(open(1, 7, 'aab', {}, [1]));
  t.same(allowed(1, 7), ['a', 'ab']);
  matchers.handle({ kind: 'close', slot: 1 });
  t.equal(matchers.size, 0);
  t.end();
});

t.test('in a thought all may come but its end; the grammar begins behind it', (t) => {
  const { matchers, allowed } = rig();
  matchers.handle(open(0, 1, 'b', { after: [4] }));
  t.same(allowed(0, 1), ['a', 'b', 'ab', '<|think|>', 'c']);
  matchers.handle({ kind: 'accept', tokens: Int32Array.of(0, 2, 1, 0, 3, 4) });
  t.same(allowed(0, 3), ['b']);
  t.end();
});

t.test('a dead end, a token that the grammar forbids and an unknown slot fail', (t) => {
  const { matchers, allowed } = rig();
  matchers.handle(open(0, 1, 'z'));
  t.equal(allowed(0, 1), 'failed');
  matchers.handle(open(0, 2, 'a', {}, [2]));
  t.equal(allowed(0, 2), 'failed');
  matchers.handle({ kind: 'accept', tokens: Int32Array.of(1, 3, 1) });
  t.equal(allowed(1, 3), 'failed');
  t.end();
});

t.test('grammars are kept, the latest used ones', (t) => {
  const { actor } = rig();
  for (let i = 0; i < 100; i++) {
    const spec = { kind: 'regex', pattern: `a{${i}}` } as const;
    t.equal(actor.prepare({ kind: 'prepare', id: i, spec }).failure, null);
  }
  t.equal(actor.numCompiled, 64);
  const bad = actor.prepare({ kind: 'prepare', id: 1, spec: { kind: 'regex', pattern: '(' } });
  t.match(bad.failure, /unexpected end|not closed/);
  t.end();
});

t.test('a special token that a structure spells out is text there', (t) => {
  const { matchers, allowed } = rig();
  const structures = [{ begin: '<|think|>', schema: '{"const": 1}', end: '' }];
  const spec = {
    kind: 'structural',
    structures,
    triggers: ['<|think|>'],
    atLeastOne: true,
    stopAfterFirst: true,
  } as const;
  matchers.handle({ ...open(0, 1, ''), grammar: { spec, after: null } });
  t.same(allowed(0, 1), ['<|think|>']);
  t.end();
});

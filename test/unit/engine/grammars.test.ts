import t from 'tap';

import type { GrammarSpec } from '../../../src/core/grammar.js';
import { prepareGrammars, type GrammarCompiler } from '../../../src/engine/grammars.js';
import { parseSamplingParams } from '../../../src/api/native/sampling-request.js';
import type { GenerateEntry } from '../../../src/engine/request.js';

const CONTEXT = { vocabSize: 100, hasTokenizer: true };

function entryOf(params: object): GenerateEntry {
  return {
    prompt: { kind: 'text', text: 'a' },
    sampling: parseSamplingParams({ ...params }, CONTEXT),
    logprobs: null,
    hiddenStates: null,
    thought: null,
    rids: ['a'],
    adapter: null,
    extraKey: null,
    cacheSalt: null,
    tenant: '',
    explainsMiss: false,
    dpRank: null,
    priority: 0,
    isUnmetered: false,
    isUnlogged: false,
  };
}

function depsOf(prepare: GrammarCompiler['prepare']) {
  const aborting = new AbortController();
  return {
    aborting,
    deps: { grammars: { prepare }, eosTokenIds: [2], allAborted: aborting.signal },
  };
}

t.test('a grammar is compiled once for all prompts that have it', async (t) => {
  const asked: GrammarSpec[] = [];
  const { deps } = depsOf((spec) => Promise.resolve(asked.push(spec) > 0 ? null : ''));
  const entries = [{ regex: 'a' }, { regex: 'a' }, {}, { ebnf: 'root ::= "a"' }].map(entryOf);
  await prepareGrammars(entries, deps);
  t.strictSame(
    asked.map(({ kind }) => kind),
    ['regex', 'ebnf'],
  );
});

t.test('what is wrong with one is said with its key', async (t) => {
  const { deps } = depsOf(() => Promise.resolve('it is bad'));
  await t.rejects(prepareGrammars([entryOf({ regex: '(' })], deps), {
    message: "Invalid grammar request: req.grammar_key=('regex', '('): it is bad",
  });
  await t.rejects(prepareGrammars([entryOf({ regex: '(' })], { ...deps, grammars: null }), {
    message: /--grammar-backend none/,
  });
  await t.rejects(prepareGrammars([entryOf({ regex: 'a' })], { ...deps, eosTokenIds: [] }), {
    message: /needs a token that ends an answer/,
  });
});

t.test('the compiler hears when nobody waits for the grammar any more', async (t) => {
  const left: GrammarSpec[] = [];
  const { aborting, deps } = depsOf(
    (spec, nobodyWaits) =>
      new Promise((resolve) => {
        nobodyWaits.addEventListener('abort', () => {
          left.push(spec);
          resolve(null);
        });
      }),
  );
  const waiting = prepareGrammars([entryOf({ regex: 'a' })], deps);
  aborting.abort();
  await waiting;
  t.strictSame(
    left,
    [{ kind: 'regex', pattern: 'a' }],
    'it goes on, and ends where it is submitted',
  );
});

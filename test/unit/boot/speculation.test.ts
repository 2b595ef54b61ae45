import t from 'tap';
import { checkSpeculation, speculationOf } from '../../../src/boot/speculation.js';

const ARGS = {
  speculativeAlgorithm: 'NGRAM' as const,
  speculativeNumDraftTokens: 32,
  speculativeNgramMinMatchWindowSize: 16,
  speculativeNgramMaxMatchWindowSize: 64,
  enableDeterministicInference: false,
};

t.test('nothing speculates unless it is asked for', (t) => {
  t.equal(speculationOf({ ...ARGS, speculativeAlgorithm: null }), null);
  t.equal(checkSpeculation({ ...ARGS, speculativeAlgorithm: null }, 'webgpu'), null);
  t.same(speculationOf(ARGS), { numDraftTokens: 32, minMatch: 16, maxMatch: 64 });
  t.equal(checkSpeculation(ARGS, 'cpu'), null);
  t.end();
});

t.test('deterministic inference turns it off, and says so', (t) => {
  const args = { ...ARGS, enableDeterministicInference: true };
  t.equal(speculationOf(args), null);
  t.match(checkSpeculation(args, 'cpu'), /turns --speculative-algorithm off/);
  t.end();
});

t.test('a GPU, and a shortest window that is too long, are refused', (t) => {
  t.throws(() => checkSpeculation(ARGS, 'cuda'), /for --device cpu alone: on cuda/);
  const args = { ...ARGS, speculativeNgramMinMatchWindowSize: 65 };
  t.throws(() => checkSpeculation(args, 'cpu'), /size 65 is larger than .*size 64/);
  t.end();
});

import t from 'tap';
import {
  checkDraftContext,
  checkSpeculation,
  draftPathOf,
  speculationOf,
} from '../../../src/boot/speculation.js';
import { rowCosts } from '../../../src/boot/row-costs.js';
import { modelIn } from '../fleet/fleet-rig.js';

const ARGS = {
  speculativeAlgorithm: 'NGRAM' as const,
  speculativeDraftModelPath: null,
  speculativeNumSteps: 3,
  speculativeNumDraftTokens: 32,
  speculativeNgramMinMatchWindowSize: 16,
  speculativeNgramMaxMatchWindowSize: 64,
  enableDeterministicInference: false,
};

const FLOATS = modelIn('weights').spec;
const INTEGERS = { ...FLOATS, kvType: 'i8' as const };

t.test('nothing speculates unless it is asked for', (t) => {
  t.equal(speculationOf({ ...ARGS, speculativeAlgorithm: null }, FLOATS, null), null);
  t.equal(checkSpeculation({ ...ARGS, speculativeAlgorithm: null }, 'webgpu'), null);
  t.same(speculationOf(ARGS, FLOATS, null), {
    algorithm: 'NGRAM',
    numDraftTokens: 32,
    minMatch: 16,
    maxMatch: 64,
    costs: null,
  });
  t.equal(checkSpeculation(ARGS, 'cpu'), null);
  t.end();
});

t.test('where K and V are integers drafts go by what rows cost, and any match will do', (t) => {
  const args = { ...ARGS, speculativeNgramMinMatchWindowSize: null };
  t.match(speculationOf(args, FLOATS, null), { minMatch: 32, maxMatch: 64 });
  t.match(speculationOf(args, INTEGERS, null), { minMatch: 1, costs: rowCosts(INTEGERS) });
  t.match(speculationOf(ARGS, INTEGERS, null), { minMatch: 16 });
  const narrow = { ...args, speculativeNgramMaxMatchWindowSize: 8 };
  t.match(speculationOf(narrow, FLOATS, null), { minMatch: 8, maxMatch: 8 });
  t.equal(checkSpeculation(narrow, 'cpu'), null);
  t.end();
});

t.test('deterministic inference turns it off, and says so', (t) => {
  const args = { ...ARGS, enableDeterministicInference: true };
  t.equal(speculationOf(args, FLOATS, null), null);
  t.match(checkSpeculation(args, 'cpu'), /turns --speculative-algorithm off/);
  t.end();
});

t.test('a GPU, and a shortest window that is too long, are refused', (t) => {
  t.throws(() => checkSpeculation(ARGS, 'cuda'), /for --device cpu alone: on cuda/);
  const args = { ...ARGS, speculativeNgramMinMatchWindowSize: 65 };
  t.throws(() => checkSpeculation(args, 'cpu'), /size 65 is larger than .*size 64/);
  t.end();
});

const STANDALONE = {
  ...ARGS,
  speculativeAlgorithm: 'STANDALONE' as const,
  speculativeDraftModelPath: 'small',
};

t.test('a draft model: as many rows as its steps and their bound allow', (t) => {
  t.equal(checkSpeculation(STANDALONE, 'cpu'), null);
  t.equal(draftPathOf(STANDALONE), 'small');
  const price = { perRow: 0.3, perRun: 0.4, perTextRow: 0.02, minHits: 12 };
  t.same(speculationOf(STANDALONE, FLOATS, price), {
    algorithm: 'STANDALONE',
    numDraftTokens: 4,
    minHits: 12,
    costs: null,
  });
  const narrow = { ...STANDALONE, speculativeNumDraftTokens: 2 };
  t.match(speculationOf(narrow, FLOATS, price), { numDraftTokens: 2 });
  const draftModel = { run: 0.4, textRow: 0.02 };
  t.match(speculationOf(STANDALONE, INTEGERS, price), { costs: { draftModel } });
  t.equal(draftPathOf({ ...STANDALONE, enableDeterministicInference: true }), null);
  t.equal(draftPathOf(ARGS), null);
  t.end();
});

t.test('a draft model that is missing, for nothing or too short is refused', (t) => {
  const missing = { ...STANDALONE, speculativeDraftModelPath: null };
  t.throws(() => checkSpeculation(missing, 'cpu'), /needs a smaller model/);
  const useless = { ...ARGS, speculativeDraftModelPath: 'small' };
  t.throws(() => checkSpeculation(useless, 'cpu'), /has no effect without/);
  const none = { ...useless, speculativeAlgorithm: null };
  t.throws(() => checkSpeculation(none, 'cpu'), /has no effect without/);
  const limits = { numSlots: 1, slotLength: 512, numPages: 64, pageSizeTokens: 16 };
  checkDraftContext(null, limits);
  checkDraftContext({ ...FLOATS, contextLength: 512 }, limits);
  t.throws(() => {
    checkDraftContext({ ...FLOATS, contextLength: 256 }, limits);
  }, /sees 256 tokens, and a request may have 512/);
  t.end();
});

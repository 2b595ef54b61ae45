import t from 'tap';
import { DraftAccount } from '../../../../src/device/speculation/draft-account.js';
import type { FreeDrafter } from '../../../../src/device/speculation/drafter.js';
import { FreeSpeculator } from '../../../../src/device/speculation/free-speculator.js';
import type { RowCosts } from '../../../../src/core/speculation.js';

const COSTS: RowCosts = {
  decodeRow: { base: 0.15, perKey: 0 },
  draftRow: { base: 0.12, perKey: 0 },
  draftSequence: { base: 0.1, perKey: 0 },
  draftModel: { run: 0.3, textRow: 0.015 },
};
const ROOM = { maxRows: 4, numLeft: 1000 };
const LONE = { numDecoding: 1, numDrafting: 1, numLately: 1, isLone: true, numKeys: 0 };

/** All drafts are likely, behind `numUnseen` rows. */
function drafterOf(numUnseen: number): FreeDrafter {
  return {
    numUnseen,
    numDrafts: 3,
    chanceOf: () => 0.97,
    draft: (count) => Array.from({ length: count }, () => 7),
  };
}

function wanted(numUnseen: number, numOutputs: number, run = {}, room = {}): number {
  const outputs = Array.from({ length: numOutputs }, () => 5);
  const account = new DraftAccount();
  const speculator = new FreeSpeculator(drafterOf(numUnseen), outputs, { costs: COSTS, account });
  return speculator.numDraftsWanted(numOutputs - 1, { ...ROOM, ...room }, { ...LONE, ...run });
}

t.test('a draft model reads a text when that pays in the rest of the answer', (t) => {
  t.equal(wanted(0, 1), 3, 'nothing is missing');
  t.equal(wanted(100, 1), 0, 'who comes behind this request?');
  t.equal(wanted(100, 8), 3);
  t.equal(wanted(5000, 8), 0, 'too much to read');
  t.equal(wanted(5000, 600), 3, 'for an answer that is not long');
  t.equal(wanted(100, 8, {}, { numLeft: 4 }), 0, 'and is not about to end');
  t.end();
});

t.test('and not where the batch was full a moment ago', (t) => {
  t.equal(wanted(100, 8, { numLately: 8 }), 0);
  t.equal(wanted(0, 8, { numLately: 8 }), 3, 'what it has read it can go on with');
  t.equal(wanted(0, 8, { numDecoding: 8, isLone: false }), 0, 'while the batch is not full');
  t.end();
});

t.test('drafts that win less than they cost are no longer made', (t) => {
  const outputs = [5];
  const account = new DraftAccount();
  const parts = { costs: COSTS, account };
  const speculator = new FreeSpeculator(drafterOf(0), outputs, parts);
  let numTurns = 0;
  for (; speculator.numDraftsWanted(outputs.length - 1, ROOM, LONE) > 0; numTurns++) {
    speculator.beginDrafts(3, LONE);
    t.equal(speculator.plan(outputs.length - 1, ROOM, LONE).drafts.length, 3);
    speculator.settle(3, 0);
    outputs.push(5);
  }
  t.equal(numTurns, 6, 'of 1.5 steps each');
  const other = new FreeSpeculator(drafterOf(0), [5], parts);
  t.equal(other.numDraftsWanted(0, ROOM, LONE), 0, 'nor for others');
  t.equal(other.plan(0, ROOM, LONE).drafts.length, 0);
  t.end();
});

import t from 'tap';
import { DEFAULT_SCHEDULER_CONFIG } from '../../../../src/core/scheduler-config.js';
import { DeviceLink } from '../../../../src/scheduler/devices/link.js';
import { Outbox } from '../../../../src/scheduler/outbox.js';
import { Req } from '../../../../src/scheduler/req.js';
import { Seat } from '../../../../src/scheduler/seat/seat.js';
import { StepBuilder } from '../../../../src/scheduler/step/builder.js';
import { planDecode } from '../../../../src/scheduler/step/decode.js';
import { request } from '../../../doubles/scheduler-rig.js';

const LIMITS = { numSlots: 2, slotLength: 200, numPages: 64, pageSizeTokens: 4 };
const NOTHING = { numTokens: 0, pages: new Int32Array(0), lock: 0, state: null };
/** Of a prompt of 10 tokens: room for 12 rows. */
const PROMPT_PAGES = 3;

/** The only seat of a device: its prompt of 10 tokens is computed, and `numIdle` more pages are leased. */
function speculating({ numIdle = 50, numDraftTokens = 8, maxNewTokens = 150 }) {
  const nowhere = () => undefined;
  const outbox = new Outbox({ toMain: nowhere, toDevice: nowhere, toCache: nowhere });
  const device = { rank: 0, generation: 0 };
  const speculation = {
    algorithm: 'NGRAM' as const,
    costs: null,
    numDraftTokens,
    minMatch: 2,
    maxMatch: 4,
  };
  const config = { ...DEFAULT_SCHEDULER_CONFIG, speculation };
  const link = new DeviceLink(
    { device, weightsEpoch: 0, limits: LIMITS, joinsSteps: false },
    config,
    outbox,
  );
  const pages = Int32Array.from({ length: PROMPT_PAGES + numIdle }, (_, page) => page);
  link.pages.asked(pages.length);
  link.pages.receive(pages, pages.length);
  const seat = new Seat(link, new Req(request(7, 10, { sampling: { maxNewTokens } }), 0), NOTHING);
  seat.advance(10);
  return { link, seat };
}

const lengths = ({ plannedLen, reservedLen }: Seat) => [plannedLen, reservedLen];

t.test('a turn has as many rows as have pages that no other seat needs next', (t) => {
  for (const [numIdle, numRows] of [
    [0, 2],
    [1, 2],
    [2, 6],
    [3, 8],
    [50, 8],
  ] as const) {
    const { link, seat } = speculating({ numIdle });
    t.equal(seat.advanceTurn(), numRows, `${numIdle} idle pages`);
    t.same(lengths(seat), [11, 10 + numRows]);
    t.equal(seat.numPages, Math.ceil((10 + numRows) / 4), 'no page that it cannot reach');
    t.equal(link.pages.idle.length, PROMPT_PAGES + numIdle - seat.numPages);
  }
  t.end();
});

t.test('a turn that is back leaves the rows that it added, and no others', (t) => {
  for (const numRows of [0, 1, 5, 8]) {
    const { seat } = speculating({});
    t.equal(seat.advanceTurn(), 8);
    t.ok(seat.hasSpareRows);
    seat.turned(8, numRows);
    t.same(lengths(seat), [10 + numRows, 10 + numRows]);
    t.notOk(seat.hasSpareRows);
  }
  t.end();
});

t.test('the second of two turns in flight begins behind all that the first may add', (t) => {
  const { seat } = speculating({});
  t.same([seat.advanceTurn(), seat.advanceTurn()], [8, 8]);
  t.same(lengths(seat), [12, 26]);
  t.equal(seat.numPages, 7, 'room for 26 rows');
  seat.turned(8, 1);
  t.same(lengths(seat), [12, 19], 'one row is known, the next may be eight');
  t.equal(seat.advanceTurn(), 8);
  t.equal(seat.numPages, 7, 'what the first did not use is there for the third');
  seat.turned(8, 8);
  t.same(lengths(seat), [20, 27]);
  t.end();
});

t.test('a turn may have twice the rows of the last one, and never more than drafts fit', (t) => {
  const { seat } = speculating({ numDraftTokens: 40 });
  const turns = [16, 3, 9, 20, 0].map((numRows) => {
    const maxRows = seat.advanceTurn();
    seat.turned(maxRows, numRows);
    return maxRows;
  });
  t.same([...turns, seat.advanceTurn()], [16, 32, 16, 18, 40, 16]);
  t.equal(speculating({ numDraftTokens: 5 }).seat.advanceTurn(), 5);
  t.end();
});

t.test('turns end at the last row that the request may have', (t) => {
  const { seat } = speculating({ maxNewTokens: 7 });
  t.ok(seat.grow());
  t.equal(seat.advanceTurn(), 6);
  t.same(lengths(seat), [11, 16]);
  t.ok(seat.canDecode, 'it may come back with one row');
  t.ok(seat.grow());
  t.equal(seat.advanceTurn(), 1);
  t.same(lengths(seat), [12, 16]);
  t.equal(seat.numPages, 4, 'none for a row behind it');
  t.end();
});

t.test('a device is not short of pages while a turn in flight may leave some', (t) => {
  const { link, seat } = speculating({ numIdle: 0 });
  const plan = () => {
    const step = new StepBuilder(0, false);
    planDecode(link, step);
    return step.plan().turns;
  };
  t.same(plan(), [seat.slot, 2]);
  t.same(plan(), [], 'no page for the row behind it');
  t.notOk(link.starved);
  seat.turned(2, 2);
  t.same(plan(), []);
  t.ok(link.starved, 'both rows are used');
  t.end();
});

t.test('who cannot speculate has no turns', (t) => {
  const { link } = speculating({});
  const req = new Req(request(8, 4, { hiddenStates: 'full' }), 0);
  t.equal(new Seat(link, req, NOTHING).speculation, null);
  t.end();
});

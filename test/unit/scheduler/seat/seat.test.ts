import t from 'tap';
import { DEFAULT_SCHEDULER_CONFIG } from '../../../../src/core/scheduler-config.js';
import type { CacheOp } from '../../../../src/messages.js';
import { DeviceLink } from '../../../../src/scheduler/devices/link.js';
import { Outbox } from '../../../../src/scheduler/outbox.js';
import { Req } from '../../../../src/scheduler/req.js';
import { MAY, type SeatAct, type SeatPhase } from '../../../../src/scheduler/seat/phase.js';
import { Seat } from '../../../../src/scheduler/seat/seat.js';
import { FAKE_GRAMMAR } from '../../../doubles/fake-device.js';
import { request } from '../../../doubles/scheduler-rig.js';

const LIMITS = { numSlots: 2, slotLength: 100, numPages: 12, pageSizeTokens: 4 };
const NOTHING = { numTokens: 0, pages: new Int32Array(0), lock: 0, state: null };

/** A device with one slot taken, by a request of 10 prompt tokens whose pages were leased. */
function seated() {
  const sent: CacheOp[] = [];
  const outbox = new Outbox({
    toMain: () => undefined,
    toDevice: () => undefined,
    toCache: ({ ops }) => sent.push(...ops),
  });
  const device = { rank: 0, generation: 0 };
  const attach = { device, weightsEpoch: 0, limits: LIMITS, joinsSteps: false };
  const link = new DeviceLink(attach, DEFAULT_SCHEDULER_CONFIG, outbox);
  link.pages.asked(5);
  link.pages.receive(Int32Array.of(1, 2, 3, 4, 5), 5);
  const req = new Req(request(7, 10), 0);
  const seat = new Seat(link, req, NOTHING);
  const ops = () => {
    outbox.flush();
    return sent.splice(0);
  };
  return { link, req, seat, ops };
}

/** How to bring a seat to each phase. */
const REACH: Record<SeatPhase, (seat: Seat) => void> = {
  serving: () => undefined,
  retracting: (seat) => {
    seat.retract();
  },
  leaving: (seat) => {
    seat.leave();
  },
  closed: (seat) => {
    seat.leave();
    seat.closeSlot();
  },
  gone: (seat) => {
    seat.leave();
    seat.keep();
    seat.closeSlot();
  },
};

const ACTS: Record<SeatAct, (seat: Seat) => unknown> = {
  advance: (seat) => {
    seat.advance(1);
  },
  grow: (seat) => seat.grow(),
  insert: (seat) => {
    seat.insert(1);
  },
  store: (seat) => seat.store(1, 0),
  inserted: (seat) => seat.notInserted({ pages: new Int32Array(0), lock: 0 }),
  retract: (seat) => {
    seat.retract();
  },
  leave: (seat) => {
    seat.leave();
  },
  closeSlot: (seat) => seat.closeSlot(),
  keep: (seat) => seat.keep(),
  drop: (seat) => {
    seat.drop();
  },
  lose: (seat) => {
    seat.lose();
  },
};

t.test('in each phase a seat does what the table allows, and nothing else', (t) => {
  for (const phase of Object.keys(REACH) as SeatPhase[]) {
    for (const act of Object.keys(ACTS) as SeatAct[]) {
      const { seat } = seated();
      REACH[phase](seat);
      t.equal(seat.phase, phase);
      const tell = () => ACTS[act](seat);
      if (MAY[phase].includes(act)) t.doesNotThrow(tell, `${act} while ${phase}`);
      else t.throws(tell, { message: `seat: ${act} while ${phase}` });
    }
  }
  t.end();
});

t.test('a whole stay: prompt shared, slot closed, everything given back', (t) => {
  const { link, req, seat, ops } = seated();
  t.same(link.freeSlots, [1]);
  t.equal(link.pages.numHeldPages, 3);
  seat.advance(10);
  t.equal(seat.numPromptPages, 2, 'whole pages of 4 tokens');
  t.match(seat.store(2, 0), { slot: 0, fromToken: 0 });
  seat.insert(2);
  t.match(ops(), [{ op: 'insert', relock: true, ownFrom: 0, lock: 0 }]);
  seat.answered();
  req.outputIds.push(1, 2, 3);
  t.equal(seat.inserted({ pages: Int32Array.of(8, 9), lock: 77 }), 0);
  seat.advance(2);
  seat.leave();
  t.same([[...link.seats], [...link.leavers]], [[], [seat]]);
  t.match(seat.closingStore(1), { fromToken: 8 }, 'the third page: all twelve rows are known');
  t.equal(seat.keep(), 0, 'the slot is open');
  t.equal(seat.closeSlot(), 12, 'rows that others can match now');
  t.match(ops(), [{ op: 'insert', relock: false, ownFrom: 2, lock: 77, prefillTokens: 10 }]);
  t.equal(seat.phase, 'gone');
  t.same([link.freeSlots, link.pages.numHeldPages, link.isVacant], [[1, 0], 0, true]);
  t.end();
});

t.test('pages stay until main has checked the text, and only checked rows are kept', (t) => {
  const { link, req, seat, ops } = seated();
  seat.advance(12);
  req.outputIds.push(1, 2, 3);
  seat.leave();
  t.equal(seat.closeSlot(), 0);
  t.same([seat.phase, link.pages.numHeldPages, ops()], ['closed', 3, []]);
  t.equal(seat.keep(11), 11);
  const [insert] = ops();
  t.match(insert, { op: 'insert', prefillTokens: 8 });
  t.equal(insert?.op === 'insert' ? insert.pages.length : NaN, 2, 'the third page is not whole');
  t.equal(link.pages.idle.length, 3, 'and idle again');
  t.end();
});

t.test('an abort gives pages back at once; the lock of an insert follows with its reply', (t) => {
  const { link, seat, ops } = seated();
  seat.advance(10);
  seat.store(2, 0);
  seat.insert(2);
  ops();
  seat.leave();
  seat.drop();
  t.same([link.pages.numHeldPages, link.pages.idle.length], [0, 3], 'two are the tree’s');
  t.equal(seat.closingStore(1), null);
  seat.closeSlot();
  t.equal(seat.phase, 'closed', 'a lock is still to come');
  seat.inserted({ pages: Int32Array.of(8, 9), lock: 77 });
  t.same(ops(), [{ op: 'unlock', tree: '0:0', lock: 77 }]);
  t.equal(seat.phase, 'gone');
  t.ok(link.isVacant);
  t.end();
});

t.test('a seat that is dropped twice frees its pages once', (t) => {
  const { link, seat } = seated();
  seat.leave();
  seat.drop();
  seat.drop();
  t.equal(link.pages.idle.length, 5);
  t.end();
});

t.test('the device is told what is new of the pages, as long as the seat may get rows', (t) => {
  const { link, seat } = seated();
  t.same([...link.remapped], [seat]);
  t.same(seat.maps(), [{ slot: 0, fromPage: 0, pages: Int32Array.of(3, 4, 5) }]);
  t.same([link.remapped.size, seat.maps()], [0, []]);
  seat.advance(10);
  seat.insert(2);
  seat.inserted({ pages: Int32Array.of(3, 9), lock: 77 });
  t.same([...link.remapped], [seat]);
  t.same(seat.maps(), [{ slot: 0, fromPage: 1, pages: Int32Array.of(9) }]);
  t.ok(seat.grow());
  t.equal(link.remapped.size, 0, 'the page has room for the next row');
  seat.advance(2);
  t.ok(seat.grow());
  t.same([...link.remapped], [seat]);
  t.same(seat.maps(), [{ slot: 0, fromPage: 3, pages: Int32Array.of(2) }]);
  t.end();
});

t.test('it is told of no page of a slot that the next step frees', (t) => {
  const before = seated();
  before.seat.leave();
  t.equal(before.link.remapped.size, 0, 'changed before it left');
  const { link, seat } = seated();
  seat.maps();
  seat.advance(10);
  seat.insert(2);
  seat.leave();
  seat.inserted({ pages: Int32Array.of(8, 9), lock: 77 });
  t.equal(link.remapped.size, 0, 'or behind it');
  t.end();
});

t.test('the last row of a prompt is not shared while its mask may be late', (t) => {
  const shareable = (overrides: Parameters<typeof request>[2], outputIds: readonly number[]) => {
    const { link } = seated();
    const req = new Req(request(7, 4, overrides), 0);
    req.outputIds.push(...outputIds);
    const seat = new Seat(link, req, NOTHING);
    return [seat.shareableLen, seat.numPromptPages];
  };
  const grammar = FAKE_GRAMMAR;
  t.same(shareable({}, []), [4, 1]);
  t.same(shareable({ grammar }, []), [3, 0]);
  t.same(shareable({ grammar }, [1]), [4, 1], 'nothing is sampled where the outputs are known');
  t.same(shareable({ grammar, sampling: { maxNewTokens: 0 } }, []), [4, 1], 'nor for no tokens');
  t.end();
});

import type { RoutedRows } from '../core/batch.js';
import type { RecordExperts, RecordPass } from '../messages.js';
import type { PostedStep } from './devices/link.js';
import type { Outbox } from './outbox.js';

/** Which rows count for the expert statistics: those of a live request, each the first time it is computed. */
export class ExpertRecording {
  readonly #outbox: Outbox;
  #isOn = false;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Steps that are planned now say which experts their rows took. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Start, stop and dump reach the cache actor in the order of the results around them. */
  control({ id, action }: RecordExperts): void {
    if (action === 'start' && this.#isOn) {
      this.#warn('The expert distribution is being recorded already: starting over.');
    }
    if (action === 'stop' && !this.#isOn) {
      this.#warn('The expert distribution is not being recorded.');
    }
    if (action !== 'dump') this.#isOn = action === 'start';
    this.#outbox.op({ op: 'experts', id, action });
  }

  /** To be called before the step's tokens are read: they may end requests whose rows still count. */
  record(rank: number, posted: PostedStep, routing: RoutedRows): void {
    const { numPrefillRows } = posted;
    this.#pass({ rank, numPrefillRows, routing }, firstTimeRows(posted, routing));
  }

  /** Of whole texts, each of which is computed once; those of texts that nobody waits for any more do not count. */
  recordTexts(rank: number, areLive: readonly boolean[], routing: RoutedRows): void {
    const { planRows } = routing;
    const rows = [...planRows.keys()].filter((row) => areLive[planRows[row] ?? -1] === true);
    this.#pass({ rank, numPrefillRows: areLive.length, routing }, rows);
  }

  #pass({ routing, ...pass }: Omit<RecordPass, 'op'>, rows: readonly number[]): void {
    if (rows.length === 0) return;
    this.#outbox.lazyOp({
      op: 'pass',
      ...pass,
      routing: rows.length === routing.positions.length ? routing : pick(routing, rows),
    });
  }

  #warn(message: string): void {
    this.#outbox.log('warn', message);
  }
}

/**
 * Rows that nobody waits for any more do not count, nor those that a retracted or retried request
 * computes or replays again.
 */
function firstTimeRows(posted: PostedStep, { planRows, positions }: RoutedRows): number[] {
  const rows: number[] = [];
  positions.forEach((position, row) => {
    const seat = posted.rows[planRows[row] ?? -1];
    if (seat?.isLive !== true || position < seat.req.routedRows) return;
    seat.req.routedRows = position + 1;
    rows.push(row);
  });
  return rows;
}

function pick(routing: RoutedRows, rows: readonly number[]): RoutedRows {
  const { positions, experts } = routing;
  const width = experts.length / positions.length;
  const chosen = new Uint16Array(rows.length * width);
  rows.forEach((row, i) => {
    chosen.set(experts.subarray(row * width, (row + 1) * width), i * width);
  });
  const at = (values: Int32Array) => Int32Array.from(rows, (row) => values[row] ?? 0);
  return {
    planRows: at(routing.planRows),
    positions: at(positions),
    tokens: at(routing.tokens),
    experts: chosen,
  };
}

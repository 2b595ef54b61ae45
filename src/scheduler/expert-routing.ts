/** Which rows count for the expert statistics: those of a live request, each the first time it is computed. */
import type { RoutedRows } from '../core/batch.js';
import type { RecordExperts } from '../messages.js';
import type { DeviceLink, PostedStep } from './device-link.js';
import type { SchedulerState } from './state.js';

/** Start, stop and dump reach the cache actor in the order of the results around them. */
export function controlExperts(state: SchedulerState, { id, action }: RecordExperts): void {
  if (action === 'start' && state.recordsExperts) {
    state.outbox.log('warn', 'The expert distribution is being recorded already: starting over.');
  }
  if (action === 'stop' && !state.recordsExperts) {
    state.outbox.log('warn', 'The expert distribution is not being recorded.');
  }
  if (action !== 'dump') state.recordsExperts = action === 'start';
  state.outbox.op({ op: 'experts', id, action });
}

/** Called before the step's tokens are read: they may end requests whose rows still count. */
export function recordRouting(
  state: SchedulerState,
  link: DeviceLink,
  posted: PostedStep,
  routing: RoutedRows,
): void {
  const rows = firstTimeRows(posted, routing);
  if (rows.length === 0) return;
  state.outbox.lazyOp({
    op: 'pass',
    rank: link.device.rank,
    numPrefillRows: posted.numPrefillRows,
    routing: rows.length === routing.positions.length ? routing : pick(routing, rows),
  });
}

/**
 * Rows that nobody waits for any more do not count, nor those that a retracted or retried request
 * computes or replays again.
 */
function firstTimeRows(posted: PostedStep, { planRows, positions }: RoutedRows): number[] {
  const rows: number[] = [];
  positions.forEach((position, row) => {
    const run = posted.rows[planRows[row] ?? -1];
    if (run?.isLive !== true || position < run.req.routedRows) return;
    run.req.routedRows = position + 1;
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

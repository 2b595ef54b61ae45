import { StartupError } from '../core/errors.js';
import type { ModelSpec } from '../core/model-spec.js';
import { DRAFTS_JUDGED } from '../core/speculation.js';
import { rowCosts, textRowMs } from './row-costs.js';
import { stepMs } from './step-ms.js';

/** Decode steps that a row of a verification takes beside the first: with one request, and more with others beside it. */
const VERIFIED_ROW = 0.11;
const VERIFIED_ROW_BESIDE = 0.039;
/** Requests at once beyond which a row costs no more. */
const REQUESTS_MAX = 8;
/** A run that drafts, in decode rows of the draft model: each has two rows, whose K and V are copied. */
const DRAFT_RUN = 1.35;
/** What both models' runs take longer as neither's threads spin between them. */
const TURNS_TAKEN = 1.07;

export interface Drafting {
  readonly served: ModelSpec;
  readonly draft: ModelSpec;
  /** Most drafts at once, at least 1. */
  readonly numDrafts: number;
  /** Most requests that run at once. */
  readonly maxRunning: number;
}

export interface DraftPrice {
  /** A row of the draft model, in rows of the served one. */
  readonly perRow: number;
  /** A run of it for one request, in steps of the served one. */
  readonly perRun: number;
  /** A row of a text that it has not seen, in steps of the served one. */
  readonly perTextRow: number;
  /** So many of the last {@link DRAFTS_JUDGED} drafts must be right. */
  readonly minHits: number;
}

/**
 * How many drafts must be right for a turn of `numDrafts` to take no longer than its tokens would one by one. It goes by
 * sizes and by how many may run at once, never by the load: which rows are verified may not depend on who else is there.
 * @throws StartupError where all of them would not do
 */
export function draftPrice({ served, draft, numDrafts, maxRunning }: Drafting): DraftPrice {
  const perRow = rowMs(draft) / rowMs(served);
  const perRun = TURNS_TAKEN * DRAFT_RUN * perRow;
  const perTextRow = textRowMs(draft) / rowMs(served);
  const numBeside = Math.min(maxRunning, REQUESTS_MAX);
  const verified = (VERIFIED_ROW + VERIFIED_ROW_BESIDE * numBeside) * numDrafts;
  const turn = TURNS_TAKEN * (1 + verified + DRAFT_RUN * perRow * numDrafts);
  for (let minHits = 0; minHits <= DRAFTS_JUDGED; minHits++) {
    if (tokensPerTurn(minHits / DRAFTS_JUDGED, numDrafts) >= turn)
      return { perRow, perRun, perTextRow, minHits };
  }
  throw new StartupError(
    `The draft model cannot pay: a row of it costs ${perRow.toFixed(2)} of one of the served model, so ` +
      `${numDrafts + 1} tokens of which all drafts are right would take as long as ${turn.toFixed(1)} without drafts. ` +
      'Use a smaller --speculative-draft-model-path, another --speculative-num-steps or a smaller ' +
      '--max-running-requests, or leave --speculative-algorithm out.',
  );
}

/** For the log. */
export function shownPrice({ perRow, minHits }: DraftPrice, served: ModelSpec): string {
  const rule =
    rowCosts(served) === null
      ? `A request drafts while ${minHits} of its last ${DRAFTS_JUDGED} drafts were right.`
      : 'A request drafts where that pays in its batch.';
  return `Draft model: a row costs ${perRow.toFixed(2)} of one of the served model. ${rule}`;
}

/** Experts count as all others do: the rows of a verification choose most of them. */
function rowMs({ weightBytes, numLayers }: ModelSpec): number {
  return stepMs({ weightBytes, numLayers, moe: null });
}

/** The drafts up to the first wrong one, and the token behind them. */
function tokensPerTurn(hitRate: number, numDrafts: number): number {
  let tokens = 1;
  for (let i = 1, all = hitRate; i <= numDrafts; i++, all *= hitRate) tokens += all;
  return tokens;
}

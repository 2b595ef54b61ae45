import { FILLER, type ModelBackend } from '../backend.js';
import { PREFILL_HEAD_ROWS } from '../generate/prefill-runs.js';
import { groupSequences } from '../generate/run-groups.js';
import { runParts, type RunPart } from '../generate/run-parts.js';
import { isDistribution } from '../sampling/head-rows.js';
import type { MissingRows, ModelDrafts } from './model-drafts.js';

/** A turn that wants drafts. */
export interface DraftWish {
  readonly slotId: number;
  readonly drafter: ModelDrafts;
  /** Most drafts that the turn has room for. */
  readonly count: number;
}

/** Some rows of a slot, for one run. */
interface Piece {
  readonly slotId: number;
  readonly drafter: ModelDrafts;
  readonly tokens: readonly number[];
  /** Index of the first whose choice is asked for. */
  readonly headFrom: number;
}

/** Ids that the served model has. */
interface DraftOptions {
  readonly vocabSize: number;
}

/**
 * The smaller model that drafts, with slots of its own beside the served model's. It has no pages: a prompt is computed
 * here whole, for the first turn of its request. Where a choice must be one alone, all rows are those of prefill runs,
 * which have the same bits however a text is cut.
 */
export class DraftModel {
  readonly #backend: Pick<ModelBackend, 'kv' | 'forward'>;
  readonly #vocabSize: number;
  readonly #open = new Set<number>();

  constructor(backend: Pick<ModelBackend, 'kv' | 'forward'>, { vocabSize }: DraftOptions) {
    this.#backend = backend;
    this.#vocabSize = vocabSize;
  }

  open(slotId: number): void {
    this.#backend.kv.open(slotId);
    this.#open.add(slotId);
  }

  /** Slots of requests that do not speculate are none here. */
  free(slotIds: readonly number[]): void {
    for (const slotId of slotIds) {
      if (this.#open.delete(slotId)) this.#backend.kv.free(slotId);
    }
    this.#backend.kv.giveBackMemory();
  }

  releaseKv(): Promise<void> {
    return this.#backend.kv.renew();
  }

  /** Catches up with the outputs of all, then drafts for all at once, one token after the other. */
  async prepare(wishes: readonly DraftWish[], betweenRuns: () => void): Promise<void> {
    const pieces = wishes.flatMap((wish) => this.#missing(wish));
    await this.#run(pieces, betweenRuns);
    // What was computed settles who goes on, with all that was missing.
    const drafting = wishes
      .filter(({ drafter }) => drafter.missing() === null && drafter.isOn)
      .map((wish) => ({ ...wish, count: Math.min(wish.count, wish.drafter.numDraftsMax) }));
    const most = Math.max(0, ...drafting.map(({ count }) => count));
    for (let numDrafts = 1; numDrafts < most; numDrafts++) {
      const next = drafting.filter(({ count }) => numDrafts < count);
      await this.#run(
        next.map(({ slotId, drafter }) => {
          return { slotId, drafter, tokens: drafter.draft(numDrafts).slice(-1), headFrom: 0 };
        }),
        betweenRuns,
      );
    }
  }

  #missing({ slotId, drafter }: DraftWish): Piece[] {
    const missing = drafter.missing();
    if (missing === null) return [];
    this.#backend.kv.setLength(slotId, missing.from);
    return cutRows(missing, this.#backend.forward.prefill.maxRows).map((piece) => {
      return { slotId, drafter, ...piece };
    });
  }

  async #run(pieces: readonly Piece[], betweenRuns: () => void): Promise<void> {
    const { forward } = this.#backend;
    if (mayDecode(pieces)) {
      betweenRuns();
      await runParts(forward, [this.#decodePart(pieces)], { decodes: true });
      return;
    }
    const groups = groupSequences(pieces, forward.prefill, ({ slotId, tokens, headFrom }) => {
      const numHeadRows = Math.max(0, tokens.length - headFrom);
      return { slotId, numRows: tokens.length + (tokens.length % 2), numHeadRows };
    });
    for (const group of groups) {
      betweenRuns();
      const parts = group.map((piece) => this.#part(piece));
      await runParts(forward, parts, { decodes: false });
    }
  }

  /** A row of each. */
  #decodePart(pieces: readonly Piece[]): RunPart {
    const { kv } = this.#backend;
    const sequences = kv.arrange(new Set(pieces.map(({ slotId }) => slotId)));
    const lengths = sequences.map((slotId) => (slotId === FILLER ? 0 : kv.lengthOf(slotId)) + 1);
    const tokens = new Int32Array(sequences.length);
    const rows = pieces.map(({ slotId }) => sequences.indexOf(slotId));
    for (const [i, piece] of pieces.entries()) {
      tokens.set(this.#evenRun(piece.tokens).subarray(0, 1), rows[i]);
    }
    return {
      slots: sequences,
      counts: sequences.map(() => 1),
      lengths,
      tokens,
      headRows: rows.map((row) => ({ row, temperature: 1, isWhole: false })),
      wantLogits: false,
      wantExperts: false,
      hiddenRows: [],
      take: ({ firstHeadRow }) => {
        for (const [i, { slotId, drafter, tokens: fed }] of pieces.entries()) {
          kv.setLength(slotId, kv.lengthOf(slotId) + 1);
          drafter.fed(fed, [this.#choiceOf(firstHeadRow + i)]);
        }
      },
    };
  }

  #part({ slotId, drafter, tokens, headFrom }: Piece): RunPart {
    const { kv } = this.#backend;
    const position = kv.lengthOf(slotId);
    const run = this.#evenRun(tokens);
    const asked = [...tokens.keys()].slice(headFrom);
    return {
      slots: [slotId],
      counts: [run.length],
      lengths: [position + run.length],
      tokens: run,
      headRows: asked.map((row) => ({ row, temperature: 1, isWhole: false })),
      wantLogits: false,
      wantExperts: false,
      hiddenRows: [],
      take: ({ firstHeadRow }) => {
        const choices = asked.map((_, i) => this.#choiceOf(firstHeadRow + i));
        const unasked = tokens.slice(0, headFrom).map(() => -1);
        kv.setLength(slotId, position + tokens.length);
        drafter.fed(tokens, [...unasked, ...choices]);
      },
    };
  }

  /** With a dummy behind an odd number. Ids that only the served model has become the first. */
  #evenRun(tokens: readonly number[]): Int32Array {
    const { vocabSize } = this.#backend.forward.head;
    const run = new Int32Array(tokens.length + (tokens.length % 2));
    run.set(tokens.map((token) => (token < vocabSize ? token : 0)));
    return run;
  }

  /** The likeliest token of a head row, one that the served model has. */
  #choiceOf(row: number): number {
    const { head } = this.#backend.forward;
    const token = isDistribution(head, row) ? Number(head.topIds[row * head.topCount]) : 0;
    return token < this.#vocabSize ? token : 0;
  }
}

/** A row of each slot, whose choice is asked for and may have any bits. */
function mayDecode(pieces: readonly Piece[]): boolean {
  return (
    pieces.length > 0 &&
    pieces.every(({ drafter, tokens, headFrom }) => {
      return !drafter.isSteady && tokens.length === 1 && headFrom === 0;
    })
  );
}

/** Into runs with an even number of rows, but for the last, and no more rows that are asked than a run has. */
function cutRows(
  { tokens, headFrom }: MissingRows,
  maxRows: number,
): Pick<Piece, 'tokens' | 'headFrom'>[] {
  const pieces: Pick<Piece, 'tokens' | 'headFrom'>[] = [];
  for (let from = 0; from < tokens.length;) {
    const mostAsked = Math.max(from, headFrom) + PREFILL_HEAD_ROWS;
    const most = Math.min(from + maxRows, mostAsked);
    const to = most >= tokens.length ? tokens.length : most - ((most - from) % 2);
    pieces.push({ tokens: tokens.slice(from, to), headFrom: Math.max(0, headFrom - from) });
    from = to;
  }
  return pieces;
}

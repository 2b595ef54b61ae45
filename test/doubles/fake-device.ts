/**
 * A device without a model. The "KV" of a row is a hash of the whole token prefix (and, if asked, of
 * whether prefill or decoding made each row), computed from the row before it as it lies on its page.
 * Slots share pages, so a wrong load, reuse or replay makes wrong tokens from there on. Where it keeps states, places have
 * the last row's number, and a slot begins with a place that has just that of the last row it loads.
 * It throws on plans that break the contract of src/core/batch.ts, for devices that copy and for those with pages.
 */
import assert from 'node:assert/strict';
import {
  DECODE_STRIDE,
  RESULT_LENGTH,
  RESULT_STALLED,
  RESULT_STOP,
  TURN_STRIDE,
  type EmbedPlan,
  type EmbedResult,
  type LoadRow,
  type PlanHiddenRows,
  type PlanLogprobRow,
  type PrefillRow,
  type RoutedRows,
  type SaveRow,
  type SlotOpen,
  type StepPlan,
  type StepResult,
} from '../../src/core/batch.js';
import type { Grammar } from '../../src/core/grammar.js';
import { endingTokenIds, type SamplingParams } from '../../src/core/sampling-params.js';
import type { DeviceLimits } from '../../src/messages.js';
import { PagedRows } from './paged-rows.js';

export const FAKE_VOCAB_SIZE = 211;
const FAKE_DIM = 2;
const START = 0x9e3779b9;
const PREFILL_MADE = 1;
const DECODE_MADE = 2;
/** A mask is late for one sample in so many. */
const LATE_ONE_IN = 3;

/** Its masks allow everything, and are often late. */
export const FAKE_GRAMMAR: Grammar = { spec: { kind: 'regex', pattern: '.*' }, after: null };

export interface FakeDeviceOptions {
  readonly limits: DeviceLimits;
  /** Rows remember how they were made, and tokens depend on it. */
  readonly marksMaker: boolean;
}

interface Slot {
  readonly open: SlotOpen;
  /** What its rows must be on their pages. */
  readonly rows: number[];
  readonly tokens: number[];
  numOutputs: number;
  lastToken: number;
  stopped: boolean;
  cancelled: boolean;
  /** Its last row does not count: the mask was late. */
  stalled: boolean;
  /** Its last row is one of this step's, of its answer. */
  decoded: boolean;
}

export class FakeDevice {
  readonly slots = new Map<number, Slot>();
  private readonly pages: PagedRows;
  /** By place: the number of the last row before the state. */
  private readonly states = new Map<number, number>();
  /** Those that are still to come. */
  private saves: readonly SaveRow[] = [];
  private nextStep = 0;
  /** `[planRow, position, token]` of the rows since the last result. */
  private readonly computed: (readonly [number, number, number])[] = [];
  /** Hidden states of the rows since the last result, by plan row. */
  private readonly hidden = new Map<number, { readonly position: number; values: number[] }>();
  numPrefillRows = 0;
  numDecodeRows = 0;
  numTurnRows = 0;
  numStalls = 0;
  numStateSaves = 0;
  numStateLoads = 0;
  /** Stalls of a prompt's last row that is also the last one of its page. */
  numBorderStalls = 0;

  constructor(private readonly options: FakeDeviceOptions) {
    this.pages = new PagedRows(options.limits);
  }

  /** Places of slots that got another page. */
  get numSwaps(): number {
    return this.pages.numSwaps;
  }

  cancel(slot: number): void {
    const open = this.slots.get(slot);
    if (open !== undefined) open.cancelled = true;
  }

  run(plan: StepPlan): StepResult {
    assert.equal(plan.step, this.nextStep++, 'steps come in order');
    this.computed.length = 0;
    this.hidden.clear();
    const tokens: number[] = [];
    const logprobRows: PlanLogprobRow[] = [];
    for (const open of plan.opens) this.open(open);
    for (const slot of plan.frees) this.pages.leave(slot);
    for (const row of plan.maps) this.pages.map(row, this.slot(row.slot).rows.length);
    for (const row of plan.loads) this.load(row);
    this.saves = [...this.saves, ...plan.saves];
    this.checkSaves(plan);
    plan.prefill.forEach((row, planRow) => {
      this.prefill(row, planRow, { tokens, logprobRows });
    });
    for (let i = 0; i < plan.decode.length; i += DECODE_STRIDE) {
      const planRow = plan.prefill.length + i / DECODE_STRIDE;
      this.decode(plan.decode.subarray(i, i + DECODE_STRIDE), planRow, { tokens, logprobRows });
    }
    const turns: number[] = [];
    for (let i = 0; i < plan.turns.length; i += TURN_STRIDE) {
      const planRow = plan.prefill.length + plan.decode.length / DECODE_STRIDE + i / TURN_STRIDE;
      const done = this.turn(plan.turns.subarray(i), planRow, { tokens, logprobRows });
      if (done !== null) turns.push(planRow, ...done);
    }
    for (const row of plan.stores) this.pages.store(row, this.slot(row.slot).rows);
    for (const slot of this.slots.values()) {
      if (slot.stalled) slot.rows.pop();
      else if (slot.decoded) this.saveAt(slot);
      slot.stalled = false;
      slot.decoded = false;
    }
    for (const slot of plan.frees) {
      this.slots.delete(slot);
      this.pages.free(slot);
      this.saves = this.saves.filter((save) => save.slot !== slot);
    }
    return {
      step: plan.step,
      tokens: Int32Array.from(tokens),
      turns: Int32Array.from(turns),
      logprobRows,
      hiddenRows: [...this.hidden].map(hiddenRowsOf),
      routing: plan.recordsExperts ? routingOf(this.computed.splice(0)) : null,
      timing: { startMs: 0, loadUs: 0, prefillUs: 0, decodeUs: 0, lastStoreUs: 0 },
    };
  }

  embed({ step, sequences }: EmbedPlan): EmbedResult {
    assert.equal(step, this.nextStep++, 'steps come in order');
    assert(sequences.length > 0, 'an embed step without sequences');
    const vectors = sequences.flatMap(({ tokens }) => expectedVector(tokens));
    return {
      step,
      dim: FAKE_DIM,
      isPerToken: false,
      vectors: Float32Array.from(vectors),
      routing: null,
      computeUs: 0,
      startMs: 0,
    };
  }

  private open(open: SlotOpen): void {
    const { numSlots } = this.options.limits;
    assert(open.slot >= 0 && open.slot < numSlots, 'slot out of range');
    assert(!this.slots.has(open.slot), 'slot is open already');
    this.pages.open(open.slot);
    this.slots.set(open.slot, {
      open,
      rows: [],
      tokens: [],
      numOutputs: open.priorOutputIds.length,
      lastToken: -1,
      stopped: false,
      cancelled: false,
      stalled: false,
      decoded: false,
    });
  }

  private slot(slot: number): Slot {
    const found = this.slots.get(slot);
    assert(found !== undefined, `slot ${slot} is not open`);
    return found;
  }

  private load(row: LoadRow): void {
    const slot = this.slot(row.slot);
    assert.equal(slot.rows.length, 0, 'loads go to fresh slots');
    slot.rows.push(...this.pages.load(row));
    slot.tokens.length = row.numTokens;
    const keepsStates = this.options.limits.states !== undefined;
    assert.equal(row.statePlace !== undefined, keepsStates, 'a load has a state where states are');
    if (row.statePlace === undefined) return;
    this.numStateLoads++;
    assert.equal(this.states.get(row.statePlace), slot.rows.at(-1), 'the state behind the rows');
  }

  /** Each is of a slot that computes the row before it in this step, and has a place of its own. */
  private checkSaves({ saves, prefill, decode }: StepPlan): void {
    const { states } = this.options.limits;
    assert(saves.length === 0 || states !== undefined, 'no states are kept here');
    const places = new Set(saves.map(({ place }) => place));
    assert.equal(places.size, saves.length, 'two states on one place');
    const decoding = new Set(decode.filter((_, i) => i % DECODE_STRIDE === 0));
    for (const { slot, numTokens, place } of saves) {
      assert(place >= 0 && place < (states?.numPlaces ?? 0), 'place out of range');
      assert.equal(numTokens % this.options.limits.pageSizeTokens, 0, 'states are behind pages');
      const row = prefill.find((one) => one.slot === slot);
      const isPrompt =
        row !== undefined &&
        numTokens > row.position &&
        numTokens <= row.position + row.tokens.length;
      assert(isPrompt || decoding.has(slot), 'a save of rows that are not in the step');
    }
  }

  private saveAt(slot: Slot): void {
    const { length } = slot.rows;
    const isDue = (save: SaveRow) => save.slot === slot.open.slot && save.numTokens === length;
    for (const { place } of this.saves.filter(isDue)) {
      this.numStateSaves++;
      this.states.set(place, slot.rows.at(-1) ?? START);
    }
    this.saves = this.saves.filter((save) => !isDue(save));
  }

  private prefill(row: PrefillRow, planRow: number, out: ResultLists): void {
    const slot = this.slot(row.slot);
    if (slot.stopped || slot.cancelled) return;
    assert.equal(row.position, slot.rows.length, 'prefill continues where the rows end');
    assert(row.tokens.length > 0, 'prefill of nothing');
    assert.equal(row.previousToken === -1, row.position === 0, 'previousToken');
    const known = slot.tokens[row.position - 1];
    if (known !== undefined) assert.equal(row.previousToken, known, 'previousToken is wrong');
    const end = row.position + row.tokens.length;
    assert.equal(row.nextToken === -1, end === slot.open.promptLen, 'nextToken');
    this.pages.check(row.slot, slot.rows);
    row.tokens.forEach((token, i) => {
      this.computed.push([planRow, slot.rows.length, token]);
      this.append(slot, token, PREFILL_MADE);
      this.saveAt(slot);
      this.show(slot, planRow);
      const next = row.tokens[i + 1] ?? row.nextToken;
      this.scorePrompt(slot, { next, planRow }, out);
    });
    this.numPrefillRows += row.tokens.length;
    if (row.sample) this.sample(slot, planRow, out);
  }

  private decode(triple: Int32Array, planRow: number, out: ResultLists): void {
    const [slotId = -1, token = -1, emit = 0] = triple;
    const slot = this.slot(slotId);
    assert(slot.open.speculation === null, 'a decode row of who speculates');
    if (slot.stopped || slot.cancelled) return;
    if (slot.rows.length === slot.open.promptLen - 1 && slot.open.grammar !== null) {
      out.tokens.push(planRow, 0, RESULT_STALLED);
      return;
    }
    const outputIndex = slot.rows.length - slot.open.promptLen;
    assert(outputIndex >= 0, 'decode before the prompt is computed');
    const replayed = slot.open.priorOutputIds[outputIndex];
    // A row behind one that stalled takes its place; the device knows its token too.
    const isBehindStall = slot.open.grammar !== null && token === -1;
    if (!isBehindStall) assert.equal(token, replayed ?? -1, 'replay of another token');
    assert.equal(emit, outputIndex >= slot.open.priorOutputIds.length - 1 ? 1 : 0, 'emit');
    const fed = replayed ?? slot.lastToken;
    this.pages.check(slotId, slot.rows);
    this.computed.push([planRow, slot.rows.length, fed]);
    this.append(slot, fed, DECODE_MADE);
    slot.decoded = true;
    this.numDecodeRows++;
    if (emit === 1) this.sample(slot, planRow, out);
    if (!slot.stalled) this.show(slot, planRow);
  }

  /** Some of the drafts were right: none, all, or any number between. @returns rows, drafts, correct ones */
  private turn(
    [slotId = -1, maxRows = 0]: Int32Array,
    planRow: number,
    out: ResultLists,
  ): readonly [number, number, number] | null {
    const slot = this.slot(slotId);
    assert(slot.open.speculation !== null, 'a turn of who does not speculate');
    assert(maxRows >= 1 && maxRows <= slot.open.speculation.numDraftTokens, 'rows of a turn');
    if (slot.stopped || slot.cancelled) return null;
    const wanted = 1 + (mixRow(this.nextStep, slotId, 11) % maxRows);
    const { promptLen, priorOutputIds } = slot.open;
    assert(slot.rows.length >= promptLen, 'a turn before the prompt is computed');
    this.pages.check(slotId, slot.rows);
    const numOutputs = slot.numOutputs;
    let numRows = 0;
    const goesOn = () => numRows < wanted && !slot.stopped;
    for (; goesOn(); numRows++) {
      const outputIndex = slot.rows.length - promptLen;
      const fed = priorOutputIds.at(outputIndex) ?? slot.lastToken;
      this.computed.push([planRow, slot.rows.length, fed]);
      this.append(slot, fed, DECODE_MADE);
      if (outputIndex >= priorOutputIds.length - 1) this.sample(slot, planRow, out);
    }
    this.numTurnRows += numRows;
    const numCorrect = Math.max(0, slot.numOutputs - numOutputs - 1);
    return [numRows, maxRows - 1, numCorrect];
  }

  private append(slot: Slot, token: number, maker: number): void {
    assert(slot.rows.length < this.options.limits.slotLength, 'row beyond the slot');
    const previous = slot.rows.at(-1) ?? START;
    const row = mixRow(previous, token, this.options.marksMaker ? maker : 0);
    this.pages.write(slot.open.slot, slot.rows.length, row);
    slot.rows.push(row);
    slot.tokens[slot.rows.length - 1] = token;
  }

  /** What is seen of a row is its place and its hash. */
  private show(slot: Slot, planRow: number): void {
    const position = slot.rows.length - 1;
    if (position < slot.open.hiddenFrom) return;
    const shown = this.hidden.get(planRow) ?? { position, values: [] };
    shown.values.push(...hiddenOf(position, slot.rows.at(-1) ?? START));
    this.hidden.set(planRow, shown);
  }

  private sample(slot: Slot, planRow: number, out: ResultLists): void {
    const { sampling, logprobs, grammar } = slot.open;
    if (grammar !== null && mixRow(this.nextStep, slot.open.slot, 5) % LATE_ONE_IN === 0) {
      slot.stalled = true;
      this.numStalls++;
      const isPrompt = slot.rows.length === slot.open.promptLen;
      const { pageSizeTokens } = this.options.limits;
      if (isPrompt && slot.rows.length % pageSizeTokens === 0) this.numBorderStalls++;
      out.tokens.push(planRow, 0, RESULT_STALLED);
      return;
    }
    const token = sampleToken(slot.rows.at(-1) ?? START, sampling);
    const outputIndex = slot.numOutputs++;
    slot.lastToken = token;
    const flags = endFlags(sampling, token, slot.numOutputs);
    if (flags !== 0) slot.stopped = true;
    out.tokens.push(planRow, token, flags);
    if (logprobs === null) return;
    out.logprobRows.push({ planRow, position: outputIndex, part: 'output', ...score(slot, token) });
  }

  private scorePrompt(slot: Slot, at: { next: number; planRow: number }, out: ResultLists): void {
    const { logprobs } = slot.open;
    const position = slot.rows.length;
    if (logprobs === null || at.next === -1 || position < logprobs.startLen) return;
    const { planRow, next } = at;
    out.logprobRows.push({ planRow, position, part: 'prompt', ...score(slot, next) });
  }
}

function hiddenOf(position: number, row: number): readonly number[] {
  return [position, Math.fround(row / 2 ** 32)];
}

function hiddenRowsOf([planRow, { position, values }]: readonly [
  number,
  { readonly position: number; readonly values: readonly number[] },
]): PlanHiddenRows {
  const numRows = values.length / FAKE_DIM;
  return { planRow, position, numRows, values: Float32Array.from(values) };
}

/** Hidden states of all rows that a request and its outputs have, `[rows, FAKE_DIM]`. */
export function expectedHidden(
  prompt: Int32Array,
  outputs: readonly number[],
  marksMaker: boolean,
): readonly number[] {
  let row = START;
  return [...prompt, ...outputs].flatMap((token, position) => {
    const maker = position < prompt.length ? PREFILL_MADE : DECODE_MADE;
    row = mixRow(row, token, marksMaker ? maker : 0);
    return hiddenOf(position, row);
  });
}

/** One layer, one expert per row: the token's last bit. */
function routingOf(rows: readonly (readonly [number, number, number])[]): RoutedRows {
  return {
    planRows: Int32Array.from(rows, ([planRow]) => planRow),
    positions: Int32Array.from(rows, ([, position]) => position),
    tokens: Int32Array.from(rows, ([, , token]) => token),
    experts: Uint16Array.from(rows, ([, , token]) => token & 1),
  };
}

interface ResultLists {
  readonly tokens: number[];
  readonly logprobRows: PlanLogprobRow[];
}

function mixRow(previous: number, token: number, maker: number): number {
  let x = Math.imul(previous ^ (token + 0x7f4a7c15), 0x85ebca6b) + maker;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function sampleToken(row: number, { seed, sampleIndex }: SamplingParams): number {
  return mixRow(row, seed + 31 * sampleIndex, 7) % FAKE_VOCAB_SIZE;
}

function endFlags(sampling: SamplingParams, token: number, numOutputs: number): number {
  let flags = numOutputs >= sampling.maxNewTokens ? RESULT_LENGTH : 0;
  if (numOutputs > sampling.minNewTokens && endingTokenIds(sampling).has(token)) {
    flags |= RESULT_STOP;
  }
  return flags;
}

function score(slot: Slot, token: number): { ids: Int32Array; values: Float32Array } {
  const row = slot.rows.at(-1) ?? START;
  return { ids: Int32Array.of(token), values: Float32Array.of(-mixRow(row, token, 3) / 2 ** 32) };
}

/** `[FAKE_DIM]` of one sequence: its length and its last token. */
export function expectedVector(tokens: Int32Array): number[] {
  return [tokens.length, tokens.at(-1) ?? -1];
}

/** What a request answers when nothing is batched, cached, retracted or retried. */
export function expectedOutput(
  prompt: Int32Array,
  sampling: SamplingParams,
  marksMaker: boolean,
): { readonly tokens: readonly number[]; readonly flags: number } {
  let row = START;
  for (const token of prompt) row = mixRow(row, token, marksMaker ? PREFILL_MADE : 0);
  const tokens: number[] = [];
  let flags = sampling.maxNewTokens === 0 ? RESULT_LENGTH : 0;
  while (flags === 0) {
    const token = sampleToken(row, sampling);
    tokens.push(token);
    flags = endFlags(sampling, token, tokens.length);
    row = mixRow(row, token, marksMaker ? DECODE_MADE : 0);
  }
  return { tokens, flags };
}

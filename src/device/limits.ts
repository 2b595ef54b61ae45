import { StartupError } from '../core/errors.js';
import {
  KV_PARTS,
  kvBytesPerToken,
  stateBytes,
  stateElements,
  type ModelSpec,
} from '../core/model-spec.js';
import { shownMiB } from '../core/shown-size.js';
import type { DeviceLimits, StateLimits } from '../messages.js';
import { PART_ROWS } from '../model/graph/contract.js';
import { kvShapeOf, MAX_ARRAY_ELEMENTS } from './cpu/kv-arrays.js';
import { slotElements } from './cpu/kv-slots.js';

/** Requests that run at once when nobody says; SGLang's own default follows from memory alone. */
const DEFAULT_RUNNING_MAX = 64;
/** What Node.js and the runtime take before a weight is loaded: code, threads, heaps. */
export const RUNTIME_BYTES = 170 * 2 ** 20;
/** What a device's steps take beside KV and weights: activations, sampling, what waits to be freed. */
export const WORK_BYTES = 40 * 2 ** 20;
/** Part of the pool's tokens that may be resident in slots without holding KV. */
export const IDLE_SHARE = 0.25;
/** Of the budget that the states of as many sequences as nobody asked for may take. */
const STATE_SHARE = 0.25;
/** A state is there twice: as the next run reads it, and as the last one made it. */
const STATE_COPIES = 2;
/** Of what is left, the places where states are kept for prefixes take so much where nobody says. */
const PLACES_SHARE = 0.2;
/** A place for so many tokens of the pool is enough. */
const TOKENS_PER_PLACE = 64;
/** Rows of a prefill run: a run is never cut for a state that is kept every so many tokens. */
const RUN_TOKENS = 256;
/** Tokens of the pool that a running request should find, before more requests run at once. */
const TOKENS_PER_RUNNING = 256;

export interface MemoryOptions {
  readonly spec: ModelSpec;
  /** Of the model that drafts, which has slots of its own and no pages; null = none. */
  readonly draft?: ModelSpec | null;
  /** What adapters may take on a device, all copies of them; default: there are none. */
  readonly loraBytes?: number;
  /** RAM or the cgroup's limit, whichever is less. */
  readonly memoryBytes: number;
  /** `--dp-size`: the devices share the memory. */
  readonly numDevices: number;
  /** `--mem-fraction-static` */
  readonly memFraction: number;
  /** `--max-running-requests`, per device; null = chosen here. */
  readonly maxRunningRequests: number | null;
  /** `--max-total-tokens`; null = as many as fit. */
  readonly maxTotalTokens: number | null;
  readonly pageSizeTokens: number;
  /** How states of a model that keeps them are kept for prefixes; null = not at all. */
  readonly states?: StateOptions | null;
}

export interface StateOptions {
  /** `--max-mamba-cache-size`; null = chosen here. */
  readonly maxPlaces: number | null;
  /** `--mamba-track-interval`; null = chosen here. */
  readonly intervalTokens: number | null;
}

export interface MemoryPlan {
  readonly limits: DeviceLimits;
  /** Lines for the log: where the memory goes. */
  readonly account: readonly string[];
  /** Of each GPU, beside weights and KV; null = it is the machine's, which tells itself. */
  readonly freeBytes: number | null;
}

/**
 * One budget for the KV of a device.
 *
 * Every row that a running request has in its slot is reserved in the page pool as well, so at any moment
 * the slots hold at most as many live rows as the pool, and {@link idleRowsMax} that were live once:
 * `scratch = min(slots * slotLength, 1.25 * pool)`. Slots are virtual memory until used, which is why many
 * of them are affordable under a long context.
 *
 * @throws StartupError when it does not fit
 */
export function planMemory(options: MemoryOptions): MemoryPlan {
  const { spec, pageSizeTokens } = options;
  const whole = kvBudget(options);
  if (spec.embedding !== null) return planEmbedding(options, whole);
  const numSlotsAsked = slotsAsked(options, whole);
  const left = whole - numSlotsAsked * slotStateBytes(spec);
  const states = chooseStates(options, left);
  const budget = left - (states?.numPlaces ?? 0) * stateBytes(spec);
  const budgetTokens = Math.floor(budget / kvBytesPerToken(spec));
  const poolTokens = choosePool(options, budgetTokens, numSlotsAsked);
  const numPages = Math.floor(poolTokens / pageSizeTokens);
  if (numPages < 2) throw tooSmall(options, budget);
  const longest = Math.min(spec.contextLength, numPages * pageSizeTokens);
  // Even, so that the dummy row of an odd prefill run never passes the end of the context.
  const slotLength = longest - (longest % 2);
  const numSlots = chooseSlots(options, {
    slotLength,
    poolTokens: numPages * pageSizeTokens,
    numSlotsAsked,
  });
  const limits = { numSlots, slotLength, numPages, pageSizeTokens, ...(states && { states }) };
  return { limits, account: describe(options, limits, budget), freeBytes: null };
}

/** What a slot takes however long its sequence is. */
function slotStateBytes(spec: ModelSpec): number {
  return STATE_COPIES * stateBytes(spec);
}

/**
 * Places for states of prefixes, and how far apart they are in a long prompt: a state takes no more there than K and V of
 * the tokens between two.
 *
 * @throws StartupError where those that were asked for do not fit
 */
function chooseStates(
  { spec, states = null, pageSizeTokens }: MemoryOptions,
  budget: number,
): StateLimits | null {
  if (spec.state === null || states === null) return null;
  const bytes = stateBytes(spec);
  const perToken = kvBytesPerToken(spec);
  const interval =
    states.intervalTokens ?? RUN_TOKENS * Math.max(1, Math.ceil(bytes / perToken / RUN_TOKENS));
  const useful = Math.ceil(budget / perToken / TOKENS_PER_PLACE);
  const chosen = Math.max(2, Math.min(useful, Math.floor((PLACES_SHARE * budget) / bytes)));
  const largest = Math.max(...spec.state.tensors.map(stateElements));
  const numPlaces = Math.min(states.maxPlaces ?? chosen, Math.floor(MAX_ARRAY_ELEMENTS / largest));
  if (numPlaces * bytes >= budget) {
    throw new StartupError(
      `--max-mamba-cache-size ${states.maxPlaces ?? numPlaces} does not fit: a recurrent state takes ${shownMiB(bytes)}, and states that are kept ` +
        `for prefixes, pages and slots have ${shownMiB(budget)} together. Lower it, raise --mem-fraction-static or give ` +
        '--disable-radix-cache.',
    );
  }
  return { numPlaces, intervalTokens: pageSizeTokens * Math.ceil(interval / pageSizeTokens) };
}

/** Fewer than the default where states are large. @throws StartupError where those that were asked for do not fit */
function slotsAsked({ spec, maxRunningRequests }: MemoryOptions, budget: number): number {
  const bytes = slotStateBytes(spec);
  if (maxRunningRequests === null) {
    return Math.max(1, Math.min(DEFAULT_RUNNING_MAX, Math.floor((STATE_SHARE * budget) / bytes)));
  }
  if (maxRunningRequests * bytes >= budget) {
    throw new StartupError(
      `--max-running-requests ${maxRunningRequests} does not fit: the recurrent state of one request takes ` +
        `${shownMiB(bytes)}, and states, pages and slots have ${shownMiB(budget)} together. ` +
        'Lower it or raise --mem-fraction-static.',
    );
  }
  return maxRunningRequests;
}

/**
 * No slots and no pages. What grows is the attention of one text: `heads * length²` scores at once, which
 * bounds the length.
 */
function planEmbedding(options: MemoryOptions, budget: number): MemoryPlan {
  const { spec, pageSizeTokens } = options;
  const scoreBytes = spec.numHeads * Float32Array.BYTES_PER_ELEMENT;
  const slotLength = Math.min(spec.contextLength, Math.floor(Math.sqrt(budget / scoreBytes)));
  return {
    limits: { numSlots: 0, slotLength, numPages: 0, pageSizeTokens },
    freeBytes: null,
    account: [
      `memory: ${shownMiB(options.memoryBytes)} for ${options.numDevices} device(s)`,
      `runtime: ${shownMiB(runtimeBytes(options.numDevices))}`,
      `weights: ${shownMiB(spec.weightBytes)} per device`,
      `texts of up to ${slotLength} tokens: attention takes up to ${shownMiB(scoreBytes * slotLength ** 2)}`,
    ],
  };
}

/** Rows that a device lets its slots keep resident although nothing lives there. */
export function idleRowsMax({ numPages, pageSizeTokens }: DeviceLimits): number {
  return Math.floor(numPages * pageSizeTokens * IDLE_SHARE);
}

/**
 * Before anything is loaded: a container that is smaller than the runtime alone would be killed without a word.
 *
 * @throws StartupError
 */
export function requireRuntimeMemory(memoryBytes: number, numDevices: number): void {
  const needed = runtimeBytes(numDevices);
  if (memoryBytes > needed) return;
  throw new StartupError(
    `Only ${shownMiB(memoryBytes)} of memory can be used, and the runtime alone takes ${shownMiB(needed)} ` +
      `with ${numDevices} device(s). Give it more.`,
  );
}

function runtimeBytes(numDevices: number): number {
  return RUNTIME_BYTES + numDevices * WORK_BYTES;
}

/** What weights and KV of one device may take together; less than nothing where the runtime alone does not fit. */
export function deviceBytes(memoryBytes: number, numDevices: number): number {
  return (memoryBytes - runtimeBytes(numDevices)) / numDevices;
}

function kvBudget({
  spec,
  draft = null,
  memoryBytes,
  numDevices,
  memFraction,
  loraBytes = 0,
}: MemoryOptions): number {
  requireRuntimeMemory(memoryBytes, numDevices);
  const weightBytes = spec.weightBytes + (draft?.weightBytes ?? 0);
  const left =
    deviceBytes(memoryBytes, numDevices) -
    weightBytes -
    loraBytes -
    extendBytes(spec) -
    draftExtendBytes({ spec, draft });
  if (left <= 0) {
    throw new StartupError(
      `The weights take ${shownMiB(weightBytes * numDevices)}, the runtime ${shownMiB(runtimeBytes(numDevices))}, ` +
        `and only ${shownMiB(memoryBytes)} of memory can be used. ` +
        'Use a smaller model, a smaller --quantization format or a smaller --dp-size.',
    );
  }
  return left * memFraction;
}

/**
 * What attention of an extend takes while a layer runs, beside a cache of integers: scores of its longest part, and keys
 * and values as floats, before and after they are joined. In a cache of floats they are where they are kept.
 */
function extendBytes({ kvType, contextLength, numHeads, numKvHeads, headDim }: ModelSpec): number {
  if (kvType !== 'i8') return 0;
  const perKey = numHeads * PART_ROWS + 2 * KV_PARTS.length * numKvHeads * headDim;
  return contextLength * perKey * Float32Array.BYTES_PER_ELEMENT;
}

/** The same of the draft model, of whose context no more is used than the served one has. */
function draftExtendBytes({ spec, draft = null }: Pick<MemoryOptions, 'spec' | 'draft'>): number {
  if (draft === null) return 0;
  const contextLength = Math.min(draft.contextLength, spec.contextLength);
  return extendBytes({ ...draft, contextLength });
}

function draftKvBytes({ draft = null }: MemoryOptions): number {
  return draft === null ? 0 : kvBytesPerToken(draft);
}

/** Tokens of the page pool: all that fits beside the slots, or what was asked for. */
function choosePool(options: MemoryOptions, budgetTokens: number, numSlots: number): number {
  const longest = options.maxTotalTokens ?? Infinity;
  const slotTokens = numSlots * Math.min(options.spec.contextLength, longest);
  const bytes = kvBytesPerToken(options.spec);
  /** What a row in a slot takes, in rows on a page: a draft model has it too. */
  const slotShare = 1 + draftKvBytes(options) / bytes;
  const shared = Math.floor(budgetTokens / (1 + (1 + IDLE_SHARE) * slotShare));
  const fits = Math.max(shared, Math.floor(budgetTokens - slotTokens * slotShare));
  const asked = options.maxTotalTokens;
  if (asked === null) return fits;
  if (asked > fits) {
    throw new StartupError(
      `--max-total-tokens ${asked} does not fit: pages and slots of ${asked} tokens take ` +
        `${shownMiB((asked + Math.min(asked, slotTokens) * slotShare) * bytes)}, the KV budget is ${shownMiB(budgetTokens * bytes)} ` +
        `(${fits} tokens). Lower it or raise --mem-fraction-static.`,
    );
  }
  return asked;
}

interface SlotRoom {
  readonly slotLength: number;
  readonly poolTokens: number;
  /** Or as many as nobody asked for. */
  readonly numSlotsAsked: number;
}

function chooseSlots(
  options: MemoryOptions,
  { slotLength, poolTokens, numSlotsAsked }: SlotRoom,
): number {
  const specs = [options.spec, ...(options.draft ? [options.draft] : [])];
  const layers = specs.flatMap((spec) => kvShapeOf(spec).layers);
  const perSlot = Math.max(...layers.map((layer) => slotElements(layer, slotLength)));
  const most = Math.floor(MAX_ARRAY_ELEMENTS / perSlot);
  const asked = options.maxRunningRequests;
  if (most < 1 || (asked !== null && asked > most)) {
    throw new StartupError(
      `--max-running-requests ${asked ?? 1} does not fit: one KV array holds at most ${most} slots of ${slotLength} tokens. ` +
        'Lower it, --max-total-tokens or --context-length.',
    );
  }
  if (asked !== null) return asked;
  const useful = Math.max(1, Math.floor(poolTokens / TOKENS_PER_RUNNING));
  return Math.min(numSlotsAsked, useful, most);
}

function tooSmall(options: MemoryOptions, budget: number): StartupError {
  const page = kvBytesPerToken(options.spec) * options.pageSizeTokens;
  return new StartupError(
    `The KV budget of ${shownMiB(budget)} holds fewer than two pages of ${options.pageSizeTokens} tokens (${shownMiB(page)} each) ` +
      'and their slots. Raise --mem-fraction-static or --max-total-tokens, or use a smaller model.',
  );
}

function describe(options: MemoryOptions, limits: DeviceLimits, budget: number): string[] {
  const bytes = kvBytesPerToken(options.spec);
  const pool = limits.numPages * limits.pageSizeTokens;
  const slots = limits.numSlots * limits.slotLength;
  return [
    `memory: ${shownMiB(options.memoryBytes)} for ${options.numDevices} device(s)`,
    `runtime: ${shownMiB(runtimeBytes(options.numDevices))}`,
    `weights: ${shownMiB(options.spec.weightBytes)} per device`,
    ...draftLine(options, limits),
    ...extendLine(options.spec),
    ...stateLine(options.spec, limits),
    `KV budget: ${shownMiB(budget)} per device (--mem-fraction-static ${options.memFraction}), ${bytes} bytes per token`,
    `KV pages: ${limits.numPages} of ${limits.pageSizeTokens} tokens = ${pool} tokens, ${shownMiB(pool * bytes)}`,
    `KV slots: ${limits.numSlots} of ${limits.slotLength} tokens, ${shownMiB(slots * bytes)} of address space, ` +
      `at most ${shownMiB(Math.min(slots, pool * (1 + IDLE_SHARE)) * bytes)} resident`,
  ];
}

function draftLine(options: MemoryOptions, { numSlots, slotLength, ...pages }: DeviceLimits) {
  const { draft = null } = options;
  if (draft === null) return [];
  const pool = pages.numPages * pages.pageSizeTokens;
  const rows = Math.min(numSlots * slotLength, pool * (1 + IDLE_SHARE));
  return [
    `draft model: weights ${shownMiB(draft.weightBytes)} per device, ` +
      `KV slots at most ${shownMiB(rows * kvBytesPerToken(draft))} resident`,
  ];
}

function stateLine(spec: ModelSpec, { numSlots, states }: DeviceLimits): string[] {
  const bytes = slotStateBytes(spec);
  if (bytes === 0) return [];
  const ofSlots = `recurrent states: ${numSlots} slots of ${shownMiB(bytes)}, ${shownMiB(numSlots * bytes)}`;
  if (states === undefined) return [ofSlots];
  const { numPlaces, intervalTokens } = states;
  const size = stateBytes(spec);
  return [
    ofSlots,
    `kept states: ${numPlaces} places of ${shownMiB(size)} for prefixes, at most ${shownMiB(numPlaces * size)} resident; ` +
      `every ${intervalTokens} tokens of a long prompt, at its end, where prompts part and where answers end`,
  ];
}

function extendLine(spec: ModelSpec): string[] {
  const bytes = extendBytes(spec);
  return bytes === 0 ? [] : [`attention of long prompts: up to ${shownMiB(bytes)}`];
}

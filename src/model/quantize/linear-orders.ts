import type { QuantizedFormat } from '../../core/model-spec.js';
import { latentEnds } from '../plan/demands.js';
import type { AttentionPlan } from '../plan/attention.js';
import type { DenseMlpPlan, MlpPlan } from '../plan/mlp.js';
import type { RecurrentPlan } from '../plan/recurrent.js';
import type { LinearPlan, NormPlan } from '../plan/tensors.js';
import type { BlockSize } from '../target.js';
import type { LinearEncoding, OutputStep } from './job.js';
import type { LinearOrder } from './job-list.js';
import type { KeptMatrix, KeptParts } from './kept-linears.js';
import { powerOfTwoIn } from './hadamard.js';
import { type LinearSteps, NO_STEPS, type RecipeSteps } from './recipe-steps.js';

/** What `MatMulNBits` takes on a CPU, the largest first. */
const BLOCK_SIZES: readonly BlockSize[] = [128, 64, 32, 16];

/** Columns that a Hadamard mixes where nothing else has spread an input: docs/decisions/0002-weight-formats.md. */
const MIXED_MAX = 64;

/** What the linears of a format become. */
export interface Encodings {
  readonly dense: LinearEncoding;
  readonly expert: LinearEncoding;
  readonly head: LinearEncoding;
  /** The largest blocks of `int8` that the head takes; null = the target's. */
  readonly headBlockMax: BlockSize | null;
  /** And of experts whose inputs are rotated. */
  readonly expertBlockMax: BlockSize | null;
  /** Of keys and values, each in a matrix of its own, as the queries are; null = all three are one. */
  readonly keyValue: LinearEncoding | null;
}

const USUAL_BLOCKS = { headBlockMax: null, expertBlockMax: null };

/**
 * The head of `int4` takes 8 bits: its errors are the logits' own. Experts beside `w8a8_int8` take a quarter less memory
 * in blocks of 64; `int8`, which is asked for to be close, stays in the target's (docs/decisions/0002).
 */
export const ENCODINGS: Readonly<Record<QuantizedFormat, Encodings>> = {
  w8a8_int8: {
    dense: 'w8a8_int8',
    expert: 'int8',
    head: 'w8a8_int8',
    ...USUAL_BLOCKS,
    expertBlockMax: 64,
    keyValue: null,
  },
  int8: { dense: 'int8', expert: 'int8', head: 'int8', ...USUAL_BLOCKS, keyValue: null },
  int4: { dense: 'int4', expert: 'int4', head: 'int8', ...USUAL_BLOCKS, keyValue: null },
};

/**
 * Of `int4` on a CPU. Keys and values are few weights and carry a quarter of the error (docs/decisions/0023). The head is
 * given any number of rows: its blocks are the largest that mind none (model/graph/run-rows.ts).
 */
export const WITH_ZEROS: Encodings = {
  dense: 'int4_zeros',
  expert: 'int4_zeros',
  head: 'int8',
  headBlockMax: 64,
  expertBlockMax: null,
  keyValue: 'int8',
};

/** As large as most blocks that are kept. */
const BESIDE_KEPT: BlockSize = 32;

/** How the linears of a part are to be rounded. */
export interface PartContext {
  readonly steps: RecipeSteps;
  readonly encoding: Encodings;
  /** Of what reads the residual stream. */
  readonly reads: LinearSteps;
}

export function attentionOrders(
  { qkv, gate, o }: AttentionPlan,
  norm: NormPlan | null,
  { steps, encoding: { dense }, reads }: PartContext,
): LinearOrder[] {
  return [
    order(qkv, dense, steps.qkv(norm, qkv)),
    ...(gate === null ? [] : [order(gate, dense, reads)]),
    order(o, dense, steps.o),
  ];
}

export function recurrentOrders(
  plan: RecurrentPlan | null,
  { steps, encoding: { dense }, reads }: PartContext,
): LinearOrder[] {
  if (plan === null) return [];
  const out = order(plan.out, dense, steps.writes);
  switch (plan.kind) {
    case 'short_conv':
      return [order(plan.bcx, dense, reads), out];
    case 'delta_net': {
      const { qkv, z, gates } = plan;
      return [order(qkv, dense, reads), order(z, dense, reads), order(gates, 'f32', reads), out];
    }
    case 'mamba1': {
      const inF32 = [plan.selection, plan.steps].map((one) => order(one, 'f32', NO_STEPS));
      return [order(plan.xz, dense, reads), ...inF32, out];
    }
    case 'mamba2': {
      const { z, xbc, dt } = plan;
      return [order(z, dense, reads), order(xbc, dense, reads), order(dt, 'f32', reads), out];
    }
  }
}

/** What is done to the linears of a dense MLP. */
interface DenseEnds {
  readonly reads: LinearSteps;
  readonly down: LinearSteps;
}

export function mlpOrders(mlp: MlpPlan, { steps, encoding, reads }: PartContext): LinearOrder[] {
  const { dense, expert } = encoding;
  const ofDense = (part: DenseMlpPlan, to: LinearEncoding, ends: DenseEnds): LinearOrder[] => [
    part.kind === 'plain'
      ? order(part.up, to, ends.reads)
      : { ...order(part.gateUp, to, ends.reads), matrices: to === 'w8a8_int8' ? 'each' : 'one' },
    order(part.down, to, ends.down),
  ];
  const own: DenseEnds = { reads, down: steps.down };
  if (mlp.kind !== 'moe') return ofDense(mlp, dense, own);
  const { shared } = mlp;
  const gate = shared?.gate ?? null;
  const [enter, leave] = latentEnds(mlp);
  // Without a Hadamard at run time, which would be a node for each of them.
  const ofExpert: DenseEnds =
    enter === undefined ? { reads, down: steps.writes } : { reads: NO_STEPS, down: NO_STEPS };
  return [
    order(mlp.router, 'f32', reads),
    ...(enter === undefined ? [] : [order(enter, dense, reads)]),
    ...mlp.experts
      .flatMap((one) => ofDense(one, expert, ofExpert))
      .map((one) => (one.inputStep === null ? one : inExpertBlocks(one, encoding))),
    ...(leave === undefined ? [] : [order(leave, dense, steps.writes)]),
    ...(shared === null ? [] : ofDense(shared, dense, own)),
    ...(gate === null ? [] : [order(gate, 'f32', reads)]),
  ];
}

/** Queries as they were ordered, keys and values in `keyValue`: each part with what is done to its rows. */
export function partsOf(whole: LinearOrder, keyValue: LinearEncoding): LinearOrder[] {
  const { plan, outputStep } = whole;
  let first = 0;
  return plan.parts.map((part, index) => {
    const begin = first;
    first += part.out;
    return {
      ...whole,
      plan: { ...plan, out: part.out, parts: [part] },
      encoding: index === 0 ? whole.encoding : keyValue,
      outputStep: outputStep && partOfStep(outputStep, begin, first),
    };
  });
}

/** A matrix in the checkpoint's own blocks. */
export function keptOrder(whole: LinearOrder, kept: KeptMatrix): LinearOrder {
  return { ...whole, encoding: 'kept', kept };
}

/** Parts of which some are kept. */
export function keptParts(whole: LinearOrder, { parts }: KeptParts): LinearOrder[] {
  return partsOf(whole, whole.encoding).map((part, at) => {
    const kept = parts[at] ?? null;
    return kept === null ? inEight(part) : keptOrder(part, kept);
  });
}

/** What is finer than four bits beside codes that are kept: nothing is rotated there. */
export function inEight(one: LinearOrder): LinearOrder {
  return { ...one, encoding: 'int8', blockSize: BESIDE_KEPT };
}

/** Of rows `[begin, end)`; the step is of all of them, or of none. */
function partOfStep(step: OutputStep, begin: number, end: number): OutputStep | null {
  return step.begin <= begin && end <= step.end ? { ...step, begin: 0, end: end - begin } : null;
}

export function order(plan: LinearPlan, encoding: LinearEncoding, steps: LinearSteps): LinearOrder {
  const blockSize = encoding === 'int4_zeros' ? largestBlock(plan) : null;
  const isBare = encoding === 'w8a8_int8' && steps.inputStep === null;
  const input = isBare ? mixedInput(plan) : {};
  return { plan, encoding, kept: null, matrices: 'one', blockSize, ...steps, ...input };
}

/**
 * What is rounded over a whole row would be rounded by its largest number: where no rotation of the stream spreads it,
 * a Hadamard at run time does, within as many columns as divide the input.
 */
function mixedInput({ in: width }: LinearPlan): Pick<LinearSteps, 'inputStep' | 'inputHadamard'> {
  const size = Math.min(MIXED_MAX, powerOfTwoIn(width));
  return { inputStep: { gain: null, rotation: { size, seed: null } }, inputHadamard: size };
}

export function headOrder(
  plan: LinearPlan,
  { head, headBlockMax }: Encodings,
  steps: LinearSteps,
): LinearOrder {
  const whole = order(plan, head, steps);
  return headBlockMax === null ? whole : { ...whole, blockSize: largestBlock(plan, headBlockMax) };
}

/** A linear of an expert whose inputs are rotated. */
export function inExpertBlocks(one: LinearOrder, { expertBlockMax }: Encodings): LinearOrder {
  if (expertBlockMax === null) return one;
  return { ...one, blockSize: largestBlock(one.plan, expertBlockMax) };
}

/** The larger, the fewer bits for scales, and the faster: with compensated rounding little is lost. */
function largestBlock({ name, in: width }: LinearPlan, most: BlockSize = 128): BlockSize {
  const size = BLOCK_SIZES.find((block) => block <= most && width % block === 0);
  if (size === undefined) throw new Error(`This is a bug: no blocks fill the input of ${name}.`);
  return size;
}

import type { MoePlan } from '../../plan/mlp.js';
import type { LinearPlan } from '../../plan/tensors.js';
import type { Lines } from '../../weights/packing.js';
import type { TensorView } from '../../weights/tensor-view.js';
import type { Names } from './names.js';

/** Matrices of all experts of a layer in one tensor. */
export interface ExpertStacks {
  /** Where they are in the layer; default: where each expert's own would be. */
  readonly at?: string;
  /** What the router and what is added to its scores are called beside them; default: as elsewhere. */
  readonly router?: string;
  readonly scoreBias?: string;
  readonly gateUp: string;
  readonly down: string;
  /** Of experts without a gate, `[experts, width, hidden]`; default: they are not in stacks. */
  readonly up?: string;
  /**
   * `gate then up`: `gateUp [experts, 2 * width, hidden]`, `down [experts, hidden, width]`. `in turns`: `gateUp [experts,
   * hidden, 2 * width]`, whose columns are of gate and up by turns, and `down [experts, width, hidden]`; biases are under
   * their names with `_bias`.
   */
  readonly order: 'gate then up' | 'in turns';
  /** The checkpoint has each expert's own tensors, or these. */
  readonly isFallback: boolean;
}

/** As transformers keeps them from its version 5 on. */
export const STACKS: ExpertStacks = {
  gateUp: 'experts.gate_up_proj',
  down: 'experts.down_proj',
  up: 'experts.up_proj',
  order: 'gate then up',
  isFallback: true,
};

/** Each expert's tensors among those of all, and the router's where they have other names. */
export function stackViews(
  stacks: ExpertStacks,
  { checkpoint: at }: Names,
  { experts, router, routing }: MoePlan,
): readonly TensorView[] {
  const { gateUp, up = null, down } = stacks;
  const numExperts = experts.length;
  const ofLinear = (linear: LinearPlan, stack: string | null, expert: number) =>
    stack === null
      ? []
      : partViews(stacks, { linear, stack: `${at}.${stack}`, expert, numExperts });
  const scoreBias = routing.kind === 'scored' ? routing.bias : null;
  return [
    ...experts.flatMap((plan, expert) => [
      ...(plan.kind === 'gated'
        ? ofLinear(plan.gateUp, gateUp, expert)
        : ofLinear(plan.up, up, expert)),
      ...ofLinear(plan.down, down, expert),
    ]),
    ...router.parts.map(({ weight, out }) =>
      renamed(weight, `${at}.${stacks.router ?? 'gate'}.weight`, [out, router.in]),
    ),
    ...(scoreBias === null || stacks.scoreBias === undefined
      ? []
      : [renamed(scoreBias.checkpoint, `${at}.${stacks.scoreBias}`, scoreBias.shape)]),
  ];
}

/** The whole of a tensor under another name. */
function renamed(name: string, of: string, shape: readonly number[]): TensorView {
  const [run = 1] = shape;
  const lines = { begin: 0, run, stride: run, order: null };
  return { name, shape, of, ofShape: shape, lines, along: 'rows', first: 0, isFallback: true };
}

interface Stacked {
  readonly linear: LinearPlan;
  readonly stack: string;
  readonly expert: number;
  readonly numExperts: number;
}

function partViews(
  { order, isFallback }: ExpertStacks,
  { linear, stack, expert, numExperts }: Stacked,
): readonly TensorView[] {
  const isTurned = order === 'in turns';
  const numParts = linear.parts.length;
  return linear.parts.flatMap(({ weight, bias, out }, part) => {
    const from = (begin: number): Lines =>
      isTurned
        ? { begin: begin + part, run: 1, stride: numParts, order: null }
        : { begin: begin + part * out, run: out, stride: out, order: null };
    const first = expert * linear.out;
    const ofWeight: TensorView = {
      name: weight,
      shape: [out, linear.in],
      of: stack,
      ofShape: isTurned ? [numExperts, linear.in, linear.out] : [numExperts, linear.out, linear.in],
      lines: from(isTurned ? 0 : first),
      along: isTurned ? 'columns' : 'rows',
      first: isTurned ? expert * linear.in : 0,
      isFallback,
    };
    if (bias === null) return [ofWeight];
    const ofBias: TensorView = {
      name: bias,
      shape: [out],
      of: `${stack}_bias`,
      ofShape: [numExperts, linear.out],
      lines: from(first),
      along: 'rows',
      first: 0,
      isFallback,
    };
    return [ofWeight, ofBias];
  });
}

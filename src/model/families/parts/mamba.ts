import type { Mamba2Plan, MambaFactors, MemoryHeads } from '../../plan/recurrent.js';
import type { ConfigFields } from '../config-fields.js';
import type { ModelConfig } from '../model-config.js';
import { fusedViews, inOrder } from './fused.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';
import { conv, readConvWidth } from './recurrent.js';

export interface MambaSizes extends MemoryHeads {
  readonly width: number;
  readonly convBias: boolean;
  readonly inputBias: boolean;
  readonly stepLimits: Mamba2Plan['stepLimits'];
}

/** The sizes that Mamba-2 mixers have under the same names; `inner` is the width of all heads. */
export function readMambaSizes(fields: ConfigFields, inner: number): MambaSizes {
  const numValueHeads = fields.size('mamba_n_heads', 128);
  const numKeyHeads = fields.size('mamba_n_groups', 1);
  const isAuto = !fields.has('mamba_d_head') || fields.raw('mamba_d_head') === 'auto';
  const valueDim = isAuto ? inner / numValueHeads : fields.size('mamba_d_head');
  if (valueDim * numValueHeads !== inner || !Number.isInteger(valueDim)) {
    fields.fail('mamba_n_heads', `heads that are ${inner} dimensions together`);
  }
  if (numValueHeads % numKeyHeads !== 0) {
    fields.fail('mamba_n_groups', `a divisor of "mamba_n_heads" (${numValueHeads})`);
  }
  return {
    numKeyHeads,
    numValueHeads,
    keyDim: fields.size('mamba_d_state', 256),
    valueDim,
    width: readConvWidth(fields, 'mamba_d_conv', 4),
    convBias: fields.boolean('mamba_conv_bias', true),
    inputBias: fields.boolean('mamba_proj_bias', false),
    stepLimits: readStepLimits(fields),
  };
}

/** `time_step_limit`; JSON has no word for infinity: transformers 5 writes an object for it, and JavaScript null. */
export function readStepLimits(fields: ConfigFields): Mamba2Plan['stepLimits'] {
  const name = 'time_step_limit';
  if (!fields.has(name)) return [0, Infinity];
  const limits = fields.raw(name);
  const [low, high] = Array.isArray(limits) ? limits.map(boundOf) : [];
  return low === undefined || high === undefined || !(low < high)
    ? fields.fail(name, 'two numbers, the smaller one first')
    : [low, high];
}

function boundOf(bound: unknown): number {
  if (bound === null) return Infinity;
  const spelled = typeof bound === 'object' && '__float__' in bound ? bound.__float__ : bound;
  return typeof spelled === 'number' || typeof spelled === 'string' ? Number(spelled) : NaN;
}

/**
 * Groups that Bamba's norm takes each by itself. The class of transformers 4 takes all as one, that of 5, which writes
 * `time_step_limit`, those of the keys; published models have one.
 */
export function normGroups(fields: ConfigFields, { numKeyHeads }: MambaSizes): number {
  return fields.has('time_step_limit') ? numKeyHeads : 1;
}

/** `mamba_expand` times the width of the stream. */
export function expandedWidth(fields: ConfigFields, { hiddenSize }: ModelConfig): number {
  return Math.trunc(fields.positive('mamba_expand', 2) * hiddenSize);
}

export interface MambaTraits extends MambaSizes {
  /** Null = none. */
  readonly norm: (NormStyle & { readonly groups: number; readonly gateBehind: boolean }) | null;
  readonly outputBias: boolean;
  /** Default: `mamba`. */
  readonly module?: string;
  readonly factors?: MambaFactors | null;
  readonly outputScale?: number;
}

/** A Mamba-2 mixer: z, x, b, c and dt are rows of one linear. */
export function mamba2(
  { names: layer, config }: LayerPlace,
  { width, convBias, inputBias, norm: style, outputBias, ...traits }: MambaTraits,
): Part<Mamba2Plan> {
  const { hiddenSize } = config;
  const { numKeyHeads, numValueHeads, keyDim, valueDim } = traits;
  const names = layer.below('recurrent', traits.module ?? 'mamba');
  const inner = numValueHeads * valueDim;
  const channels = inner + 2 * numKeyHeads * keyDim;
  const [z, xbc, dt] = [
    ['in_proj z', inner],
    ['in_proj xbc', channels],
    ['in_proj dt', numValueHeads],
  ] as const;
  const linear = (name: string, part: readonly [module: string, out: number]) =>
    names.linear(name, { in: hiddenSize, parts: [part], bias: inputBias });
  const perHead = (name: string, parameter: string) =>
    names.tensor(name, parameter, [numValueHeads]);
  return {
    plan: {
      kind: 'mamba2',
      numKeyHeads,
      numValueHeads,
      keyDim,
      valueDim,
      z: linear('z', z),
      xbc: linear('xbc', xbc),
      dt: linear('dt', dt),
      conv: conv(names, { module: 'conv1d', channels, width, activation: 'silu', bias: convBias }),
      aLog: perHead('a_log', 'A_log'),
      stepBias: perHead('step_bias', 'dt_bias'),
      stepLimits: traits.stepLimits,
      d: perHead('d', 'D'),
      norm: style && {
        ...norm(names, style, { name: 'norm', module: 'norm', width: inner }),
        groups: style.groups,
        gateBehind: style.gateBehind,
      },
      factors: traits.factors ?? null,
      out: names.linear('out', {
        in: inner,
        parts: [['out_proj', hiddenSize]],
        bias: outputBias,
      }),
      outputScale: traits.outputScale ?? 1,
    },
    views: fusedViews(
      {
        at: names.checkpoint,
        module: 'in_proj',
        in: hiddenSize,
        rows: inner + channels + numValueHeads,
        bias: inputBias,
      },
      inOrder([z, xbc, dt]),
    ),
  };
}

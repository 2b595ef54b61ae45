import type { ConvPlan, DeltaNetPlan, MemoryHeads, ShortConvPlan } from '../../plan/recurrent.js';
import type { TensorView } from '../../weights/tensor-view.js';
import type { ConfigFields } from '../config-fields.js';
import { fusedViews, type FusedPart } from './fused.js';
import type { Names } from './names.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';

/** Tokens that a convolution sees, its own included; a state of none is no state. */
export function readConvWidth(fields: ConfigFields, field: string, fallback: number): number {
  const width = fields.size(field, fallback);
  if (width < 2) fields.fail(field, 'an integer from 2');
  return width;
}

interface ConvTraits extends Pick<ConvPlan, 'channels' | 'width' | 'activation'> {
  readonly module: string;
  readonly bias: boolean;
}

/** The convolution of a mixer, which the checkpoint has as `[channels, 1, width]`. */
export function conv(names: Names, { module, bias, ...plan }: ConvTraits): ConvPlan {
  const { channels, width } = plan;
  return {
    ...plan,
    weight: names.tensor('conv', `${module}.weight`, [channels, 1, width]),
    bias: bias ? names.tensor('conv.bias', `${module}.bias`, [channels]) : null,
  };
}

export interface ShortConvTraits {
  readonly width: number;
  readonly bias: boolean;
}

/** LFM2's, under `conv`; b, c and x are rows of one linear. */
export function shortConv(
  { names: layer, config }: LayerPlace,
  { width, bias }: ShortConvTraits,
): Part<ShortConvPlan> {
  const { hiddenSize } = config;
  const names = layer.below('recurrent', 'conv');
  const parts = ['b', 'c', 'x'].map((name, index) => ({
    name: `in_proj ${name}`,
    rows: hiddenSize,
    lines: { begin: index * hiddenSize, run: hiddenSize, stride: hiddenSize, order: null },
  }));
  const at = names.checkpoint;
  return {
    plan: {
      kind: 'short_conv',
      bcx: names.linear('bcx', {
        in: hiddenSize,
        parts: parts.map(({ name, rows }) => [name, rows]),
        bias,
      }),
      conv: conv(names, { module: 'conv', channels: hiddenSize, width, activation: 'none', bias }),
      out: names.linear('out', { in: hiddenSize, parts: [['out_proj', hiddenSize]], bias }),
    },
    views: fusedViews({ at, module: 'in_proj', in: hiddenSize, rows: 3 * hiddenSize, bias }, parts),
  };
}

export interface DeltaNetTraits extends MemoryHeads {
  readonly width: number;
  readonly norm: NormStyle;
  /**
   * Each in a linear of its own, or q, k, v and z in one and b and a in another, in turns: for each key head its rows of
   * all of them.
   */
  readonly rows: 'apart' | 'in turns';
}

/** Qwen's gated delta net, under `linear_attn`. */
export function deltaNet(
  { names: layer, config }: LayerPlace,
  { width, norm: style, rows, ...heads }: DeltaNetTraits,
): Part<DeltaNetPlan> {
  const { hiddenSize } = config;
  const names = layer.below('recurrent', 'linear_attn');
  const { numKeyHeads, numValueHeads, keyDim, valueDim } = heads;
  const [keys, values] = [numKeyHeads * keyDim, numValueHeads * valueDim];
  const inputs = rows === 'apart' ? ownInputs(keys, values, heads) : inTurns(names, config, heads);
  const linear = (name: string, parts: Parts) =>
    names.linear(name, { in: hiddenSize, parts, bias: false });
  return {
    plan: {
      kind: 'delta_net',
      ...heads,
      qkv: linear('qkv', inputs.qkv),
      z: linear('z', inputs.z),
      gates: linear('gates', inputs.gates),
      conv: conv(names, {
        module: 'conv1d',
        channels: 2 * keys + values,
        width,
        activation: 'silu',
        bias: false,
      }),
      aLog: names.tensor('a_log', 'A_log', [numValueHeads]),
      stepBias: names.tensor('step_bias', 'dt_bias', [numValueHeads]),
      norm: norm(names, style, { name: 'norm', module: 'norm', width: valueDim }),
      out: names.linear('out', { in: values, parts: [['out_proj', hiddenSize]], bias: false }),
    },
    views: inputs.views,
  };
}

type Parts = readonly (readonly [module: string, out: number])[];

interface DeltaInputs {
  readonly qkv: Parts;
  readonly z: Parts;
  readonly gates: Parts;
  readonly views: readonly TensorView[];
}

function ownInputs(keys: number, values: number, { numValueHeads }: MemoryHeads): DeltaInputs {
  return {
    qkv: [['in_proj_qkv', 2 * keys + values]],
    z: [['in_proj_z', values]],
    gates: [
      ['in_proj_b', numValueHeads],
      ['in_proj_a', numValueHeads],
    ],
    views: [],
  };
}

function inTurns(
  { checkpoint: at }: Names,
  { hiddenSize }: LayerPlace['config'],
  { numKeyHeads, numValueHeads, keyDim, valueDim }: MemoryHeads,
): DeltaInputs {
  const group = numValueHeads / numKeyHeads;
  const qkvz = turns('in_proj_qkvz', numKeyHeads, [
    ['q', keyDim],
    ['k', keyDim],
    ['v', group * valueDim],
    ['z', group * valueDim],
  ]);
  const ba = turns('in_proj_ba', numKeyHeads, [
    ['b', group],
    ['a', group],
  ]);
  const names = (parts: readonly FusedPart[]): Parts => parts.map(({ name, rows }) => [name, rows]);
  const views = [qkvz, ba].flatMap(({ module, rows, parts }) =>
    fusedViews({ at, module, in: hiddenSize, rows, bias: false }, parts),
  );
  return {
    qkv: names(qkvz.parts.slice(0, 3)),
    z: names(qkvz.parts.slice(3)),
    gates: names(ba.parts),
    views,
  };
}

/** Rows of a linear that takes turns: in each of them so many rows of every part. */
function turns(
  module: string,
  count: number,
  runs: readonly (readonly [name: string, run: number])[],
): { readonly module: string; readonly rows: number; readonly parts: readonly FusedPart[] } {
  const stride = runs.reduce((sum, [, run]) => sum + run, 0);
  let end = 0;
  const parts = runs.map(([name, run]) => {
    end += run;
    const lines = { begin: end - run, run, stride, order: null };
    return { name: `${module} ${name}`, rows: count * run, lines };
  });
  return { module, rows: count * stride, parts };
}

import type { Mamba1Plan } from '../../plan/recurrent.js';
import { fusedViews, inOrder } from './fused.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';
import { conv } from './recurrent.js';

export interface Mamba1Traits {
  readonly channels: number;
  /** Numbers that each of them keeps. */
  readonly keyDim: number;
  readonly stepRank: number;
  readonly width: number;
  readonly convBias: boolean;
  /** Of the linears to and from the stream. */
  readonly bias: boolean;
  readonly norm: NormStyle;
}

/** Jamba's Mamba-1 mixer, under `mamba`. */
export function mamba1(
  { names: layer, config }: LayerPlace,
  { channels, keyDim, stepRank, width, convBias, bias, norm: style }: Mamba1Traits,
): Part<Mamba1Plan> {
  const { hiddenSize } = config;
  const names = layer.below('recurrent', 'mamba');
  const at = names.checkpoint;
  const xz = [
    ['in_proj x', channels],
    ['in_proj z', channels],
  ] as const;
  const selection = [
    ['x_proj dt', stepRank],
    ['x_proj b', keyDim],
    ['x_proj c', keyDim],
  ] as const;
  const normOf = (name: string, size: number) =>
    norm(names, style, { name: `${name}_norm`, module: `${name}_layernorm`, width: size });
  return {
    plan: {
      kind: 'mamba1',
      numKeyHeads: 1,
      numValueHeads: channels,
      keyDim,
      valueDim: 1,
      xz: names.linear('xz', { in: hiddenSize, parts: xz, bias }),
      conv: conv(names, { module: 'conv1d', channels, width, activation: 'silu', bias: convBias }),
      selection: names.linear('selection', { in: channels, parts: selection, bias: false }),
      dtNorm: normOf('dt', stepRank),
      bNorm: normOf('b', keyDim),
      cNorm: normOf('c', keyDim),
      steps: names.linear('steps', { in: stepRank, parts: [['dt_proj', channels]], bias: true }),
      aLog: names.tensor('a_log', 'A_log', [channels, keyDim]),
      d: names.tensor('d', 'D', [channels]),
      out: names.linear('out', { in: channels, parts: [['out_proj', hiddenSize]], bias }),
    },
    views: [
      ...fusedViews(
        { at, module: 'in_proj', in: hiddenSize, rows: 2 * channels, bias },
        inOrder(xz),
      ),
      ...fusedViews(
        { at, module: 'x_proj', in: channels, rows: stepRank + 2 * keyDim, bias: false },
        inOrder(selection),
      ),
    ],
  };
}

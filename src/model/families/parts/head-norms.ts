import type { AttentionPlan, HeadNormPlan } from '../../plan/attention.js';
import type { TensorPlan } from '../../plan/tensors.js';
import type { ModelConfig } from '../model-config.js';
import type { Names } from './names.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import { halves } from './rotary.js';

export interface HeadNormStyle extends NormStyle {
  readonly over: HeadNormPlan['over'];
  /** Each head has a gain of its own: rows of one tensor, or modules of a list. Default: all heads have the same. */
  readonly gains?: 'rows' | 'modules';
}

interface NormTraits {
  readonly style: HeadNormStyle | null;
  readonly modules: { readonly qNorm: string; readonly kNorm: string };
  /** Which stored dimension of a head each of the plan's is; null = it is the same. */
  readonly order: readonly number[] | null;
  /** There is no k. */
  readonly isLone: boolean;
}

/** Norms of q and k. */
export function headNorms(
  names: Names,
  { numHeads, numKvHeads, headDim }: ModelConfig,
  { style, modules, order, isLone }: NormTraits,
): Part<Pick<AttentionPlan, 'qNorm' | 'kNorm'>> {
  if (style === null) return { plan: { qNorm: null, kNorm: null }, views: [] };
  const [q, k] = [
    headNorm(names, style, { name: 'q_norm', module: modules.qNorm, heads: numHeads, headDim }),
    headNorm(names, style, { name: 'k_norm', module: modules.kNorm, heads: numKvHeads, headDim }),
  ].map((stored) => asPlanned(stored, headDim, order)) as [Part<HeadNormPlan>, Part<HeadNormPlan>];
  if (isLone) return { plan: { qNorm: q.plan, kNorm: null }, views: q.views };
  return { plan: { qNorm: q.plan, kNorm: k.plan }, views: [...q.views, ...k.views] };
}

interface StoredNorm {
  readonly name: string;
  readonly module: string;
  readonly heads: number;
  readonly headDim: number;
}

/** As the checkpoint has it. */
function headNorm(names: Names, style: HeadNormStyle, stored: StoredNorm): HeadNormPlan {
  const { name, module, heads, headDim } = stored;
  const { over, gains } = style;
  const width = headDim * (over === 'head' ? 1 : heads);
  if (gains === undefined) {
    return { ...norm(names, style, { name, module, width }), over, headGains: null };
  }
  const plan = norm(names, { ...style, hasGain: false }, { name, module, width });
  const headGains =
    gains === 'rows'
      ? [names.tensor(name, `${module}.weight`, [heads, headDim])]
      : Array.from({ length: heads }, (_, head) =>
          names.tensor(`${name}.${head}`, `${module}.norms.${head}.weight`, [headDim]),
        );
  return { ...plan, over, headGains };
}

/** The same of vectors, whose dimensions have the plan's order. */
function asPlanned(
  stored: HeadNormPlan,
  headDim: number,
  order: readonly number[] | null,
): Part<HeadNormPlan> {
  const vector = (tensor: TensorPlan): Part<TensorPlan> => planned(tensor, headDim, order);
  const [gain, bias] = [stored.gain, stored.bias].map((tensor) => tensor && vector(tensor));
  const headGains = stored.headGains?.map(vector) ?? null;
  return {
    plan: {
      ...stored,
      gain: gain?.plan ?? null,
      bias: bias?.plan ?? null,
      headGains: headGains && headGains.map(({ plan }) => plan),
    },
    views: [gain, bias, ...(headGains ?? [])].flatMap((part) => part?.views ?? []),
  };
}

function planned(
  tensor: TensorPlan,
  headDim: number,
  order: readonly number[] | null,
): Part<TensorPlan> {
  const { checkpoint, shape } = tensor;
  if (order === null && shape.length === 1) return { plan: tensor, views: [] };
  const name = order === null ? `${checkpoint} in a row` : halves(checkpoint);
  const vector = [shape.reduce((product, size) => product * size, 1)];
  const lines = { begin: 0, run: headDim, stride: headDim, order };
  return {
    plan: { ...tensor, checkpoint: name, shape: vector },
    views: [
      { name, shape: vector, of: checkpoint, ofShape: shape, lines, along: 'rows', first: 0 },
    ],
  };
}

import type {
  AlibiPlan,
  AttentionPlan,
  HeadNormPlan,
  HeadSizes,
  TemperaturePlan,
} from '../../plan/attention.js';
import type { ModelConfig } from '../model-config.js';
import type { TensorView } from '../../weights/tensor-view.js';
import { type FusedLinear, type FusedPart, fusedViews, turned, turnedViews } from './fused.js';
import { headNorms, type HeadNormStyle } from './head-norms.js';
import type { Names } from './names.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';
import { halves, headOrder, rotaryPlan, type RotaryTraits, wholeRotary } from './rotary.js';

/** What a checkpoint calls the parts of attention. */
export interface AttentionModules {
  /** What stands before the others. */
  readonly at: string;
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly o: string;
  readonly qNorm: string;
  readonly kNorm: string;
}

const MODULES: AttentionModules = {
  at: 'self_attn',
  q: 'q_proj',
  k: 'k_proj',
  v: 'v_proj',
  o: 'o_proj',
  qNorm: 'q_norm',
  kNorm: 'k_norm',
};

/** q, k and v as one linear: all heads of each one after another, or for each head of k and v those of q, itself, its v. */
export interface FusedHeads {
  readonly module: string;
  readonly heads: 'in order' | 'in turns';
}

export interface AttentionTraits {
  readonly qkvBias?: boolean;
  readonly outputBias?: boolean;
  /** Of q and k; default: none. */
  readonly headNorm?: HeadNormStyle | null;
  /** Of each head of v; default: none. */
  readonly valueNorm?: NormStyle;
  /** Default: those of the model. */
  readonly heads?: HeadSizes;
  /** The layer whose keys and values it reads: it has none of its own. */
  readonly sharesKv?: number | undefined;
  /** The norms are of what has been rotated. */
  readonly normsRotated?: boolean;
  /** Behind these norms; default: q, k and v are not clipped. */
  readonly clip?: number | null;
  /** Default: {@link wholeRotary}; null = positions are not told apart. */
  readonly rotary?: RotaryTraits | null;
  /** Default: `1 / sqrt(headDim)`. */
  readonly scale?: number;
  /** Default: 1. */
  readonly outputScale?: number;
  readonly temperature?: TemperaturePlan | null;
  readonly softcap?: number | null;
  readonly alibi?: AlibiPlan | null;
  readonly window?: number | null;
  /** The parameter with a score for each head that its keys compete with; default: there is none. */
  readonly sinks?: string;
  /** Default: q, k and v are linears of their own. */
  readonly fused?: FusedHeads;
  /** The rows of q have behind those of each head as many of its gate. */
  readonly isGated?: boolean;
  /** Weights are transposed (Conv1D). */
  readonly isTransposed?: boolean;
  readonly modules?: Partial<AttentionModules>;
}

/** Heads of q that share heads of k and v. */
export function attention(place: LayerPlace, traits: AttentionTraits = {}): Part<AttentionPlan> {
  const config = { ...place.config, ...traits.heads };
  const { hiddenSize, numHeads, headDim } = config;
  const rotary = traits.rotary === undefined ? wholeRotary(config) : traits.rotary;
  const order = headOrder(rotary, headDim);
  const modules = { ...MODULES, ...traits.modules };
  const names = place.names.within(modules.at);
  const bias = traits.qkvBias ?? false;
  const { isGated = false } = traits;
  const allHeads = headParts(config, modules, { fused: traits.fused ?? null, order, isGated });
  const { sharesKv, valueNorm } = traits;
  const heads = sharesKv === undefined ? allHeads : allHeads.slice(0, 1);
  const gate = isGated ? gatePart(config, modules) : null;
  const style = traits.headNorm ?? null;
  const isLone = sharesKv !== undefined;
  const norms = headNorms(names, config, { style, modules, order, isLone });
  const at = names.checkpoint;
  const { isTransposed = false, outputBias = false } = traits;
  const output = { at, module: modules.o, in: numHeads * headDim, rows: hiddenSize };
  return {
    plan: {
      qkv: names.linear('qkv', {
        in: hiddenSize,
        parts: heads.map(({ name, rows }) => [name, rows]),
        bias,
      }),
      ...(traits.heads === undefined ? {} : { heads: traits.heads }),
      ...(sharesKv === undefined ? {} : { sharesKv }),
      latent: null,
      ...norms.plan,
      ...(valueNorm === undefined || isLone
        ? {}
        : { vNorm: valueNormOf(names, valueNorm, headDim) }),
      normsRotated: traits.normsRotated ?? false,
      gate: gate && names.linear('gate', { in: hiddenSize, parts: [[gate.name, gate.rows]], bias }),
      clip: traits.clip ?? null,
      o: names.linear('o', {
        in: numHeads * headDim,
        parts: [[isTransposed ? turned(modules.o) : modules.o, hiddenSize]],
        bias: outputBias,
      }),
      rotary: rotary && rotaryPlan(rotary, headDim),
      outputScale: traits.outputScale ?? 1,
      scale: traits.scale ?? 1 / Math.sqrt(headDim),
      temperature: traits.temperature ?? null,
      softcap: traits.softcap ?? null,
      alibi: traits.alibi ?? null,
      window: traits.window ?? null,
      sinks: traits.sinks === undefined ? null : names.tensor('sinks', traits.sinks, [numHeads]),
    },
    views: [
      ...[...heads, ...(gate === null ? [] : [gate])].flatMap((part) =>
        part.module === part.name ? [] : viewsOf(part, { at, in: hiddenSize, bias, isTransposed }),
      ),
      ...(isTransposed ? turnedViews({ ...output, bias: outputBias }) : []),
      ...norms.views,
    ],
  };
}

/** Without a gain. */
function valueNormOf(names: Names, style: NormStyle, width: number): HeadNormPlan {
  const plan = norm(names, { ...style, hasGain: false }, { name: 'v_norm', module: '', width });
  return { ...plan, over: 'head', headGains: null };
}

interface HeadTraits {
  readonly fused: FusedHeads | null;
  readonly order: readonly number[] | null;
  readonly isGated: boolean;
}

/** Rows of q, k or v, and the module that has them among `of` rows. */
interface HeadPart extends FusedPart {
  readonly module: string;
  readonly of: number;
  /** The module that has them alone in a checkpoint that does not have {@link module}, and where they lie in it. */
  readonly alone: { readonly module: string; readonly lines: FusedPart['lines'] } | null;
}

function headParts(
  { numHeads, numKvHeads, headDim }: ModelConfig,
  { q, k, v }: AttentionModules,
  { fused, order, isGated }: HeadTraits,
): readonly HeadPart[] {
  const counts = [numHeads, numKvHeads, numKvHeads];
  const group = numHeads / numKvHeads;
  const all = (numHeads + 2 * numKvHeads) * headDim;
  /** Of a fused linear: heads before the first, and in a turn those of its own and all. */
  const inOrder = [0, numHeads, numHeads + numKvHeads].map((first) => [first, 1, 1] as const);
  const inTurns = [
    [0, group, group + 2],
    [group, 1, group + 2],
    [group + 1, 1, group + 2],
  ] as const;
  return [q, k, v].map((module, part) => {
    const rows = (counts[part] ?? 0) * headDim;
    const own = part < 2 ? order : null;
    if (fused === null) {
      const turn = isGated && part === 0 ? 2 : 1;
      const lines = { begin: 0, run: headDim, stride: turn * headDim, order: own };
      const ownName = turn === 1 ? module : `${module} without gate`;
      const name = own === null ? ownName : halves(ownName);
      return { module, of: turn * rows, rows, lines, name, alone: null };
    }
    const [first, run, stride] = (fused.heads === 'in order' ? inOrder : inTurns)[part] ?? [
      0, 1, 1,
    ];
    const lines = linesOfHeads({ first, run, stride }, headDim, own);
    const name = own === null ? module : halves(module);
    const inHeads = { begin: 0, run: headDim, stride: headDim, order: own };
    const alone = own === null ? null : { module, lines: inHeads };
    return { module: fused.module, of: all, rows, lines, name, alone };
  });
}

function gatePart({ numHeads, headDim }: ModelConfig, { q }: AttentionModules): HeadPart {
  const rows = numHeads * headDim;
  const lines = { begin: headDim, run: headDim, stride: 2 * headDim, order: null };
  return { module: q, of: 2 * rows, rows, lines, name: `${q} gate`, alone: null };
}

/** The part among the rows of its module, or of one that has it alone. */
function viewsOf(
  { module, of, alone, name, rows, lines }: HeadPart,
  linear: Pick<FusedLinear, 'at' | 'in' | 'bias' | 'isTransposed'>,
): readonly TensorView[] {
  const own =
    alone === null
      ? []
      : fusedViews({ ...linear, module: alone.module, rows }, [{ name, rows, lines: alone.lines }]);
  const among = fusedViews({ ...linear, module, rows: of }, [{ name, rows, lines }]);
  return [...own.map((view) => ({ ...view, isFallback: true })), ...among];
}

/** Heads of a turn are a run, or each is one where its rows have an order. */
function linesOfHeads(
  { first, run, stride }: { readonly first: number; readonly run: number; readonly stride: number },
  headDim: number,
  order: readonly number[] | null,
): FusedPart['lines'] {
  const rows = run * headDim;
  const ofRun =
    order &&
    Array.from({ length: rows }, (_, at) => {
      const inHead = at % headDim;
      return at - inHead + (order[inHead] ?? inHead);
    });
  return { begin: first * headDim, run: rows, stride: stride * headDim, order: ofRun };
}

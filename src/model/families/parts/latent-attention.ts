import type { AttentionPlan } from '../../plan/attention.js';
import type { LinearPlan } from '../../plan/tensors.js';
import type { TensorView } from '../../weights/tensor-view.js';
import type { ConfigFields } from '../config-fields.js';
import { fusedViews } from './fused.js';
import type { Names } from './names.js';
import { norm, type NormStyle } from './norm.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';

/** How wide the parts of latent attention are. */
export interface LatentSizes {
  /** Of the latent of q; null = it has none. */
  readonly queryRank: number | null;
  /** Of the latent of k and v. */
  readonly rank: number;
  /** Dimensions of a head of q and k that turn, and that do not. */
  readonly turning: number;
  readonly still: number;
  readonly value: number;
}

export interface LatentTraits {
  readonly sizes: LatentSizes;
  /** Of the linears that read the stream and write it. */
  readonly bias: boolean;
  /** A dimension turns with its neighbour; else with the one half of those that turn away. */
  readonly interleaved: boolean;
  readonly scale: number;
}

/** Of the latents, whatever the model's others have. */
const NORM: NormStyle = { kind: 'rms', eps: 1e-6, gainOffset: 0, hasGain: true, hasBias: false };

/** Width of a head: of k or of v, whichever is wider. */
export function latentHeadDim({ turning, still, value }: LatentSizes): number {
  const widest = Math.max(turning + still, value);
  return widest + (widest % 2);
}

/**
 * What multiplies the scores: YaRN's `mscale_all_dim` does so twice, as in DeepSeek's own code. transformers has it
 * for DeepSeek-V2 from its version 5 on.
 */
export function latentScale(fields: ConfigFields, { turning, still }: LatentSizes): number {
  const plain = 1 / Math.sqrt(turning + still);
  const scaling = fields.object('rope_scaling') ?? fields.object('rope_parameters');
  const type = scaling?.raw('rope_type') ?? scaling?.raw('type') ?? 'default';
  const isSet = type !== 'default' && scaling?.has('mscale_all_dim') === true;
  if (!isSet || scaling.raw('mscale_all_dim') === 0) return plain;
  const factor = scaling.positive('factor');
  const mscale = factor <= 1 ? 1 : 0.1 * scaling.positive('mscale_all_dim') * Math.log(factor) + 1;
  return plain * mscale * mscale;
}

/** Multi-head latent attention (arXiv 2405.04434). */
export function latentAttention(place: LayerPlace, traits: LatentTraits): Part<AttentionPlan> {
  const { sizes, scale } = traits;
  const { hiddenSize, numHeads, rope } = place.config;
  const { rank, turning, still, value } = sizes;
  const names = place.names.within('self_attn');
  const query = queryPart(names, place, traits);
  const latent = latentPart(names, place, traits);
  const qkvParts = [query.read, ...latent.reads];
  return {
    plan: {
      qkv: {
        name: `${names.logical}.qkv`,
        in: hiddenSize,
        out: qkvParts.reduce((sum, { out }) => sum + out, 0),
        parts: qkvParts,
      },
      latent: {
        q: query.made,
        norm: norm(names, NORM, { name: 'kv_norm', module: 'kv_a_layernorm', width: rank }),
        up: names.linear('kv', {
          in: rank,
          parts: [
            ['kv_b_proj of k', numHeads * still],
            ['kv_b_proj of v', numHeads * value],
          ],
          bias: false,
        }),
        turning,
        still,
        value,
        absorbed: null,
      },
      qNorm: null,
      kNorm: null,
      normsRotated: false,
      clip: null,
      o: names.linear('o', {
        in: numHeads * value,
        parts: [['o_proj', hiddenSize]],
        bias: traits.bias,
      }),
      rotary: { rope, dims: turning },
      scale,
      softcap: null,
      alibi: null,
      window: null,
      temperature: null,
      sinks: null,
      gate: null,
      outputScale: 1,
    },
    views: [...query.views, ...latent.views],
  };
}

type LinearPart = LinearPlan['parts'][number];

interface QueryPart {
  /** What reads the stream. */
  readonly read: LinearPart;
  readonly made: NonNullable<AttentionPlan['latent']>['q'];
  readonly views: readonly TensorView[];
}

function queryPart(
  names: Names,
  { config: { numHeads, hiddenSize } }: LayerPlace,
  { sizes, bias, interleaved }: LatentTraits,
): QueryPart {
  const at = names.checkpoint;
  const { queryRank, turning, still } = sizes;
  const headDim = turning + still;
  const rows = numHeads * headDim;
  const module = queryRank === null ? 'q_proj' : 'q_b_proj';
  const name = `${module} in halves`;
  const lines = { begin: 0, run: headDim, stride: headDim, order: queryOrder(sizes, interleaved) };
  const width = queryRank ?? hiddenSize;
  const views = fusedViews({ at, module, in: width, rows, bias: false }, [{ name, rows, lines }]);
  if (queryRank === null) {
    return { read: { weight: `${at}.${name}.weight`, bias: null, out: rows }, made: null, views };
  }
  return {
    read: {
      weight: `${at}.q_a_proj.weight`,
      bias: bias ? `${at}.q_a_proj.bias` : null,
      out: queryRank,
    },
    made: {
      norm: norm(names, NORM, { name: 'q_latent_norm', module: 'q_a_layernorm', width: queryRank }),
      up: names.linear('q', { in: queryRank, parts: [[name, rows]], bias: false }),
    },
    views,
  };
}

/** Which stored dimension of a head of q each dimension of the plan is: stored are those that turn behind the others. */
function queryOrder({ turning, still }: LatentSizes, interleaved: boolean): readonly number[] {
  const turned = turnOrder(turning, interleaved);
  const [pairs, rest] = [turning / 2, still / 2];
  const half = (second: 0 | 1): readonly number[] => [
    ...Array.from({ length: pairs }, (_, at) => still + (turned[second * pairs + at] ?? 0)),
    ...Array.from({ length: rest }, (_, at) => second * rest + at),
  ];
  return [...half(0), ...half(1)];
}

/** Partners half of the dimensions apart. */
function turnOrder(turning: number, interleaved: boolean): readonly number[] {
  const pairs = turning / 2;
  return Array.from({ length: turning }, (_, at) =>
    interleaved ? 2 * (at % pairs) + (at < pairs ? 0 : 1) : at,
  );
}

interface LatentPart {
  readonly reads: readonly LinearPart[];
  readonly views: readonly TensorView[];
}

function latentPart(
  names: Names,
  { config: { numHeads, hiddenSize } }: LayerPlace,
  { sizes, bias, interleaved }: LatentTraits,
): LatentPart {
  const at = names.checkpoint;
  const { rank, turning, still, value } = sizes;
  const down = { at, module: 'kv_a_proj_with_mqa', in: hiddenSize, rows: rank + turning, bias };
  const up = { at, module: 'kv_b_proj', in: rank, rows: numHeads * (still + value), bias: false };
  const order = interleaved ? turnOrder(turning, true) : null;
  const read = [
    {
      name: 'kv_a_proj of k and v',
      rows: rank,
      lines: { begin: 0, run: rank, stride: rank, order: null },
    },
    {
      name: 'kv_a_proj of what turns',
      rows: turning,
      lines: { begin: rank, run: turning, stride: turning, order },
    },
  ];
  const made = [
    {
      name: 'kv_b_proj of k',
      rows: numHeads * still,
      lines: { begin: 0, run: still, stride: still + value, order: null },
    },
    {
      name: 'kv_b_proj of v',
      rows: numHeads * value,
      lines: { begin: still, run: value, stride: still + value, order: null },
    },
  ];
  return {
    reads: read.map(({ name, rows }) => ({
      weight: `${at}.${name}.weight`,
      bias: bias ? `${at}.${name}.bias` : null,
      out: rows,
    })),
    views: [...fusedViews(down, read), ...fusedViews(up, made)],
  };
}

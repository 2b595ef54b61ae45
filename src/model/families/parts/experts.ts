import type { Activation } from '../../activation.js';
import type { DenseMlpPlan, MoePlan, ScoredRouting, SparseMixerRouting } from '../../plan/mlp.js';
import type { LinearPlan } from '../../plan/tensors.js';
import type { TensorView } from '../../weights/tensor-view.js';
import type { ConfigFields } from '../config-fields.js';
import { type ExpertStacks, STACKS, stackViews } from './expert-stacks.js';
import { gated, type GatedModules, plain } from './mlp.js';
import type { Names } from './names.js';
import type { Part } from './part.js';
import type { LayerPlace } from './place.js';

/**
 * Experts of all layers together: several times what the largest models have. Each is planned before a
 * tensor is looked up.
 */
const MAX_EXPERTS = 65_536;

export interface ExpertSizes {
  readonly numExperts: number;
  readonly topK: number;
}

/**
 * Reads how many experts there are, and how many a token takes. `least` 0 lets a model have none; `fallback` is how many
 * there are where config.json does not say it.
 */
export function readExpertSizes(
  fields: ConfigFields,
  {
    count,
    topK,
    least = 1,
    fallback,
  }: {
    readonly count: string;
    readonly topK: string;
    readonly least?: 0 | 1;
    readonly fallback?: number;
  },
): ExpertSizes {
  const numExperts = least === 0 ? fields.count(count, fallback) : fields.size(count, fallback);
  const most = Math.floor(MAX_EXPERTS / fields.numLayers());
  if (numExperts > most) fields.fail(count, `at most ${most} with so many layers`);
  if (numExperts === 0) return { numExperts, topK: 0 };
  const chosen = fields.size(topK);
  if (chosen > numExperts) fields.fail(topK, `at most "${count}" (${numExperts})`);
  return { numExperts, topK: chosen };
}

/** Softmax over all experts; `norm_topk_prob` divides the chosen ones' by their sum. */
export function softmaxRouting(isNormed: boolean): RoutingTraits {
  const leastSum = isNormed ? 0 : null;
  return { kind: 'scored', scores: 'softmax', groups: null, leastSum, scale: 1 };
}

export type RoutingTraits = Omit<ScoredRouting, 'bias'> | SparseMixerRouting;

export interface ExpertModules extends GatedModules {
  /** What the checkpoint calls the whole, and in it the router. */
  readonly at: string;
  readonly router: string;
  /** The parameter that is added to scores for the choice, and its shape; null = there is none. */
  readonly scoreBias: { readonly parameter: string; readonly shape: readonly number[] } | null;
}

const MODULES: ExpertModules = {
  at: 'mlp',
  router: 'gate',
  gate: 'gate_proj',
  up: 'up_proj',
  down: 'down_proj',
  scoreBias: null,
};

export interface ExpertTraits extends ExpertSizes {
  readonly activation: Activation;
  readonly width: number;
  /** Experts have no gate: `down(activation(up x))`. */
  readonly isPlain?: boolean;
  /** Experts read so many numbers, made by one linear and brought back by another; default: the stream's own. */
  readonly latent?: LatentTraits;
  /** Of the experts' linears. */
  readonly bias?: boolean;
  readonly routerBias?: boolean;
  readonly limit?: number | null;
  readonly routing: RoutingTraits;
  readonly shared?: {
    readonly width: number;
    readonly module: string;
    /** What the checkpoint calls its gate; null = it has none. */
    readonly gate: string | null;
    /** Default: that of the experts. */
    readonly bias?: boolean;
  } | null;
  readonly modules?: Partial<ExpertModules>;
  /** Ways to store experts beside tensors of each one's own; default: {@link STACKS}. */
  readonly stacks?: readonly ExpertStacks[];
}

export interface LatentTraits {
  readonly width: number;
  readonly enter: string;
  readonly leave: string;
  readonly bias: boolean;
}

/** The experts of a layer, and who chooses among them. */
export function routedMlp(place: LayerPlace, traits: ExpertTraits): Part<MoePlan> {
  const { hiddenSize } = place.config;
  const { width, stacks = [STACKS], latent } = traits;
  const modules = { ...MODULES, ...traits.modules };
  const at = place.names.within(modules.at);
  const { bias: expertBias = false } = traits;
  const dense = (names: Names, sizes: DenseSizes, bias: boolean): Part<DenseMlpPlan> => {
    const { activation, limit = null, isPlain = false } = traits;
    return isPlain
      ? plain(names, sizes, { activation, bias, modules })
      : gated(names, sizes, { activation, bias, limit, modules });
  };
  const rows = (name: string, module: string, out: number, hasBias = false): LinearPlan =>
    at.linear(name, { in: hiddenSize, parts: [[module, out]], bias: hasBias });
  const experts = Array.from({ length: traits.numExperts }, (_, expert) => {
    const names = at.below(`experts.${expert}`, `experts.${expert}`);
    return dense(names, { hiddenSize: latent?.width ?? hiddenSize, width }, expertBias).plan;
  });
  const shared = traits.shared ?? null;
  const sharedMlp =
    shared &&
    dense(
      at.below('shared', shared.module),
      { hiddenSize, width: shared.width },
      shared.bias ?? expertBias,
    );
  const { scoreBias } = modules;
  const { routing } = traits;
  const plan: MoePlan = {
    kind: 'moe',
    router: rows('router', modules.router, traits.numExperts, traits.routerBias),
    experts,
    topK: traits.topK,
    routing:
      routing.kind === 'scored'
        ? {
            ...routing,
            bias: scoreBias && at.tensor('score_bias', scoreBias.parameter, scoreBias.shape),
          }
        : routing,
    shared: sharedMlp && {
      ...sharedMlp.plan,
      gate: shared.gate !== null ? rows('shared.gate', shared.gate, 1) : null,
    },
    ...(latent === undefined ? {} : { latent: latentEnds(at, hiddenSize, latent) }),
  };
  const viewsOf = (one: ExpertStacks): readonly TensorView[] =>
    stackViews(one, place.names.within(one.at ?? modules.at), plan);
  return { plan, views: [...stacks.flatMap(viewsOf), ...(sharedMlp?.views ?? [])] };
}

interface DenseSizes {
  readonly hiddenSize: number;
  readonly width: number;
}

function latentEnds(
  names: Names,
  hiddenSize: number,
  { width, enter, leave, bias }: LatentTraits,
): NonNullable<MoePlan['latent']> {
  const linear = (name: string, module: string, from: number, to: number): LinearPlan =>
    names.linear(name, { in: from, parts: [[module, to]], bias });
  return {
    enter: linear('latent.enter', enter, hiddenSize, width),
    leave: linear('latent.leave', leave, width, hiddenSize),
  };
}

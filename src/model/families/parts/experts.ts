import type { Activation } from '../../activation.js';
import type { LinearPlan, MoePlan } from '../../plan.js';
import type { ConfigFields } from '../config-fields.js';
import { gated } from './mlp.js';
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

/** Reads how many experts there are, and how many a token takes. `least` 0 lets a model have none. */
export function readExpertSizes(
  fields: ConfigFields,
  {
    count,
    topK,
    least = 1,
  }: { readonly count: string; readonly topK: string; readonly least?: 0 | 1 },
): ExpertSizes {
  const numExperts = least === 0 ? fields.count(count) : fields.size(count);
  const most = Math.floor(MAX_EXPERTS / fields.numLayers());
  if (numExperts > most) fields.fail(count, `at most ${most} with so many layers`);
  if (numExperts === 0) return { numExperts, topK: 0 };
  const chosen = fields.size(topK);
  if (chosen > numExperts) fields.fail(topK, `at most "${count}" (${numExperts})`);
  return { numExperts, topK: chosen };
}

export interface ExpertTraits extends ExpertSizes {
  readonly activation: Activation;
  readonly width: number;
  /** Divide the chosen experts' probabilities by their sum. */
  readonly normTopkProb: boolean;
  readonly shared?: {
    readonly width: number;
    readonly module: string;
    /** What the checkpoint calls its gate; null = it has none. */
    readonly gate: string | null;
  } | null;
  /** What the checkpoint calls the whole, and in it the router. */
  readonly modules?: { readonly at: string; readonly router: string };
}

/** The experts of a layer, and who chooses among them. */
export function routedMlp({ names, config }: LayerPlace, traits: ExpertTraits): Part<MoePlan> {
  const { activation, modules = { at: 'mlp', router: 'gate' } } = traits;
  const at = names.within(modules.at);
  const rows = (name: string, module: string, out: number): LinearPlan =>
    at.linear(name, { in: config.hiddenSize, parts: [[module, out]], bias: false });
  const sizes = (width: number) => ({ hiddenSize: config.hiddenSize, width });
  const experts = Array.from({ length: traits.numExperts }, (_, expert) => {
    const place = at.below(`experts.${expert}`, `experts.${expert}`);
    return gated(place, sizes(traits.width), { activation });
  });
  const shared = traits.shared ?? null;
  const sharedMlp =
    shared && gated(at.below('shared', shared.module), sizes(shared.width), { activation });
  return {
    plan: {
      kind: 'moe',
      router: rows('router', modules.router, traits.numExperts),
      experts: experts.map(({ plan }) => plan),
      topK: traits.topK,
      normTopkProb: traits.normTopkProb,
      shared: sharedMlp && {
        ...sharedMlp.plan,
        gate: shared.gate !== null ? rows('shared.gate', shared.gate, 1) : null,
      },
    },
    views: [...experts.flatMap(({ views }) => views), ...(sharedMlp?.views ?? [])],
  };
}

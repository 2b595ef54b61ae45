import type { Activation } from '../../activation.js';
import type { LinearPlan, MoePlan, SharedExpertPlan } from '../../plan.js';
import type { ConfigFields } from '../config-fields.js';
import { gated } from './mlp.js';
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
export function routedMlp({ names, config }: LayerPlace, traits: ExpertTraits): MoePlan {
  const { activation, modules = { at: 'mlp', router: 'gate' } } = traits;
  const at = names.within(modules.at);
  const rows = (name: string, module: string, out: number): LinearPlan =>
    at.linear(name, { in: config.hiddenSize, parts: [[module, out]], bias: false });
  const sizes = (width: number) => ({ hiddenSize: config.hiddenSize, width });
  const shared = ({
    width,
    module,
    gate,
  }: NonNullable<ExpertTraits['shared']>): SharedExpertPlan => ({
    ...gated(at.below('shared', module), sizes(width), { activation }),
    gate: gate === null ? null : rows('shared.gate', gate, 1),
  });
  return {
    kind: 'moe',
    router: rows('router', modules.router, traits.numExperts),
    experts: Array.from({ length: traits.numExperts }, (_, expert) =>
      gated(at.below(`experts.${expert}`, `experts.${expert}`), sizes(traits.width), {
        activation,
      }),
    ),
    topK: traits.topK,
    normTopkProb: traits.normTopkProb,
    shared: traits.shared ? shared(traits.shared) : null,
  };
}

import type { ExpertGroups } from '../../plan/mlp.js';
import type { ConfigFields } from '../config-fields.js';
import { isOfVersion5 } from '../saved-by.js';
import { type ExpertTraits, readExpertSizes } from './experts.js';

export type DeepseekExperts = Omit<ExpertTraits, 'activation'>;

/**
 * Softmax scores of DeepSeek-V2; a group is as good as its best expert. In version 5 of transformers routed experts have
 * no biases.
 */
export function readSoftmaxExperts(fields: ConfigFields, numExperts: number): DeepseekExperts {
  const sizes = readSizes(fields, numExperts);
  const methods = { greedy: false, group_limited_greedy: true };
  const isGrouped = fields.oneOf('topk_method', methods, 'greedy');
  const groups = isGrouped ? readGroups(fields, sizes, 1) : null;
  const scale = fields.positive('routed_scaling_factor', 1);
  const bias = fields.boolean('mlp_bias', false);
  const { width, shared } = readWidths(fields);
  return {
    ...sizes,
    width,
    bias: bias && !isOfVersion5(fields),
    shared: shared && { ...shared, bias },
    routing: { kind: 'scored', scores: 'softmax', groups, leastSum: null, scale },
  };
}

/** Sigmoid scores of DeepSeek-V3, corrected by a bias for the choice; a group is as good as its best two experts. */
export function readSigmoidExperts(
  fields: ConfigFields,
  defaults: { readonly numExperts: number; readonly scale: number },
): DeepseekExperts {
  const sizes = readSizes(fields, defaults.numExperts);
  return {
    ...sizes,
    ...readWidths(fields),
    routing: {
      kind: 'scored',
      scores: 'sigmoid',
      groups: readGroups(fields, sizes, 2),
      leastSum: fields.boolean('norm_topk_prob', true) ? 0 : null,
      scale: fields.positive('routed_scaling_factor', defaults.scale),
    },
    modules: {
      scoreBias: { parameter: 'gate.e_score_correction_bias', shape: [sizes.numExperts] },
    },
  };
}

/** Layers before `first_k_dense_replace` are dense. */
export function routesFrom(fields: ConfigFields, fallback: number): (layer: number) => boolean {
  const first = fields.count('first_k_dense_replace', fallback);
  return (layer) => layer >= first;
}

type Sizes = ReturnType<typeof readExpertSizes>;

function readSizes(fields: ConfigFields, fallback: number): Sizes {
  const count = fields.has('n_routed_experts') ? 'n_routed_experts' : 'num_local_experts';
  return readExpertSizes(fields, { count, topK: 'num_experts_per_tok', fallback });
}

function readWidths(fields: ConfigFields): Pick<ExpertTraits, 'width'> & {
  readonly shared: NonNullable<ExpertTraits['shared']> | null;
} {
  const width = fields.size('moe_intermediate_size');
  const numShared = fields.has('n_shared_experts') ? fields.count('n_shared_experts') : 0;
  const module = 'shared_experts';
  return {
    width,
    shared: numShared === 0 ? null : { width: width * numShared, module, gate: null },
  };
}

/** Null where all groups are open. */
function readGroups(
  fields: ConfigFields,
  { numExperts, topK }: Sizes,
  best: number,
): ExpertGroups | null {
  const count = fields.size('n_group', 1);
  const chosen = fields.size('topk_group', 1);
  const size = numExperts / count;
  if (!Number.isInteger(size)) fields.fail('n_group', `a divisor of ${numExperts} experts`);
  if (chosen > count) fields.fail('topk_group', `at most "n_group" (${count})`);
  if (chosen === count) return null;
  if (size < best) fields.fail('n_group', `so few that each has ${best} experts`);
  if (topK > chosen * size) {
    fields.fail('num_experts_per_tok', `at most the ${chosen * size} experts of its groups`);
  }
  return { count, chosen, best };
}

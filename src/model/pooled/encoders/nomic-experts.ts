import type { Activation } from '../../activation.js';
import type { ConfigFields } from '../../families/config-fields.js';
import { readExpertSizes, routedMlp, softmaxRouting } from '../../families/parts/experts.js';
import type { Part } from '../../families/parts/part.js';
import type { LayerPlace } from '../../families/parts/place.js';
import type { MoePlan } from '../../plan/mlp.js';
import type { TensorView } from '../../weights/tensor-view.js';

/** Where the checkpoint has the experts of a layer. */
const AT = 'mlp';

/** The mixture of nomic-embed-text-v2-moe (arXiv 2502.07972), for layers that have one; null = none has. */
export function nomicExperts(
  fields: ConfigFields,
  activation: Activation,
): {
  readonly routes: (layer: number) => boolean;
  readonly mlp: (place: LayerPlace) => Part<MoePlan>;
} | null {
  const every = fields.count('moe_every_n_layers', 0);
  if (every === 0) return null;
  if (every === 1) fields.fail('moe_every_n_layers', '0, or an integer from 2');
  refuseOthers(fields);
  const sizes = readExpertSizes(fields, { count: 'num_experts', topK: 'moe_top_k' });
  const width = Math.floor(fields.size('intermediate_size') / fields.size('ffn_div', 1));
  // What stands for a GGUF file, whose converter leaves the bias out.
  const hasBias = fields.boolean('moe_bias', true);
  return {
    routes: (layer) => layer % every === 1,
    mlp: (place) => {
      const { plan } = routedMlp(place, {
        ...sizes,
        activation,
        width,
        isPlain: true,
        routing: softmaxRouting(false),
        modules: { at: AT, router: 'router.layer' },
        stacks: [],
      });
      const names = place.names.within(AT);
      const { hiddenSize } = place.config;
      const bias = names.tensor('experts_bias', 'experts.bias', [hiddenSize]);
      return {
        plan: hasBias ? { ...plan, bias } : plan,
        views: expertViews(`${names.checkpoint}.experts.mlp`, plan, { width, hiddenSize }),
      };
    },
  };
}

/** Both matrices of all experts are `[experts * width, hidden]`, the second one turned; a GGUF file has each expert's own. */
function expertViews(
  at: string,
  { experts }: MoePlan,
  { width, hiddenSize }: { readonly width: number; readonly hiddenSize: number },
): readonly TensorView[] {
  const ofShape = [experts.length * width, hiddenSize];
  return experts.flatMap((expert, index): TensorView[] => {
    if (expert.kind !== 'plain') return [];
    const first = index * width;
    const [up, down] = [expert.up, expert.down].map(({ parts }) => parts[0]?.weight ?? '');
    return [
      {
        name: up ?? '',
        shape: [width, hiddenSize],
        of: `${at}.w1`,
        ofShape,
        lines: { begin: first, run: width, stride: width, order: null },
        along: 'rows',
        first: 0,
        isFallback: true,
      },
      {
        name: down ?? '',
        shape: [hiddenSize, width],
        of: `${at}.w2`,
        ofShape,
        lines: { begin: 0, run: hiddenSize, stride: hiddenSize, order: null },
        along: 'columns',
        first,
        isFallback: true,
      },
    ];
  });
}

/** What the class can be asked for, and the published model is not. */
function refuseOthers(fields: ConfigFields): void {
  for (const name of ['expert_choice_router', 'moe_normalize_expert_weights']) {
    if (fields.boolean(name, false)) fields.fail(name, 'false');
  }
  if (fields.count('num_shared_experts', 0) > 0) fields.fail('num_shared_experts', '0');
}

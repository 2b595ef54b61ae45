import type { TensorView } from '../weights/tensor-view.js';
import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { mixersByLayer } from './layer-types.js';
import { attention } from './parts/attention.js';
import { readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { expandedWidth, mamba2, readMambaSizes } from './parts/mamba.js';
import { gated, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import type { Part } from './parts/part.js';
import type { LayerPlace } from './parts/place.js';
import { readSizes } from './sizes.js';
import type { Activation } from '../activation.js';
import type { MlpPlan } from '../plan.js';

const architecture = 'GraniteMoeHybridForCausalLM';

/** Granite with Mamba-2 in most layers, positions told apart by it alone, and experts in some sizes. */
export const graniteHybrid: ModelFamily = {
  architecture,
  models: 'Granite 4 h (350M, 1B, micro, tiny, small)',
  read: (fields) => {
    const config = readSizes(fields, { architecture, modelType: 'granitemoehybrid' });
    const norm = rmsNorm(fields);
    const activation = readActivation(fields);
    if (activation !== 'silu') fields.fail('hidden_act', 'silu');
    const sizes = readMambaSizes(fields, expandedWidth(fields, config));
    const names = { mamba: 'recurrent', attention: 'attention' } as const;
    const mixers = mixersByLayer(fields, names, () => false);
    const bias = fields.boolean('attention_bias', false);
    const rotates = fields.has('position_embedding_type') && isRope(fields);
    const scale = fields.positive('attention_multiplier', 1);
    const mlp = mlpOf(fields, activation);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      embeddingScale: fields.positive('embedding_multiplier', 1),
      logitScale: 1 / fields.positive('logits_scaling', 1),
      layer: (place) =>
        preNorm(place, norm, {
          ...(mixers[place.index] === 'attention'
            ? {
                attention: attention(place, {
                  qkvBias: bias,
                  outputBias: bias,
                  scale,
                  ...(rotates ? {} : { rotary: null }),
                }),
              }
            : {
                recurrent: mamba2(place, {
                  ...sizes,
                  norm: { ...norm, groups: 1, gateBehind: false },
                  outputBias: sizes.inputBias,
                }),
              }),
          mlp: mlp(place),
          residualScale: fields.positive('residual_multiplier', 1),
        }),
    });
  },
};

function isRope(fields: ConfigFields): boolean {
  return fields.oneOf('position_embedding_type', { rope: true, nope: false }, 'nope');
}

/** An MLP that all tokens take, and beside it experts where there are any. */
function mlpOf(fields: ConfigFields, activation: Activation) {
  const hiddenSize = fields.size('hidden_size');
  const width = fields.size('shared_intermediate_size', 1024);
  const expertWidth = fields.size('intermediate_size');
  const sizes = readExpertSizes(fields, {
    count: 'num_local_experts',
    topK: 'num_experts_per_tok',
    least: 0,
  });
  const linears = { fused: 'input_linear', modules: { down: 'output_linear' } };
  return (place: LayerPlace): Part<MlpPlan> => {
    if (sizes.numExperts === 0) {
      const at = place.names.within('shared_mlp');
      return gated(at, { hiddenSize, width }, { activation, ...linears });
    }
    const { plan } = routedMlp(place, {
      ...sizes,
      activation,
      width: expertWidth,
      // Softmax over the chosen experts alone.
      routing: softmaxRouting(true),
      shared: { width, module: 'shared', gate: null },
      modules: { at: 'block_sparse_moe', router: 'router.layer' },
    });
    const { checkpoint } = place.names.within('block_sparse_moe');
    const shared = stackedViews(`${checkpoint}.shared`, {
      of: place.names.within('shared_mlp').checkpoint,
      hiddenSize,
      width,
    });
    const views = plan.experts.flatMap((_, expert) =>
      stackedViews(`${checkpoint}.experts.${expert}`, {
        of: checkpoint,
        hiddenSize,
        width: expertWidth,
        stack: { expert, numExperts: sizes.numExperts },
      }),
    );
    return { plan, views: [...shared, ...views] };
  };
}

interface Stacked {
  readonly of: string;
  readonly hiddenSize: number;
  readonly width: number;
  /** Null = the linears are of one MLP. */
  readonly stack?: { readonly expert: number; readonly numExperts: number };
}

/** `input_linear [experts, 2 * width, hidden]`, the gate first, and `output_linear [experts, hidden, width]`. */
function stackedViews(
  at: string,
  { of, hiddenSize, width, stack }: Stacked,
): readonly TensorView[] {
  const expert = stack?.expert ?? 0;
  const stacked = stack === undefined ? [] : [stack.numExperts];
  const view = (name: string, module: string, rows: number, begin: number): TensorView => {
    const [all, columns] =
      module === 'input_linear' ? [2 * width, hiddenSize] : [hiddenSize, width];
    return {
      name: `${at}.${name}.weight`,
      shape: [rows, columns],
      of: `${of}.${module}.weight`,
      ofShape: [...stacked, all, columns],
      lines: { begin: expert * all + begin, run: rows, stride: rows, order: null },
      along: 'rows',
      first: 0,
    };
  };
  return [
    view('gate_proj', 'input_linear', width, 0),
    view('up_proj', 'input_linear', width, width),
    view('down_proj', 'output_linear', hiddenSize, 0),
  ];
}

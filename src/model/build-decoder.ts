import type { BuildOptions, BuiltModel } from './built-model.js';
import { resolveContextLength } from './families/context-length.js';
import type { ModelConfig } from './families/model-config.js';
import { parseConfig, planFor } from './families/registry.js';
import { buildGraph } from './graph/decoder-graph.js';
import type { ModelPlan } from './plan.js';
import { chooseFormat, type FormatChoice } from './quantize/format.js';
import {
  quantizedWeights,
  type QuantizeDeps,
  type QuantizedWeights,
} from './quantize/quantized-weights.js';
import type { Checkpoint } from './source/checkpoint.js';
import type { JsonObject } from './source/model-source.js';
import { overlaid } from './source/tensor-overlay.js';
import { modelSpec } from './spec.js';
import { aliased, withPrefix } from './weights/aliases.js';
import { dummyCheckpoint } from './weights/dummy.js';
import { checkPlan } from './weights/find-weight.js';
import { plainWeights } from './weights/plain-weights.js';

/** A model that generates: checks and reads the weights in the best format there is, builds the graph. */
export async function buildDecoder(
  json: JsonObject,
  options: BuildOptions,
  deps: QuantizeDeps,
): Promise<BuiltModel> {
  const config = parseConfig(json);
  const plan = planFor(config);
  const contextLength = resolveContextLength(config, options.contextLength);
  const choice = chooseFormat(options.quantization, plan);
  const checkpoint = await openWeights(options, plan, deps);
  // What was sent is not on disk under a name: it will not be asked for again.
  const isKept = options.overlay === null;
  const weights = await loadWeights({ plan, config, checkpoint, isKept }, choice, deps);
  const { store } = weights;
  const { format, totalBytes: weightBytes } = store;
  return {
    spec: modelSpec(config, { contextLength, format, weightBytes }),
    graph: buildGraph(config, plan, store, { contextLength }),
    plan,
    checkpoint,
    weights,
    formatReason: choice.reason,
  };
}

interface LoadInput {
  readonly plan: ModelPlan;
  readonly config: ModelConfig;
  readonly checkpoint: Checkpoint;
  readonly isKept: boolean;
}

async function loadWeights(
  { plan, config, checkpoint, isKept }: LoadInput,
  { format }: FormatChoice,
  deps: QuantizeDeps,
): Promise<QuantizedWeights> {
  checkPlan(plan, checkpoint);
  if (format !== 'none') {
    return quantizedWeights({ plan, config, checkpoint, isKept }, format, deps);
  }
  return { store: plainWeights(plan, checkpoint), cacheHit: false, temporaryFolder: null };
}

async function openWeights(
  { source, loadFormat, overlay }: BuildOptions,
  plan: ModelPlan,
  deps: QuantizeDeps,
): Promise<Checkpoint> {
  const base = loadFormat === 'dummy' ? dummyCheckpoint(plan, deps) : source.weights();
  return aliased(overlaid(await base, overlay), (name) =>
    // The head stands beside the trunk.
    name.startsWith('lm_head.') ? name : withPrefix(name, 'model.'),
  );
}

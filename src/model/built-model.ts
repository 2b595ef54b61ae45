import type { ModelSpec } from '../core/model-spec.js';
import type { AnyPlan } from './plan-tensors.js';
import type { QuantizedWeights } from './quantize/quantized-weights.js';
import type { Checkpoint } from './source/safetensors.js';

/** A graph with its weights, and what the log says of them. */
export interface BuiltModel {
  readonly spec: ModelSpec;
  /** ModelProto bytes. */
  readonly graph: Uint8Array;
  readonly plan: AnyPlan;
  readonly checkpoint: Checkpoint;
  readonly weights: QuantizedWeights;
  /** One clause. */
  readonly formatReason: string;
}

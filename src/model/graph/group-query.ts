import type { ModelConfig } from '../families/model-config.js';
import { GRAPH_INPUTS, prefillKeys } from './contract.js';
import type { Attribute } from './onnx.js';
import type { GraphContext } from './context.js';
import type { Graph, Value } from './graph.js';
import { headLayout } from './head-layout.js';

/**
 * The op has two implementations on CPU: flash attention, in tiles, and plain attention, a matrix product
 * for each head. Plain attention is faster for decode rows on x64, where flash attention's loops use four
 * lanes and take the sequences of a batch one after another (docs/decisions/0007-decode-attention.md).
 */
const DECODES_PLAIN = process.arch === 'x64';

/** `cap * tanh(x / cap)` is `x` to the last bits of a float for every score that can be. */
const HIGH_CAP = 2 ** 20;

/** Adds `exp(-1e30)`, which is 0, to the sum under a softmax. */
const LOW_SINK = -1e30;

/**
 * Whether a run decodes, for {@link groupQuery}: `[1] bool`, or null where it makes no difference.
 */
export function decodeCondition(graph: Graph, config: ModelConfig): Value | null {
  if (!DECODES_PLAIN || softcapOf(config) !== null) return null;
  const attributes = { start: { int: 1 }, end: { int: 2 } };
  const numRows = graph.node('Shape', [GRAPH_INPUTS.inputIds], { attributes });
  return graph.node('Equal', [numRows, graph.ints(1)]);
}

/**
 * GroupQueryAttention of one layer over its nine inputs, q to the rotary tables: `[B, S, numHeads * headDim]`.
 * `cache` names what it writes the rows of K and V to.
 */
export function groupQuery(
  context: GraphContext,
  layer: number,
  inputs: readonly Value[],
  cache: readonly string[],
): Value {
  const { graph, config, isDecode } = context;
  const node = {
    op: 'GroupQueryAttention',
    inputs,
    attributes: attributesOf(config, layer),
  };
  const outputs = [graph.name(), ...cache];
  if (isDecode === null) return graph.node(node.op, inputs, { ...node, outputs });
  const sinks = graph.f32(new Float32Array(config.numHeads).fill(LOW_SINK), [config.numHeads]);
  const plain = { ...node, inputs: [...inputs, '', '', sinks] };
  return graph.either(isDecode, plain, node, outputs);
}

/**
 * The scale is in the rotary tables ({@link scaleOfRotary}): the vector product that plain attention has for
 * a single row multiplies by nothing else.
 */
function attributesOf(config: ModelConfig, layer: number): Record<string, Attribute> {
  const window = config.layerWindows[layer] ?? null;
  const softcap = softcapOf(config);
  return {
    num_heads: { int: config.numHeads },
    kv_num_heads: { int: config.numKvHeads },
    scale: { float: 1 },
    do_rotary: { int: 1 },
    ...(softcap === null ? {} : { softcap: { float: softcap } }),
    ...(window === null ? {} : { local_window_size: { int: window } }),
  };
}

/** q and k get half of the scale each, as a factor of both rotary tables. */
export function scaleOfRotary(config: ModelConfig): number {
  return Math.sqrt(config.attentionScale);
}

/**
 * A cap keeps the op from flash attention, whose last block of keys may be too short for wide heads
 * ({@link prefillKeys}): they get one that changes nothing where the model has none.
 */
function softcapOf({ headDim, attentionSoftcap }: ModelConfig): number | null {
  const isWide = prefillKeys(headLayout(headDim).cacheHeadDim) > 0;
  return attentionSoftcap ?? (isWide ? HIGH_CAP : null);
}

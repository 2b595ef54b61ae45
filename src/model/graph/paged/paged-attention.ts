import type { FloatType } from '../../../core/model-spec.js';
import type { ModelConfig } from '../../families/model-config.js';
import type { AttentionPlan } from '../../plan/attention.js';
import type { ModelTarget } from '../../target.js';
import type { Attend } from '../context.js';
import { cacheName, PAGED_INPUTS, PAGED_RUN_ROWS_MIN } from '../contract.js';
import type { Graph, Value } from '../graph.js';
import { headLayout } from '../head-layout.js';
import type { Attribute } from '../onnx.js';
import { queryFactor, rotaryAttributes, rotaryTables } from '../rotary-tables.js';

/** Inputs of the op between the rotary tables and the metadata, which nobody gives. */
const LEFT_OUT = new Array<string>(6).fill('');

export interface PagedAttentionOptions {
  readonly target: ModelTarget;
  /** Most positions of a request. */
  readonly contextLength: number;
}

/**
 * Attention by PagedAttention over caches that are constants of the session. The op writes the new rows into them when
 * its cache outputs are left out: that is what its code does and not a promise, so the probe of a device shows it.
 */
export function pagedAttention(
  graph: Graph,
  config: ModelConfig,
  { target, contextLength }: PagedAttentionOptions,
): Attend {
  const { numHeads, numKvHeads } = config;
  const { cacheHeadDim } = headLayout(config.headDim);
  // A prompt that fills the context may still need dummy rows behind it.
  const numPositions = contextLength + PAGED_RUN_ROWS_MIN;
  const tablesOf = rotaryTables(graph, config, { numPositions, contextLength });
  const { cumulativeLengths, pastLengths, blockTable, metadata } = PAGED_INPUTS;
  return (layer, queryKeyValue) => {
    const tables = tablesOf(layer.attention);
    const rotary = [tables?.cos, tables?.sin].map((table) =>
      table === undefined ? '' : castTo(graph, table, 'f32', target.kv),
    );
    const isPacked = queryKeyValue[1] === '';
    const rows = queryKeyValue.map((x, part) => {
      if (x === '') return x;
      const heads = isPacked ? numHeads + 2 * numKvHeads : part === 0 ? numHeads : numKvHeads;
      const flat = graph.node('Reshape', [x, graph.ints(-1, heads * cacheHeadDim)]);
      return castTo(graph, flat, target.compute, target.kv);
    });
    const caches = [cacheName(layer.index, 'key'), cacheName(layer.index, 'value')];
    const lengths = [cumulativeLengths, pastLengths, blockTable];
    const inputs = [...rows, ...caches, ...lengths, ...rotary, ...LEFT_OUT, metadata];
    const attributes = attributesOf(config, layer.attention, contextLength);
    const heads = graph.node('PagedAttention', inputs, { attributes });
    const computed = castTo(graph, heads, target.kv, target.compute);
    return graph.node('Reshape', [computed, graph.ints(1, -1, numHeads * cacheHeadDim)]);
  };
}

function castTo(graph: Graph, x: Value, from: FloatType, to: FloatType): Value {
  return from === to ? x : graph.cast(x, to);
}

/** A window that no request outgrows is none: kernels without one are faster, and oftener right. */
function attributesOf(
  config: ModelConfig,
  attention: AttentionPlan,
  contextLength: number,
): Record<string, Attribute> {
  const { softcap } = attention;
  // The tables have no scale here: what q does not have yet is the op's.
  const scale = attention.scale / queryFactor(attention);
  const window = attention.window ?? Infinity;
  return {
    num_heads: { int: config.numHeads },
    kv_num_heads: { int: config.numKvHeads },
    scale: { float: scale },
    ...rotaryAttributes(attention),
    ...(softcap === null ? {} : { softcap: { float: softcap } }),
    ...(window >= contextLength ? {} : { local_window_size: { int: window } }),
  };
}

import { KV_PARTS, type KvPart } from '../../core/model-spec.js';
import type { ModelConfig } from '../families/model-config.js';
import type { AttentionPlan, HeadSizes } from '../plan/attention.js';
import type { TrunkPlan } from '../plan/network.js';
import { attentionsOf, headsOf } from '../plan/facts.js';
import { alibiBias } from './alibi.js';
import { type AttentionRows, attentionRows, PLAIN_ROWS } from './attention-rows.js';
import { GRAPH_INPUTS, pastName, prefillKeys, presentName } from './contract.js';
import type { Attend, AttentionLayer, WeightContext } from './context.js';
import type { Graph, Value } from './graph.js';
import { headLayout } from './head-layout.js';
import type { Attribute } from './onnx.js';
import { rotaryAttributes, type RotaryOptions, rotaryTables } from './rotary-tables.js';

/**
 * The op has two implementations on CPU: flash attention, in tiles, and plain attention, a matrix product
 * for each head. Plain attention is faster for decode rows on x64, where flash attention's loops use four
 * lanes and take the sequences of a batch one after another (docs/decisions/0007-decode-attention.md).
 */
const DECODES_PLAIN = process.arch === 'x64';

/** Adds `exp(-1e30)`, which is 0, to the sum under a softmax. */
const LOW_SINK = -1e30;

export interface GroupQueryOptions extends Pick<RotaryOptions, 'numPositions' | 'contextLength'> {
  /** False: K and V of a run are forgotten after it (graph/contract.ts, `EMBED_INPUTS`). */
  readonly hasCache: boolean;
}

/** Attention by GroupQueryAttention: a cache is arrays that the graph gets and gives. */
export function groupQueryAttention(
  weights: WeightContext,
  config: ModelConfig,
  plan: TrunkPlan,
  { hasCache, ...reach }: GroupQueryOptions,
): Attend {
  const { graph } = weights;
  const rowsOf = hasCache ? attentionRows(graph, plan) : (): AttentionRows => PLAIN_ROWS;
  const isDecode = hasCache ? decodeCondition(graph, config, plan) : null;
  const tablesOf = rotaryTables(graph, config, { ...reach, hasScale: true });
  const biasOf = alibiBias(graph, { ...reach, totalLength: rowsOf(config).totalLength });
  const keyValues = new Map<number, readonly Value[]>();
  const keyValuesOf = (layer: number, query: Value, heads: HeadSizes): readonly Value[] =>
    hasCache ? noKeys(graph, query, heads) : (keyValues.get(layer) ?? []);
  return (layer, queryKeyValue) => {
    const { attention } = layer;
    const heads = headsOf(config, attention);
    const rows = rowsOf(heads);
    const sinks = sinkScores(weights, attention);
    const cache = cacheNames(graph, layer, hasCache);
    const tables = tablesOf(attention);
    const [query = '', ...own] = queryKeyValue.map((x) => (x === '' ? x : rows.pad(x)));
    const { sharesKv } = attention;
    const more = sharesKv === undefined ? own : keyValuesOf(sharesKv, query, heads);
    keyValues.set(layer.index, more);
    const inputs = [
      ...[query, ...more],
      ...cache.past,
      rows.seqlensK,
      rows.totalLength,
      tables?.cos ?? '',
      tables?.sin ?? '',
    ];
    const attributes = attributesOf(heads, attention);
    const outputs = [graph.name(), ...cache.present];
    const bias = biasOf(attention.alibi, query);
    const node = { inputs, bias, attributes, outputs, isDecode, sinks };
    return rows.unpad(groupQuery(graph, node, heads));
  };
}

/**
 * Names of the layer's K and V, past and present: without a cache there is no past, and the present goes nowhere. Who
 * reads those of another layer reads what that one has written; its own present is the same buffer. So is that of values
 * where keys are values too.
 */
function cacheNames(graph: Graph, { index, attention }: AttentionLayer, hasCache: boolean) {
  const { sharesKv, latent } = attention;
  if (!hasCache) return { past: ['', ''], present: KV_PARTS.map(() => graph.name()) };
  const keptAs = (part: KvPart): KvPart => (latent?.absorbed ? 'key' : part);
  return {
    past: KV_PARTS.map((part) =>
      sharesKv === undefined ? pastName(index, keptAs(part)) : presentName(sharesKv, part),
    ),
    present: KV_PARTS.map((part) => presentName(index, part)),
  };
}

/** K and V `[B, 0, numKvHeads * cacheHeadDim]`: a run adds none. */
function noKeys(graph: Graph, query: Value, { numKvHeads, headDim }: HeadSizes): readonly Value[] {
  const width = numKvHeads * headLayout(headDim).cacheHeadDim;
  const none = graph.node('Slice', [
    query,
    graph.ints(0, 0),
    graph.ints(0, width),
    graph.ints(1, 2),
  ]);
  return KV_PARTS.map(() => none);
}

/** Whether a run decodes, `[1] bool`, or null where it makes no difference. */
function decodeCondition(graph: Graph, config: ModelConfig, plan: TrunkPlan): Value | null {
  const isPlain = attentionsOf(plan).every(
    (attention) => attention.softcap !== null || isWide(headsOf(config, attention)),
  );
  if (!DECODES_PLAIN || isPlain) return null;
  const attributes = { start: { int: 1 }, end: { int: 2 } };
  const numRows = graph.node('Shape', [GRAPH_INPUTS.inputIds], { attributes });
  return graph.node('Equal', [numRows, graph.ints(1)]);
}

interface GroupQueryNode {
  /** Nine of them, q to the rotary tables. */
  readonly inputs: readonly Value[];
  /** Of scores; '' = none. */
  readonly bias: Value;
  readonly attributes: Record<string, Attribute>;
  readonly outputs: readonly Value[];
  readonly isDecode: Value | null;
  /** `[numHeads]`: the model's own, which keep the op from flash attention too; null = it has none. */
  readonly sinks: Value | null;
}

function groupQuery(
  graph: Graph,
  { inputs, bias, attributes, outputs, isDecode, sinks }: GroupQueryNode,
  heads: HeadSizes,
): Value {
  const op = 'GroupQueryAttention';
  const withSinks = (scores: Value): readonly Value[] => [...inputs, '', bias, scores];
  const isCapped = 'softcap' in attributes;
  const always = sinks ?? (isWide(heads) && !isCapped ? plainSinks(graph, heads) : null);
  if (always !== null) return graph.node(op, withSinks(always), { attributes, outputs });
  const biased = bias === '' ? inputs : [...inputs, '', bias];
  const node = { op, inputs: biased, attributes };
  if (isDecode === null) return graph.node(op, node.inputs, { attributes, outputs });
  const plain = { ...node, inputs: withSinks(plainSinks(graph, heads)) };
  return graph.either(isDecode, plain, node, outputs);
}

/** `[numHeads] f32`: the model's own; null = it has none. */
export function sinkScores(
  { graph, store }: WeightContext,
  { sinks }: AttentionPlan,
): Value | null {
  return sinks && graph.externalFloat(store.tensor(sinks.name));
}

/** `[numHeads] f32`: the input that keeps the op from flash attention. */
export function plainSinks(graph: Graph, { numHeads }: Pick<ModelConfig, 'numHeads'>): Value {
  return graph.f32(new Float32Array(numHeads).fill(LOW_SINK), [numHeads]);
}

/** The scale is in the rotary tables and in q (rotary-tables.ts). */
function attributesOf(config: HeadSizes, attention: AttentionPlan): Record<string, Attribute> {
  const { softcap } = attention;
  return {
    ...attentionAttributes(config, attention),
    ...rotaryAttributes(attention),
    ...(softcap === null ? {} : { softcap: { float: softcap } }),
  };
}

/** Of the op, however its cache is kept, where scores are scaled before it. */
export function attentionAttributes(
  { numHeads, numKvHeads }: HeadSizes,
  { window }: AttentionPlan,
): Record<string, Attribute> {
  return {
    num_heads: { int: numHeads },
    kv_num_heads: { int: numKvHeads },
    scale: { float: 1 },
    ...(window === null ? {} : { local_window_size: { int: window } }),
  };
}

/** Flash attention, whose last block of keys may be too short for such heads ({@link prefillKeys}), is kept from them. */
function isWide({ headDim }: HeadSizes): boolean {
  return prefillKeys(headLayout(headDim).cacheHeadDim) > 0;
}

import type { ModelConfig } from '../../families/model-config.js';
import { EXTEND_INPUTS, GRAPH_INPUTS, PART_ROWS } from '../contract.js';
import type { Graph, Value } from '../graph.js';
import { plainSinks } from '../group-query.js';
import { headLayout } from '../head-layout.js';
import { type RotaryOptions, rotaryTables, type RotaryTables } from '../rotary-tables.js';
import type { AttentionPlan } from '../../plan/attention.js';

/** No later position than `numPositions` can be run. */
export type Int8Options = Pick<RotaryOptions, 'numPositions' | 'contextLength'>;

/** What attention of all layers has in common. */
export interface Int8Run {
  readonly graph: Graph;
  readonly config: ModelConfig;
  /** Dimensions of a head in the cache. */
  readonly headDim: number;
  /** Heads of q, k and v together. */
  readonly numColumns: number;
  /** Whether the run extends no sequence: bool. */
  readonly decodes: Value;
  /** Whether it does both: bool. */
  readonly isMixed: Value;
  /** `[1] i64`: sequences that it decodes. */
  readonly numDecoding: Value;
  /** Whether it extends a single one: bool. */
  readonly isSingle: Value;
  /** Whether it has more rows than {@link PART_ROWS}: bool. */
  readonly isLong: Value;
  /** `[1] i32`: rows that it has beyond them. */
  readonly rowsBehind: Value;
  /** How many sequences it extends: i64. */
  readonly numExtends: Value;
  /** Of a layer, `[numPositions + 1, headDim / 2] f32`: the last row turns nothing and scales nothing. */
  readonly tablesOf: (plan: AttentionPlan) => RotaryTables | null;
  /** `[E, numColumns] i64`: row of the tables for each head of each row; those of v take the last. */
  readonly tableRows: Value;
  /** `[numHeads] f32`: what keeps the attention op to products of matrices where the model has no sinks. */
  readonly noSinks: Value;
}

export function int8Run(graph: Graph, config: ModelConfig, reach: Int8Options): Int8Run {
  const { numPositions } = reach;
  const { numHeads, numKvHeads } = config;
  const numExtends = graph.node('Size', [EXTEND_INPUTS.totalLengths]);
  const numRows = graph.node('Shape', [EXTEND_INPUTS.positions]);
  const numDecoding = graph.node('Shape', [GRAPH_INPUTS.seqlensK]);
  const numRotated = numHeads + numKvHeads;
  const ofColumns = (ofRotated: number, ofValue: number): Value =>
    graph.ints(
      ...Array.from({ length: numRotated + numKvHeads }, (_, i) =>
        i < numRotated ? ofRotated : ofValue,
      ),
    );
  const positions = graph.node('Unsqueeze', [EXTEND_INPUTS.positions, graph.ints(1)]);
  return {
    graph,
    config,
    headDim: headLayout(config.headDim).cacheHeadDim,
    numColumns: numRotated + numKvHeads,
    decodes: graph.node('Equal', [numExtends, graph.int(0)]),
    isMixed: graph.node('Greater', [numDecoding, graph.ints(0)]),
    numDecoding,
    isSingle: graph.node('Equal', [numExtends, graph.int(1)]),
    isLong: graph.node('Greater', [numRows, graph.ints(PART_ROWS)]),
    rowsBehind: graph.cast(graph.node('Sub', [numRows, graph.ints(PART_ROWS)]), 'i32'),
    numExtends,
    tablesOf: rotaryTables(graph, config, { ...reach, hasScale: true, hasIdentity: true }),
    tableRows: graph.node('Add', [
      graph.node('Mul', [positions, ofColumns(1, 0)]),
      ofColumns(0, numPositions),
    ]),
    noSinks: plainSinks(graph, config),
  };
}

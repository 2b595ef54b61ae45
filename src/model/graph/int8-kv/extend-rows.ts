import { EXTEND_INPUTS } from '../contract.js';
import type { Graph, Value } from '../graph.js';
import type { LayerRows } from './decode-rows.js';
import { attentionAttributes, type Int8Run } from './int8-run.js';

/** Where a sequence stands: inputs of the run, or what one of several sequences has of them. */
interface Place {
  /** `[2] i64` each: the sequence's row in the window and its rows there, `[begin, end)`. */
  readonly pastBegin: Value;
  readonly pastEnd: Value;
  /** `[1] i32` */
  readonly seqlensK: Value;
  /** scalar i32 */
  readonly totalLength: Value;
}

/** Rows of N sequences, those of one behind those of the other. The new rows of K and V come out, on the grid. */
export function extendRows(run: Int8Run, rows: LayerRows): Value[] {
  const { graph, config, headDim } = run;
  const { packed, newRows } = roundedRows(run, rows.packed);
  const attended = graph.node('If', [run.isSingle], {
    attributes: {
      then_branch: graph.branch(() => [sequence(run, rows, packed, onlyPlace(graph))]),
      else_branch: graph.branch(() => [oneByOne(run, rows, packed)]),
    },
  });
  const unread = graph.empty('i8', [0, config.numKvHeads, 1, headDim]);
  const present = [graph.node('Identity', [unread]), graph.node('Identity', [unread])];
  return [attended, ...present, newRows];
}

/** The inputs of a run with a single sequence are that sequence's. */
function onlyPlace(graph: Graph): Place {
  const { pastBegins, pastEnds, seqlensK, totalLengths } = EXTEND_INPUTS;
  const totalLength = graph.node('Squeeze', [totalLengths]);
  return { pastBegin: pastBegins, pastEnd: pastEnds, seqlensK, totalLength };
}

/** q and k rotated, k and v rounded: `[1, E, numColumns * headDim] f32`, and the integers `[2 * kvHeads, E, headDim] i8`. */
function roundedRows(run: Int8Run, raw: Value): { packed: Value; newRows: Value } {
  const { graph, config, headDim, numColumns } = run;
  const numKvColumns = 2 * config.numKvHeads;
  // A row's heads take the place of the op's positions, each with its own row of the tables.
  const heads = graph.node('Reshape', [raw, graph.ints(-1, numColumns, headDim)]);
  const rotated = graph.node('RotaryEmbedding', [heads, run.tableRows, run.cos, run.sin]);
  const [query, keyValue] = [graph.name(), graph.name()];
  graph.node('Split', [rotated, graph.ints(config.numHeads, numKvColumns)], {
    attributes: { axis: { int: 1 } },
    outputs: [query, keyValue],
  });
  const unit = graph.f32(Float32Array.of(1), []);
  const integers = graph.node('QuantizeLinear', [keyValue, unit, graph.i8(0)]);
  const newRows = graph.node('Transpose', [integers], {
    attributes: { perm: { ints: [1, 0, 2] } },
  });
  const rounded = graph.cast(integers, 'f32');
  const joined = graph.node('Concat', [query, rounded], { attributes: { axis: { int: 1 } } });
  const packed = graph.node('Reshape', [joined, graph.ints(1, -1, numColumns * headDim)]);
  return { packed, newRows };
}

/** `[1, E, numHeads * headDim]`: attention of each sequence behind that of the one before. */
function oneByOne(run: Int8Run, rows: LayerRows, packed: Value): Value {
  const { graph, config, headDim } = run;
  const [at, goesOn, before] = [graph.name(), graph.name(), graph.name()];
  const body = graph.branch(() => {
    const pick = (table: Value): Value => graph.node('Gather', [table, at]);
    const pairOf = (table: Value): Value => pick(graph.node('Reshape', [table, graph.ints(-1, 2)]));
    const { begins, ends, pastBegins, pastEnds, seqlensK, totalLengths } = EXTEND_INPUTS;
    const own = graph.node('Slice', [packed, pick(begins), pick(ends), graph.ints(1)]);
    const attended = sequence(run, rows, own, {
      pastBegin: pairOf(pastBegins),
      pastEnd: pairOf(pastEnds),
      seqlensK: graph.node('Reshape', [pick(seqlensK), graph.ints(1)]),
      totalLength: pick(totalLengths),
    });
    const soFar = graph.node('Concat', [before, attended], { attributes: { axis: { int: 1 } } });
    return [graph.node('Identity', [goesOn]), soFar];
  }, [
    { name: at, dtype: 'i64', shape: [] },
    { name: goesOn, dtype: 'bool', shape: [] },
    { name: before, dtype: 'f32', shape: [1, 'rows', 'width'] },
  ]);
  const nothing = graph.empty('f32', [1, 0, config.numHeads * headDim]);
  return graph.node('Loop', [run.numExtends, '', nothing], { attributes: { body } });
}

/** Attention of one sequence's rows, `[1, S, numColumns * headDim]`, to each other and to what is in the cache. */
function sequence(
  run: Int8Run,
  { layer, pasts }: LayerRows,
  packed: Value,
  { pastBegin, pastEnd, seqlensK, totalLength }: Place,
): Value {
  const { graph, config, sinks } = run;
  const floats = pasts.map((past) => {
    const rows = graph.node('Slice', [past, pastBegin, pastEnd, graph.ints(0, 2)]);
    return graph.cast(rows, 'f32');
  });
  return graph.node(
    'GroupQueryAttention',
    [packed, '', '', ...floats, seqlensK, totalLength, '', '', '', '', sinks],
    {
      attributes: attentionAttributes(config, layer),
      outputs: [graph.name(), graph.name(), graph.name()],
    },
  );
}

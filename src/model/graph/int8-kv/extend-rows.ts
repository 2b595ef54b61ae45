import { EXTEND_INPUTS, PART_ROWS, prefillKeys } from '../contract.js';
import { lacking, sizeOf, zerosBehind } from '../attention-rows.js';
import type { Graph, Value } from '../graph.js';
import { attendInIntegers, type LayerRows } from './decode-rows.js';
import { attentionAttributes } from '../group-query.js';
import type { Int8Run } from './int8-run.js';

/** Beyond the end of any run. */
const FAR = 2 ** 31;

/** Where a sequence stands: inputs of the run, or what one of several sequences has of them. */
interface Place {
  /** `[1] bool`: its rows stand behind one that is decoded in the same run. */
  readonly follows: Value;
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
  const { packed, newRows } = roundedRows(run, rows);
  const attended = graph.node('If', [run.isSingle], {
    attributes: {
      then_branch: graph.branch(() => [single(run, rows, packed)]),
      else_branch: graph.branch(() => [oneByOne(run, rows, packed)]),
    },
  });
  const unread = graph.empty('i8', [0, config.numKvHeads, 1, headDim]);
  const present = [graph.node('Identity', [unread]), graph.node('Identity', [unread])];
  return [attended, ...present, newRows];
}

/** A long run in two parts, the second of which has what the first made in its past: no bit of a row depends on the cut. */
function single(run: Int8Run, rows: LayerRows, packed: Value): Value {
  const { graph, isLong } = run;
  const place = onlyPlace(graph);
  return graph.node('If', [isLong], {
    attributes: {
      then_branch: graph.branch(() => [inParts(run, rows, packed, place)]),
      else_branch: graph.branch(() => [eitherSequence(run, rows, packed, place)]),
    },
  });
}

function inParts(run: Int8Run, layer: LayerRows, packed: Value, place: Place): Value {
  const { graph } = run;
  const { pasts } = layer;
  const cut = graph.ints(PART_ROWS);
  const first = graph.node('Slice', [packed, graph.ints(0), cut, graph.ints(1)]);
  const second = graph.node('Slice', [packed, cut, graph.ints(FAR), graph.ints(1)]);
  const [outFirst, ...present] = attend(run, layer, first, {
    pasts: readPasts(run, pasts, place),
    seqlensK: graph.node('Sub', [place.seqlensK, run.rowsBehind]),
    totalLength: graph.node('Sub', [place.totalLength, graph.node('Squeeze', [run.rowsBehind])]),
  });
  const [outSecond] = attend(run, layer, second, { ...place, pasts: present });
  return graph.node('Concat', [outFirst, outSecond], { attributes: { axis: { int: 1 } } });
}

/** The inputs of a run with a single sequence are that sequence's. */
function onlyPlace(graph: Graph): Place {
  const { follows, pastBegins, pastEnds, seqlensK, totalLengths } = EXTEND_INPUTS;
  const totalLength = graph.node('Squeeze', [totalLengths]);
  return { follows, pastBegin: pastBegins, pastEnd: pastEnds, seqlensK, totalLength };
}

/** q and k rotated, k and v rounded: `[1, E, numColumns * headDim] f32`, and the integers `[2 * kvHeads, E, headDim] i8`. */
function roundedRows(run: Int8Run, rows: LayerRows): { packed: Value; newRows: Value } {
  const { graph, config, headDim, numColumns } = run;
  const numKvColumns = 2 * config.numKvHeads;
  // A row's heads take the place of the op's positions, each with its own row of the tables.
  const heads = graph.node('Reshape', [rows.packed, graph.ints(-1, numColumns, headDim)]);
  const tables = run.tablesOf(rows.plan);
  const rotated =
    tables === null
      ? heads
      : graph.node('RotaryEmbedding', [heads, run.tableRows, tables.cos, tables.sin]);
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
    const { follows, begins, ends, pastBegins, pastEnds, seqlensK, totalLengths } = EXTEND_INPUTS;
    const own = graph.node('Slice', [packed, pick(begins), pick(ends), graph.ints(1)]);
    const attended = eitherSequence(run, rows, own, {
      follows: pick(follows),
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
function eitherSequence(run: Int8Run, layer: LayerRows, packed: Value, place: Place): Value {
  const { graph } = run;
  return graph.node('If', [place.follows], {
    attributes: {
      then_branch: graph.branch(() => [followingSequence(run, layer, packed, place)]),
      else_branch: graph.branch(() => [sequence(run, layer, packed, place)]),
    },
  });
}

function sequence(run: Int8Run, layer: LayerRows, packed: Value, place: Place): Value {
  const pasts = readPasts(run, layer.pasts, place);
  // A short one gets rows of zeros behind it.
  const numKeys = prefillKeys(run.headDim);
  if (numKeys === 0) return attend(run, layer, packed, { ...place, pasts })[0];
  const { graph } = run;
  const rows = zerosBehind(graph, {
    ...place,
    numRows: sizeOf(graph, packed, 1),
    missing: lacking(graph, graph.ints(numKeys), place.totalLength),
  });
  const [output] = attend(run, layer, rows.pad(packed), { ...rows, pasts });
  return rows.unpad(output);
}

/**
 * By the op of decode rows, which computes each row as though it had come alone. It has nothing to rotate, and rounds what
 * is on the grid already.
 */
function followingSequence(run: Int8Run, layer: LayerRows, packed: Value, place: Place): Value {
  const pasts = layer.pasts.map((past) => cutPast(run, past, place));
  const [output = ''] = attendInIntegers(run, layer, {
    packed,
    pasts,
    lengths: [place.seqlensK, place.totalLength],
    tables: null,
  });
  return run.graph.node('Identity', [output]);
}

function readPasts(run: Int8Run, pasts: readonly Value[], place: Place): Value[] {
  return pasts.map((past) => run.graph.cast(cutPast(run, past, place), 'f32'));
}

function cutPast({ graph }: Int8Run, past: Value, { pastBegin, pastEnd }: Place): Value {
  return graph.node('Slice', [past, pastBegin, pastEnd, graph.ints(0, 2)]);
}

interface Attended extends Pick<Place, 'seqlensK' | 'totalLength'> {
  /** K and V before these rows, `[1, kvHeads, P, headDim] f32`. */
  readonly pasts: readonly Value[];
}

/** What attention gives, and K and V with these rows. */
function attend(
  { graph, config }: Int8Run,
  { plan, sinks }: Pick<LayerRows, 'plan' | 'sinks'>,
  packed: Value,
  { pasts, seqlensK, totalLength }: Attended,
): [Value, Value, Value] {
  const outputs: [Value, Value, Value] = [graph.name(), graph.name(), graph.name()];
  graph.node(
    'GroupQueryAttention',
    [packed, '', '', ...pasts, seqlensK, totalLength, '', '', '', '', sinks],
    { attributes: attentionAttributes(config, plan), outputs },
  );
  return outputs;
}

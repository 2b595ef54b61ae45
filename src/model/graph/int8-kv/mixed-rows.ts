import type { Value } from '../graph.js';
import { decodeRows, type LayerRows } from './decode-rows.js';
import { extendRows } from './extend-rows.js';
import type { Int8Run } from './int8-run.js';

/** The rows that decode, one of each sequence of the window, and behind them those that extend sequences. */
export function mixedRows(run: Int8Run, { packed, ...rest }: LayerRows): Value[] {
  const { graph, config, headDim, numColumns, numDecoding } = run;
  const axis = graph.ints(1);
  const ofDecode = graph.node('Slice', [packed, graph.ints(0), numDecoding, axis]);
  const ofExtend = graph.node('Slice', [packed, numDecoding, graph.ints(FAR), axis]);
  const single = graph.node('Reshape', [ofDecode, graph.ints(-1, 1, numColumns * headDim)]);
  const [decoded = '', ...present] = decodeRows(run, { ...rest, packed: single });
  // What follows a row that decodes finds it in the cache.
  const behind = { ...rest, packed: ofExtend, pasts: present.slice(0, 2) };
  const [extended = '', , , newRows = ''] = extendRows(run, behind);
  const width = config.numHeads * headDim;
  const inOne = graph.node('Reshape', [decoded, graph.ints(1, -1, width)]);
  const attended = graph.node('Concat', [inOne, extended], { attributes: { axis: { int: 1 } } });
  return [attended, ...present.slice(0, 2), newRows];
}

/** Beyond the end of any run. */
const FAR = 2 ** 31;

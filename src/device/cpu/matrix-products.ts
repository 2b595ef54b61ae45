import { Graph } from '../../model/graph/graph.js';
import type { Columns, Products } from '../../model/quantize/compensate/products.js';
import { OrtSession, tensorOf, type OrtOptions, type Tensors } from '../ort.js';

const STOP = 'stop_copy';
const OUTPUT = 'product';

/** Which side of a product is transposed, and of which sides all columns are taken, so that nothing is copied. */
interface Form {
  readonly transposed: 'a' | 'b';
  readonly isWhole: { readonly a: boolean; readonly b: boolean };
}

/** Products by the runtime's own kernels. The same machine and number of threads give the same bits. */
export class MatrixProducts implements Products {
  readonly #options: OrtOptions;
  readonly #sessions = new Map<string, Promise<OrtSession>>();

  constructor(options: OrtOptions) {
    this.#options = options;
  }

  async leftTransposed(a: Columns, b: Columns, out: Float32Array): Promise<void> {
    await this.#run('a', a, b, { data: out, rows: a.end - a.begin });
  }

  async rightTransposed(a: Columns, b: Columns, out: Float32Array): Promise<void> {
    await this.#run('b', a, b, { data: out, rows: rowsOf(a) });
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  async #run(
    transposed: Form['transposed'],
    a: Columns,
    b: Columns,
    out: { readonly data: Float32Array; readonly rows: number },
  ): Promise<void> {
    const isWhole = { a: isWholeMatrix(a), b: isWholeMatrix(b) };
    const session = await this.#session({ transposed, isWhole });
    const feeds: Tensors = { ...matrix('a', a), ...matrix('b', b) };
    const dims = [out.rows, out.data.length / out.rows];
    await session.run(feeds, { [STOP]: null, [OUTPUT]: tensorOf('float32', out.data, dims) });
  }

  #session(form: Form): Promise<OrtSession> {
    const key = JSON.stringify(form);
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const session = OrtSession.create({ graph: graphOf(form), weightsFolder: '/' }, this.#options);
    this.#sessions.set(key, session);
    return session;
  }
}

function matrix(name: 'a' | 'b', columns: Columns): Tensors {
  const { data, width, begin, end } = columns;
  const tensor = tensorOf('float32', data, [rowsOf(columns), width]);
  if (isWholeMatrix(columns)) return { [name]: tensor };
  const bound = (at: number) => tensorOf('int64', BigInt64Array.of(BigInt(at)), [1]);
  return { [name]: tensor, [`${name}_begin`]: bound(begin), [`${name}_end`]: bound(end) };
}

function rowsOf({ data, width }: Columns): number {
  return data.length / width;
}

function isWholeMatrix({ width, begin, end }: Columns): boolean {
  return begin === 0 && end === width;
}

function graphOf({ transposed, isWhole }: Form): Uint8Array {
  const graph = new Graph();
  const side = (name: 'a' | 'b'): string => {
    const all = graph.input({ name, dtype: 'f32', shape: [`${name}_rows`, `${name}_columns`] });
    if (isWhole[name]) return all;
    const bounds = (['begin', 'end'] as const).map((bound) =>
      graph.input({ name: `${name}_${bound}`, dtype: 'i64', shape: [1] }),
    );
    return graph.node('Slice', [all, ...bounds, graph.ints(1)]);
  };
  const sides = [side('a'), side('b')];
  graph.output({ name: STOP, dtype: 'f32', shape: ['rows', 'columns'], sequence: true });
  graph.output({ name: OUTPUT, dtype: 'f32', shape: ['rows', 'columns'] });
  const attributes = { [transposed === 'a' ? 'transA' : 'transB']: { int: 1 } };
  graph.node('FusedMatMul', sides, { attributes, outputs: [OUTPUT] });
  graph.node('SequenceConstruct', [OUTPUT], { outputs: [STOP] });
  return graph.encode();
}

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { OrtSession, tensorOf } from '../../../src/device/ort.js';
import { Graph, type Value } from '../../../src/model/graph/graph.js';
import { median } from '../lib/report.js';

/** What the machine can do at most, through the runtime alone, as far as we could make it. */
export interface Limits {
  /** Integer products of u8 and i8, 10^9 operations a second; a multiplication and an addition are two. */
  readonly int8Gops: number;
  /** The same in f32. */
  readonly f32Gflops: number;
  /** Weights read from memory by products of one row, 10^9 bytes a second. */
  readonly readGBps: number;
  /** One thread's copy of long arrays, 10^9 bytes a second, those read and those written. */
  readonly copyGBps: number;
}

type Dtype = 'i8' | 'f32';

/** `count` products of one input `[rows, inner]` with matrices `[inner, outer]` of their own. */
interface Products {
  readonly dtype: Dtype;
  readonly rows: number;
  readonly inner: number;
  readonly outer: number;
  readonly count: number;
}

const INT8: Products = { dtype: 'i8', rows: 512, inner: 2048, outer: 2048, count: 4 };
const F32: Products = { ...INT8, dtype: 'f32' };
/** 256 MiB: many times what a cache holds. */
const STREAMED: Products = { dtype: 'i8', rows: 1, inner: 2048, outer: 8192, count: 16 };
const COPY_BYTES = 2 ** 28;
/** Runs of one measurement, whose median it is: one that a clock or a cache made shorter is no limit. */
const NUM_RUNS = 9;

const ELEMENT_BYTES: Readonly<Record<Dtype, number>> = { i8: 1, f32: 4 };
const BLOCK_BYTES = 2 ** 20;

/** Sessions that measure a machine's limits, as often as one likes. */
export class LimitGauge {
  private constructor(
    private readonly int8: Timed,
    private readonly f32: Timed,
    private readonly streamed: Timed,
  ) {}

  static async open(numThreads: number): Promise<LimitGauge> {
    const folder = await mkdtemp(join(tmpdir(), 'radish-roofline-'));
    try {
      await writeWeights(join(folder, FILE), Math.max(...[INT8, F32, STREAMED].map(weightBytes)));
      const session = (products: Products) => Timed.open(products, folder, numThreads);
      return new LimitGauge(await session(INT8), await session(F32), await session(STREAMED));
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  async measure(): Promise<Limits> {
    const giga = (work: number, ms: number) => work / ms / 1e6;
    return {
      int8Gops: giga(operations(INT8), await this.int8.medianMs()),
      f32Gflops: giga(operations(F32), await this.f32.medianMs()),
      readGBps: giga(weightBytes(STREAMED), await this.streamed.medianMs()),
      copyGBps: giga(2 * COPY_BYTES, copyMs()),
    };
  }
}

const FILE = 'weights.bin';
const CELLS = 'cells';

class Timed {
  private constructor(
    private readonly session: OrtSession,
    private readonly products: Products,
  ) {}

  static async open(products: Products, weightsFolder: string, numThreads: number): Promise<Timed> {
    const model = { graph: graphOf(products), weightsFolder };
    const session = await OrtSession.create(model, { numThreads, spinning: true });
    return new Timed(session, products);
  }

  async medianMs(): Promise<number> {
    const { rows, inner } = this.products;
    const x = Float32Array.from({ length: rows * inner }, (_, at) => Math.sin(at));
    const feeds = { x: tensorOf('float32', x, [rows, inner]) };
    const times: number[] = [];
    for (let run = 0; run < NUM_RUNS; run++) {
      const start = performance.now();
      await this.session.fetch(feeds, [CELLS]);
      times.push(performance.now() - start);
    }
    return median(times);
  }
}

/** One cell of each product is the output, so that all are computed and nothing is copied. */
function graphOf(products: Products): Uint8Array {
  const { rows, inner, outer, count, dtype } = products;
  const graph = new Graph();
  const x = graph.input({ name: 'x', dtype: 'f32', shape: [rows, inner] });
  const step = graph.f32(Float32Array.of(1 / 127), []);
  const zeroPoint = graph.u8(128);
  const byteLength = inner * outer * ELEMENT_BYTES[dtype];
  const integers = dtype === 'i8' ? graph.node('QuantizeLinear', [x, step, zeroPoint]) : x;
  const cells = Array.from({ length: count }, (_, i): Value => {
    const offset = i * byteLength;
    const weight = graph.external({ file: FILE, offset, byteLength, dtype, shape: [inner, outer] });
    const product =
      dtype === 'i8'
        ? graph.node('MatMulIntegerToFloat', [integers, weight, step, step, zeroPoint])
        : graph.node('MatMul', [x, weight]);
    return graph.node('Slice', [product, graph.ints(0, 0), graph.ints(1, 1), graph.ints(0, 1)]);
  });
  graph.node('Concat', cells, { attributes: { axis: { int: 1 } }, outputs: [CELLS] });
  graph.output({ name: CELLS, dtype: 'f32', shape: [1, count] });
  return graph.encode();
}

/**
 * Any bytes will do as integers; as f32 the pattern of their four bytes is a number near 1. No two blocks are equal: the
 * runtime keeps one packed copy of weights that are, which a cache then holds.
 */
async function writeWeights(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let block = 0; block * BLOCK_BYTES < bytes; block++) {
      const values = new Float32Array(BLOCK_BYTES / 4);
      await file.write(values.map((_, at) => 1 + ((at + block * 31) % 8191) / 8192));
    }
  } finally {
    await file.close();
  }
}

function weightBytes({ inner, outer, count, dtype }: Products): number {
  return inner * outer * count * ELEMENT_BYTES[dtype];
}

function operations({ rows, inner, outer, count }: Products): number {
  return 2 * rows * inner * outer * count;
}

function copyMs(): number {
  const from = new Uint8Array(COPY_BYTES).fill(1);
  const to = new Uint8Array(COPY_BYTES).fill(2);
  const times = Array.from({ length: NUM_RUNS }, () => {
    const start = performance.now();
    to.set(from);
    return performance.now() - start;
  });
  return median(times);
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { OrtSession, tensorOf } from '../../../../src/device/ort.js';
import { Graph } from '../../../../src/model/graph/graph.js';
import { integerLinear } from '../../../../src/model/graph/integer-linear.js';
import { CacheLayout, WEIGHTS_FILE } from '../../../../src/model/quantize/layout.js';
import type { W8A8Linear } from '../../../../src/model/weights/weight-store.js';

/** Inputs, and two matrices of 3 and 2 outputs, of which the first has a bias. */
const WIDTH = 4;
const MATRICES = [
  {
    weight: [3, -7, 64, 1, -2, 9, -64, 5, 0, 11, 8, -3],
    scale: [0.5, 0.25, 2],
    bias: [100, -50, 7],
  },
  { weight: [1, 2, -3, 4, 5, -6, -7, 8], scale: [1, 0.125], bias: null },
] as const;

/** Rows of which one is zero, and one has more than any range. */
const ROWS = [
  [1, -0.52, 0.26, 0.78],
  [0, 0, 0, 0],
  [0.9, -40, 40, 0.1],
] as const;

/** `[rows][out]` of each matrix. */
async function run(test: Tap, inputRange: number | null): Promise<number[][][]> {
  const folder = test.testdir({});
  const layout = new CacheLayout();
  const content: [offset: number, data: NodeJS.TypedArray][] = [];
  const matrices = MATRICES.map(({ weight, scale, bias }) => {
    const out = scale.length;
    const place = (dtype: 'i8' | 'f32', shape: readonly number[], values: readonly number[]) => {
      const ref = layout.place(dtype, shape);
      content.push([
        ref.offset,
        dtype === 'i8' ? Int8Array.from(values) : Float32Array.from(values),
      ]);
      return ref;
    };
    return {
      weight: place('i8', [WIDTH, out], weight),
      scale: place('f32', [out], scale),
      bias: bias === null ? null : place('f32', [out], bias),
    };
  });
  const file = new Uint8Array(layout.fileBytes);
  for (const [offset, { buffer }] of content) file.set(new Uint8Array(buffer), offset);
  await writeFile(join(folder, WEIGHTS_FILE), file);

  const graph = new Graph();
  const x = graph.input({ name: 'x', dtype: 'f32', shape: [ROWS.length, WIDTH] });
  const linear: W8A8Linear = { format: 'w8a8_int8', matrices, inputHadamard: null, inputRange };
  const outputs = integerLinear(graph, x, linear, { width: WIDTH, partWidths: [], factors: null });
  outputs.forEach((name, i) => {
    const shape = [ROWS.length, MATRICES[i]?.scale.length ?? 0];
    graph.output({ name, dtype: 'f32', shape });
  });
  const session = await OrtSession.create(
    { graph: graph.encode(), weightsFolder: folder },
    { numThreads: 1, spinning: false },
  );
  const values = Float32Array.from(ROWS.flat());
  const feeds = { x: tensorOf('float32', values, [ROWS.length, WIDTH]) };
  const fetched = await session.fetch(feeds, outputs);
  await session.release();
  return outputs.map((name, i) => {
    const data = [...(fetched[name]?.data as Float32Array)];
    const out = MATRICES[i]?.scale.length ?? 1;
    return ROWS.map((_, row) => data.slice(row * out, (row + 1) * out));
  });
}

/** The same in doubles, of inputs that were rounded to `step` and clipped to 8 bits. */
function expected(stepOf: (row: readonly number[]) => number): number[][][] {
  return MATRICES.map(({ weight, scale, bias }) =>
    ROWS.map((row) => {
      const step = stepOf(row);
      const rounded = row.map((x) =>
        step === 0 ? 0 : step * Math.min(127, Math.max(-128, Math.round(x / step))),
      );
      return scale.map((s, n) =>
        rounded.reduce(
          (sum, x, k) => sum + x * s * (weight[k * scale.length + n] ?? NaN),
          bias?.[n] ?? 0,
        ),
      );
    }),
  );
}

function sameWithin(test: Tap, got: number[][][], want: number[][][]): void {
  const flat = want.flat(2);
  t.equal(got.flat(2).length, flat.length);
  const errors = got.flat(2).map((x, i) => Math.abs(x - (flat[i] ?? NaN)));
  test.ok(
    errors.every((error) => error < 1e-3),
    `off by ${Math.max(...errors)}`,
  );
}

type Tap = Pick<typeof t, 'ok' | 'testdir'>;

t.test(
  'each row is rounded over its own largest magnitude, a row of zeros gives the bias',
  async (t) => {
    const got = await run(t, null);
    sameWithin(
      t,
      got,
      expected((row) => Math.max(...row.map(Math.abs)) / 127),
    );
    t.same(got[0]?.[1], MATRICES[0].bias);
  },
);

t.test('within a range all rows have one step, and what lies outside is clipped', async (t) => {
  sameWithin(
    t,
    await run(t, 2.54),
    expected(() => 0.02),
  );
});

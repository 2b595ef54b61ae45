import { MatrixProducts } from '../device/cpu/matrix-products.js';
import { OrtSession, tensorOf, type OrtOptions, type Tensors } from '../device/ort.js';
import { GRAPH_INPUTS } from '../model/graph/contract.js';
import {
  attentionStage,
  downStage,
  embeddingStage,
  expertsStage,
  innerStage,
  normStage,
  projectionStage,
  routerStage,
  STAGE,
  type StageModel,
} from '../model/graph/layer-stages.js';
import type { DenseMlpPlan, MoePlan } from '../model/plan/mlp.js';
import type { PlainLayerPlan } from '../model/plan/network.js';
import type { LinearPlan, NormPlan } from '../model/plan/tensors.js';
import { noteLayer } from '../model/quantize/compensate/layer-journal.js';
import type { LayerTask } from '../model/quantize/compensate/layer-task.js';
import { roundLinears } from '../model/quantize/compensate/round-linears.js';
import { WriteRecorder } from '../model/quantize/written.js';
import { weightStore } from '../model/weights/weight-store.js';

/** An expert is shown no fewer rows, if there are as many: those of tokens that others take, where its own are fewer. */
const EXPERT_ROWS_MIN = 512;

/**
 * Rounds the linears of a layer, each on what it reads behind those that are rounded already. Gives the residual stream
 * behind the layer, `[T, hidden]`, as the rounded network has it, and notes both in the task's journal.
 */
export async function roundLayer(task: LayerTask, options: OrtOptions): Promise<Float32Array> {
  const { journal } = task;
  const written = journal === null ? null : new WriteRecorder(journal.id);
  const run = new LayerRun(task, written, options);
  try {
    const stream = await run.whole();
    if (journal !== null && written !== null) noteLayer(journal, written.end(), stream);
    return stream;
  } finally {
    await run.release();
  }
}

class LayerRun {
  readonly #task: LayerTask;
  readonly #written: WriteRecorder | null;
  readonly #options: OrtOptions;
  readonly #products: MatrixProducts;
  readonly #model: StageModel;
  readonly #layer: PlainLayerPlan;

  constructor(task: LayerTask, written: WriteRecorder | null, options: OrtOptions) {
    this.#task = task;
    this.#written = written;
    this.#options = options;
    this.#products = new MatrixProducts(options);
    const { config, plan, folder, map } = task;
    this.#model = { config, plan, store: weightStore(folder, map) };
    // Of a network with others nothing is rounded on what it reads (model/build-decoder.ts).
    this.#layer = plan.layers[task.index] as PlainLayerPlan;
  }

  release(): Promise<void> {
    return this.#products.release();
  }

  async whole(): Promise<Float32Array> {
    const layer = this.#layer;
    const { mlp } = layer;
    const before = this.#task.stream ?? (await this.#embedded());
    const input = await this.#normed(layer.inputNorm, before);
    const middle = await this.#attention(before, input);
    const mlpInput = layer.isParallel
      ? await this.#besides(before, input)
      : await this.#normed(layer.mlpNorm, middle);
    return mlp.kind === 'moe'
      ? this.#experts(mlp, middle, mlpInput)
      : this.#dense(mlp, middle, mlpInput);
  }

  async #embedded(): Promise<Float32Array> {
    const { texts, plan } = this.#task;
    const integers = (values: readonly number[]) =>
      tensorOf('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
    const ids = integers(texts.flatMap((text) => [...text]));
    const last = (plan.positions?.shape[0] ?? 0) - 1;
    const places = texts.flatMap((text) => Array.from(text, (_, at) => Math.min(at, last)));
    const positions = plan.positions === null ? {} : { [STAGE.positions]: integers(places) };
    const feeds = { [GRAPH_INPUTS.inputIds]: ids, ...positions };
    return this.#run(embeddingStage(this.#model), feeds);
  }

  async #normed(plan: NormPlan | null, stream: Float32Array): Promise<Float32Array> {
    return plan === null ? stream : this.#stage(normStage(this.#model, plan), { stream });
  }

  /** What an MLP beside attention reads. */
  async #besides(before: Float32Array, input: Float32Array): Promise<Float32Array> {
    const { mlpNorm } = this.#layer;
    return mlpNorm === null ? input : this.#normed(mlpNorm, before);
  }

  /** The stream with what attention adds to it. */
  async #attention(stream: Float32Array, input: Float32Array): Promise<Float32Array> {
    const { qkv, o } = this.#layer.attention;
    await this.#round(qkv, input);
    const heads = await this.#attended(input);
    await this.#round(o, heads);
    return this.#stage(projectionStage(this.#model, this.#layer), { stream, input: heads });
  }

  /** One text after another: none sees the others. */
  async #attended(input: Float32Array): Promise<Float32Array> {
    const { texts } = this.#task;
    const { qkv, o } = this.#layer.attention;
    const longest = Math.max(...texts.map(({ length }) => length));
    const session = await this.#open(attentionStage(this.#model, this.#layer, longest));
    const heads = new Float32Array((input.length / qkv.in) * o.in);
    try {
      let first = 0;
      for (const { length } of texts) {
        const rows = input.subarray(first * qkv.in, (first + length) * qkv.in);
        const feeds = {
          ...tensor(STAGE.input, rows, length),
          [GRAPH_INPUTS.seqlensK]: tensorOf('int32', Int32Array.of(length - 1), [1]),
          [GRAPH_INPUTS.totalLength]: tensorOf('int32', Int32Array.of(length), []),
        };
        heads.set(floatsOf(await session.fetch(feeds, [STAGE.output])), first * o.in);
        first += length;
      }
    } finally {
      await session.release();
    }
    return heads;
  }

  async #dense(
    mlp: DenseMlpPlan,
    stream: Float32Array,
    input: Float32Array,
  ): Promise<Float32Array> {
    const inner = await this.#roundMlp(mlp, input);
    return this.#stage(downStage(this.#model, this.#layer, mlp.down), { stream, input: inner });
  }

  async #experts(mlp: MoePlan, stream: Float32Array, input: Float32Array): Promise<Float32Array> {
    const chosen = await this.#chosen(mlp, input);
    for (const [index, expert] of mlp.experts.entries()) {
      const rows = rowsOfExpert(chosen, mlp.topK, index);
      await this.#roundMlp(expert, rowsAt(input, mlp.router.in, rows));
    }
    if (mlp.shared !== null) await this.#roundMlp(mlp.shared, input);
    return this.#stage(expertsStage(this.#model, this.#layer, mlp), { stream, input });
  }

  /** `[T * topK]`: the experts of each token. */
  async #chosen(mlp: MoePlan, input: Float32Array): Promise<BigInt64Array> {
    const session = await this.#open(routerStage(this.#model, this.#layer.index, mlp));
    try {
      const feeds = tensor(STAGE.input, input, this.#numTokens);
      const { [STAGE.experts]: experts } = await session.fetch(feeds, [STAGE.experts]);
      return experts?.data as BigInt64Array;
    } finally {
      await session.release();
    }
  }

  /** Rounds both linears of an MLP that reads `input [n, in]`; gives what the second multiplies. */
  async #roundMlp(mlp: DenseMlpPlan, input: Float32Array): Promise<Float32Array> {
    const first = mlp.kind === 'gated' ? mlp.gateUp : mlp.up;
    await this.#round(first, input);
    const feeds = tensor(STAGE.input, input, input.length / first.in);
    const inner = await this.#run(innerStage(this.#model, mlp), feeds);
    await this.#round(mlp.down, inner);
    return inner;
  }

  async #round({ name }: LinearPlan, inputs: Float32Array): Promise<void> {
    const linears = this.#task.linears.filter((listed) => listed.name === name);
    const tools = { products: this.#products, written: this.#written };
    if (linears.length > 0) await roundLinears(tools, linears, inputs);
  }

  get #numTokens(): number {
    return this.#task.texts.reduce((sum, { length }) => sum + length, 0);
  }

  /** Of all tokens at once. */
  #stage(graph: Uint8Array, values: Readonly<Record<string, Float32Array>>): Promise<Float32Array> {
    const feeds = Object.entries(values).map(([name, data]) => tensor(name, data, this.#numTokens));
    return this.#run(graph, Object.assign({}, ...feeds) as Tensors);
  }

  async #run(graph: Uint8Array, feeds: Tensors): Promise<Float32Array> {
    const session = await this.#open(graph);
    try {
      return floatsOf(await session.fetch(feeds, [STAGE.output]));
    } finally {
      await session.release();
    }
  }

  #open(graph: Uint8Array): Promise<OrtSession> {
    return OrtSession.create({ graph, weightsFolder: this.#task.folder }, this.#options);
  }
}

/** Rows of the tokens that chose an expert, and, where these are few, of others, spread over all. */
export function rowsOfExpert(chosen: BigInt64Array, topK: number, expert: number): number[] {
  const numTokens = chosen.length / topK;
  const isOwn = new Uint8Array(numTokens);
  chosen.forEach((id, at) => {
    if (Number(id) === expert) isOwn[Math.floor(at / topK)] = 1;
  });
  const all = Array.from({ length: numTokens }, (_, token) => token);
  const own = all.filter((token) => isOwn[token] === 1);
  const others = all.filter((token) => isOwn[token] === 0);
  const lacking = Math.min(others.length, Math.max(0, EXPERT_ROWS_MIN - own.length));
  const step = others.length / Math.max(1, lacking);
  const more = Array.from({ length: lacking }, (_, i) => others[Math.floor(i * step)] as number);
  return [...own, ...more];
}

function rowsAt(data: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, at) => {
    picked.set(data.subarray(row * width, (row + 1) * width), at * width);
  });
  return picked;
}

function tensor(name: string, data: Float32Array, numRows: number): Tensors {
  return { [name]: tensorOf('float32', data, [1, numRows, data.length / numRows]) };
}

function floatsOf(outputs: Tensors): Float32Array {
  return outputs[STAGE.output]?.data as Float32Array;
}

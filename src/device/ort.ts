import './telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { PreparedModel } from '../model/graph/contract.js';

/**
 * The only file that knows onnxruntime-node.
 *
 * The binding (1.30.0) copies every fetched output into a new ArrayBuffer after the run, preallocated ones
 * too, which for a KV arena costs more than the model. So our graphs declare a sequence as their first
 * output: the native run fills all preallocated outputs, then the binding throws {@link STOP_MESSAGE}
 * before it copies anything. An upstream release that leaves preallocated outputs alone (in
 * `InferenceSessionWrap::Run`: skip `OrtValueToNapiValue` where `reuseOutput` is set), or that offers
 * IoBinding, removes the need.
 */
const STOP_MESSAGE = 'Non tensor type is temporarily not supported.';

export interface OrtOptions {
  readonly numThreads: number;
  /** Threads spin between operators: ~15 % faster, but takes the cores from everybody else. */
  readonly spinning: boolean;
}

export type TensorType = 'float32' | 'int32' | 'int64';
export type Tensors = Record<string, Tensor>;
/** Null = let the runtime allocate it (the sequence that stops the copy). */
export type Fetches = Record<string, Tensor | null>;

/** A tensor over `data`, which stays shared with native code for as long as a run uses it. */
export function tensorOf(
  type: TensorType,
  data: Float32Array | Int32Array | BigInt64Array,
  dims: readonly number[],
): Tensor {
  return new Tensor(type, data, dims);
}

/** A model on a device; its outputs land in the preallocated tensors of `fetches`. */
export class OrtSession {
  readonly #session: InferenceSession;
  #running = false;

  /** For {@link create}: no other file can make an InferenceSession. */
  constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async create(model: PreparedModel, options: OrtOptions): Promise<OrtSession> {
    const session = await InferenceSession.create(model.graph, {
      intraOpNumThreads: options.numThreads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      extra: {
        session: {
          model_external_initializers_file_folder_path: model.weightsFolder,
          intra_op: { allow_spinning: options.spinning ? '1' : '0' },
        },
      },
    });
    return new OrtSession(session);
  }

  /** One run at a time; the event loop turns once before the native call, which blocks the thread. */
  async run(feeds: Tensors, fetches: Fetches): Promise<void> {
    if (this.#running) throw new Error('this is a bug: a run while another run is under way');
    this.#running = true;
    try {
      await this.#session.run(feeds, fetches);
    } catch (error) {
      if (error instanceof Error && error.message === STOP_MESSAGE) return;
      throw error;
    } finally {
      this.#running = false;
    }
    throw new Error(
      'the runtime copied its outputs: the graph does not begin with a sequence output',
    );
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

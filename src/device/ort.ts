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
  readonly spinning: boolean | 'during runs';
}

/** What else a session does; by default nothing of it. */
export interface SessionExtras {
  /** A node that would run on the CPU beside another provider is an error when the session is created. */
  readonly requirePlacement?: boolean;
  /** Where the trace of all runs is written, as `<prefix>_<time>.json`, by {@link OrtSession.endProfile}. */
  readonly profilePrefix?: string | null;
}

/** Who runs the operators. WebGPU takes the one adapter of its process, whatever it is asked for. */
export type Provider = 'cpu' | 'webgpu' | { readonly name: 'cuda'; readonly deviceId: number };

/** A graph, and where its initializers lie. */
export type SessionModel = Pick<PreparedModel, 'graph' | 'weightsFolder'>;

export type TensorType = 'float32' | 'int8' | 'int32' | 'int64' | 'bool';
export type Tensors = Record<string, Tensor>;
/** Null = let the runtime allocate it (the sequence that stops the copy). */
export type Fetches = Record<string, Tensor | null>;

/** A tensor over `data`, which stays shared with native code for as long as a run uses it. */
export function tensorOf(
  type: TensorType,
  data: Float32Array | Int8Array | Int32Array | BigInt64Array | Uint8Array,
  dims: readonly number[],
): Tensor {
  return new Tensor(type, data, dims);
}

/** A model on a device. One run at a time; the event loop turns once before the native call, which blocks the thread. */
export class OrtSession {
  readonly #session: InferenceSession;
  #running = false;

  /** For {@link create}: no other file can make an InferenceSession. */
  constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async create(
    model: SessionModel,
    options: OrtOptions,
    provider: Provider = 'cpu',
    { requirePlacement = false, profilePrefix = null }: SessionExtras = {},
  ): Promise<OrtSession> {
    const session = await InferenceSession.create(model.graph, {
      executionProviders: [provider],
      intraOpNumThreads: options.numThreads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      ...(profilePrefix === null
        ? {}
        : { enableProfiling: true, profileFilePrefix: profilePrefix }),
      extra: {
        // It makes one slow node of two fast ones, and only where it can tell all shapes (model/graph/norm.ts).
        ...(provider === 'cpu' && {
          optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' },
        }),
        session: {
          model_external_initializers_file_folder_path: model.weightsFolder,
          intra_op: { allow_spinning: options.spinning === false ? '0' : '1' },
          force_spinning_stop: options.spinning === 'during runs' ? '1' : '0',
          disable_cpu_ep_fallback: requirePlacement ? '1' : '0',
          // Weights and KV take what they need, and not the next power of two.
          use_device_allocator_for_initializers: provider === 'cpu' ? '0' : '1',
        },
      },
    });
    return new OrtSession(session);
  }

  /** The outputs land in the preallocated tensors of `fetches`. */
  async run(feeds: Tensors, fetches: Fetches): Promise<void> {
    try {
      await this.#alone(() => this.#session.run(feeds, fetches));
    } catch (error) {
      if (error instanceof Error && error.message === STOP_MESSAGE) return;
      throw error;
    }
    throw new Error(
      'the runtime copied its outputs: the graph does not begin with a sequence output',
    );
  }

  /** Copies of the outputs `names`: for graphs whose large values stay inside the session. */
  fetch(feeds: Tensors, names: readonly string[]): Promise<Tensors> {
    return this.#alone(() => this.#session.run(feeds, names));
  }

  async #alone<T>(run: () => Promise<T>): Promise<T> {
    if (this.#running) throw new Error('this is a bug: a run while another run is under way');
    this.#running = true;
    try {
      return await run();
    } finally {
      this.#running = false;
    }
  }

  /** Writes the trace; no run is traced from here on. */
  endProfile(): void {
    this.#session.endProfiling();
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

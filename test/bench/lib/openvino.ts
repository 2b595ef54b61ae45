import { startPythonPeer } from './python-peer.js';

export interface OpenVinoOptions {
  /** Of an environment that has openvino-genai. */
  readonly python: string;
  readonly gguf: string;
  readonly threads: string;
  /** Room of its KV cache. */
  readonly cacheTokens: number;
  /** Its own speculation by the request's tokens; default: off. */
  readonly promptLookup?: boolean;
}

/** Prompts that go in order. */
export interface OpenVinoWorkload {
  readonly prompts: readonly (readonly number[])[];
  readonly maxNewTokens: number;
  /** Requests under way at a time. */
  readonly concurrency: number;
  /** When each request comes, since the start; null = as soon as there is a place. */
  readonly arrivalsMs: readonly number[] | null;
}

/** All by its own clock, in its own process: no HTTP, no server. */
export interface OpenVinoTiming {
  readonly wallMs: number;
  /** In the order of the prompts. */
  readonly requests: readonly {
    /** From its arrival, or from adding it, to its first token. */
    readonly ttftMs: number;
    /** When each token came, since the start. */
    readonly tokensMs: readonly number[];
  }[];
}

/** What it computes in where nobody says: this depends on the CPU. */
export interface OpenVinoFacts {
  readonly version: string;
  readonly inferencePrecision: string;
  readonly kvCachePrecision: string;
}

export interface OpenVino {
  readonly pid: number;
  readonly facts: OpenVinoFacts;
  run(workload: OpenVinoWorkload): Promise<OpenVinoTiming>;
  close(): Promise<void>;
}

/** OpenVINO GenAI's continuous batching in a Python process, one workload at a time. */
export async function startOpenVino(options: OpenVinoOptions): Promise<OpenVino> {
  const { python, gguf, threads, cacheTokens, promptLookup = false } = options;
  const args = [gguf, threads, String(cacheTokens), ...(promptLookup ? ['lookup'] : [])];
  const peer = await startPythonPeer(python, 'lib/openvino_peer.py', args);
  return {
    pid: peer.pid,
    facts: peer.facts as OpenVinoFacts,
    run: async (workload) => (await peer.ask(workload)) as OpenVinoTiming,
    close: () => peer.close(),
  };
}

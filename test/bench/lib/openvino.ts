import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Python is not compiled: the script lies beside the source of this file. */
const SCRIPT = new URL('../../../../test/bench/lib/openvino_peer.py', import.meta.url);

export interface OpenVinoOptions {
  /** Of an environment that has openvino-genai. */
  readonly python: string;
  readonly gguf: string;
  readonly threads: string;
  /** Room of its KV cache. */
  readonly cacheTokens: number;
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

interface Reply {
  readonly value?: unknown;
  readonly error?: string;
}

/** OpenVINO GenAI's continuous batching in a Python process, one workload at a time. */
export async function startOpenVino(options: OpenVinoOptions): Promise<OpenVino> {
  const { python, gguf, threads, cacheTokens } = options;
  const args = [fileURLToPath(SCRIPT), gguf, threads, String(cacheTokens)];
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const replies = repliesOf(child, createInterface(child.stdout)[Symbol.asyncIterator]());
  const facts = (await replies()) as OpenVinoFacts;
  return {
    pid: child.pid ?? -1,
    facts,
    run: async (workload) => {
      child.stdin.write(`${JSON.stringify(workload)}\n`);
      return (await replies()) as OpenVinoTiming;
    },
    close: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

/** Takes the next reply; rejects with its error, or when the process ends instead. */
function repliesOf(child: ChildProcess, lines: AsyncIterator<string>): () => Promise<unknown> {
  let failure: Error | null = null;
  child.once('error', (error) => (failure = error));
  return async () => {
    const next = await lines.next();
    if (next.done === true) throw failure ?? new Error('OpenVINO ended without an answer');
    const reply = JSON.parse(next.value) as Reply;
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.value;
  };
}

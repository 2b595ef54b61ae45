import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Quality } from '../divergence.js';

const run = promisify(execFile);
/** What llama-perplexity prints of a text is some kilobytes. */
const MAX_BUFFER = 64 * 2 ** 20;
const MAGIC = '_logits_';

/** llama.cpp's own tools: they quantise its files, and say what its formats cost. */
export class LlamaTools {
  constructor(
    /** Folder of llama-server, llama-quantize and llama-perplexity. */
    readonly binaries: string,
    private readonly threads: string,
  ) {}

  /** Writes `target` in a type of llama-quantize's, without an importance matrix, unless it is there. */
  async quantize(source: string, target: string, type: string): Promise<void> {
    if (existsSync(target)) return;
    const draft = `${target}.draft`;
    await this.#run('llama-quantize', [source, draft, type, this.threads]);
    await rename(draft, target);
  }

  /** Log-probabilities of a text by a file of floats, K and V in f32 too; the tokens that it was read in. */
  async writeReference(gguf: string, text: string, target: string): Promise<number[]> {
    const exact = ['--cache-type-k', 'f32', '--cache-type-v', 'f32'];
    await this.#perplexity(gguf, text, ['--kl-divergence-base', target, ...exact]);
    return readReferenceTokens(target);
  }

  /** A file against what {@link writeReference} wrote: the same tokens, the second half of each window. */
  async quality(gguf: string, text: string, reference: string): Promise<PeerQuality> {
    const flags = ['--kl-divergence-base', reference, '--kl-divergence'];
    return parseQuality(await this.#perplexity(gguf, text, flags));
  }

  #perplexity(gguf: string, text: string, flags: readonly string[]): Promise<string> {
    const size = String(WINDOW);
    const sizes = ['--ctx-size', size, '--batch-size', size, '--threads', this.threads];
    return this.#run('llama-perplexity', ['--model', gguf, '--file', text, ...sizes, ...flags]);
  }

  async #run(name: string, args: readonly string[]): Promise<string> {
    const { stdout } = await run(join(this.binaries, name), args, { maxBuffer: MAX_BUFFER });
    return stdout;
  }
}

/** Tokens of a window, both engines'. */
export const WINDOW = 512;

export interface PeerQuality extends Quality {
  /** Of the file of floats. */
  readonly referencePerplexity: number;
}

/** The end of what llama-perplexity prints with `--kl-divergence`. @throws where it lacks */
export function parseQuality(output: string): PeerQuality {
  const numbers = (label: RegExp): [number, number] => {
    const [, mean, error] =
      new RegExp(`${label.source}\\s*:\\s*(\\S+) ±\\s*(\\S+)`).exec(output) ?? [];
    if (mean === undefined) throw new Error(`llama-perplexity says nothing of ${label.source}`);
    return [Number(mean), Number(error)];
  };
  const [kl, klError] = numbers(/Mean +KLD/);
  const [sameTop1] = numbers(/Same top p/);
  const [perplexity] = numbers(/Mean PPL\(Q\)/);
  const [referencePerplexity] = numbers(/Mean PPL\(base\)/);
  return { kl, klError, sameTop1: sameTop1 / 100, perplexity, referencePerplexity };
}

/** The head of a file of log-probabilities: magic, tokens of a window, vocabulary, windows, the tokens; i32 each. */
async function readReferenceTokens(path: string): Promise<number[]> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(MAGIC.length + 12);
    await file.read(head, 0, head.length, 0);
    if (head.toString('latin1', 0, MAGIC.length) !== MAGIC)
      throw new Error(`${path} is no such file`);
    const count = head.readInt32LE(MAGIC.length) * head.readInt32LE(MAGIC.length + 8);
    const tokens = new Int32Array(count);
    await file.read(tokens, 0, tokens.byteLength, head.length);
    return [...tokens];
  } finally {
    await file.close();
  }
}

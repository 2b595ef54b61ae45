import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { benchCacheDir } from './cache-dir.js';

const VERSION = '3.22.1';

/** Packages with llama.cpp built for each CPU it can run on; it picks the best at start. */
const BINARIES: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64',
};

/** What the benches use of node-llama-cpp, which is no dependency of ours and brings no types here. */
export interface LlamaSequence {
  readonly contextTokens: readonly number[];
  /** One output per input token, only where it was asked for. */
  controlledEvaluate(
    input: readonly LlamaInput[],
  ): Promise<readonly ({ readonly next: { readonly token?: number } } | undefined)[]>;
  /** Erases what is not a prefix of `tokens`; without shifting nothing is computed again. */
  adaptStateToTokens(tokens: readonly number[], allowShift: boolean): Promise<void>;
  clearHistory(): Promise<void>;
  saveStateToFile(path: string): Promise<unknown>;
  loadStateFromFile(path: string, risk: { readonly acceptRisk: true }): Promise<void>;
}

type LlamaInput =
  number | readonly [token: number, options: { readonly generateNext: typeof GREEDY }];

const GREEDY = { token: true, options: { temperature: 0 } } as const;

export interface LlamaContext {
  getSequence(): LlamaSequence;
}

export interface LlamaModel {
  createContext(options: {
    readonly sequences: number;
    /** Per sequence. */
    readonly contextSize: number;
    readonly batchSize: number;
    readonly threads: number;
    readonly flashAttention: boolean;
  }): Promise<LlamaContext>;
}

interface NodeLlama {
  readonly getLlama: (options: {
    readonly gpu: false;
    readonly build: 'never';
    readonly skipDownload: boolean;
    readonly maxThreads: number;
    readonly logLevel: string;
  }) => Promise<{
    readonly systemInfo: string;
    loadModel(options: { readonly modelPath: string; gpuLayers: number }): Promise<LlamaModel>;
  }>;
}

/** Installs node-llama-cpp on first use. Throws when npm cannot. */
export async function loadLlamaModel(gguf: string, threads: number): Promise<LlamaModel> {
  const entry = join(await installedFolder(), 'node-llama-cpp', 'dist', 'index.js');
  const { getLlama } = (await import(pathToFileURL(entry).href)) as NodeLlama;
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: threads,
    logLevel: 'error',
  });
  console.error(`llama.cpp: ${llama.systemInfo.trim()}`);
  return llama.loadModel({ modelPath: gguf, gpuLayers: 0 });
}

/** Computes `ids` behind what the sequence holds; the greedy next token. */
export async function nextToken(sequence: LlamaSequence, ids: readonly number[]): Promise<number> {
  const last = ids.length - 1;
  const input = ids.map((id, i): LlamaInput => (i === last ? [id, { generateNext: GREEDY }] : id));
  const token = (await sequence.controlledEvaluate(input))[last]?.next.token;
  if (token === undefined) throw new Error('llama.cpp gave no token');
  return token;
}

async function installedFolder(): Promise<string> {
  const prefix = join(benchCacheDir(), `node-llama-cpp-${VERSION}`);
  const modules = join(prefix, 'node_modules');
  // npm writes this file last.
  if (existsSync(join(modules, '.package-lock.json'))) return modules;
  const platform = `${process.platform}-${process.arch}`;
  const binary = BINARIES[platform];
  if (binary === undefined) throw new Error(`no prebuilt llama.cpp for ${platform}`);
  await mkdir(prefix, { recursive: true });
  const packages = [`node-llama-cpp@${VERSION}`, `@node-llama-cpp/${binary}@${VERSION}`];
  // Optional packages are the other platforms' binaries; install scripts would build from source.
  const options = ['--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', ['install', '--prefix', prefix, ...options, ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`npm install ${packages.join(' ')} failed`);
  return modules;
}

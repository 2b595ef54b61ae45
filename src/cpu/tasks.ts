import { ModelLoadError, type ModelLoadCode } from '../model/load-error.js';
import type { QuantizeJob } from '../model/quantize/job.js';
import { runQuantizeJob } from '../model/quantize/run-job.js';
import { Tokenizer } from '../text/tokenizer.js';

/** Work for the CPU pool, copied to one of its threads. */
export type CpuTask = QuantizeTask | TokenizeTask;

/** Fills the job's ranges of a cache file. */
export interface QuantizeTask {
  readonly kind: 'quantize';
  readonly job: QuantizeJob;
}

/** Text to ids with the tokenizer of a folder. */
export interface TokenizeTask {
  readonly kind: 'tokenize';
  readonly folder: string;
  readonly text: string;
  /** True = with what the post-processor adds, e.g. BOS. */
  readonly addSpecialTokens: boolean;
}

/** An error as a value: a thrown one loses its class and code on its way between threads. */
export interface TaskFailure {
  readonly code: ModelLoadCode | 'system';
  readonly systemCode: string | null;
  readonly message: string;
}

/** What each kind of task answers with, copied back. */
export interface CpuTaskResults {
  readonly quantize: TaskFailure | null;
  readonly tokenize: Int32Array;
}

/** Runs on a thread of the pool. */
export async function runCpuTask(task: CpuTask): Promise<CpuTaskResults[CpuTask['kind']]> {
  return task.kind === 'tokenize' ? runTokenize(task) : runQuantize(task);
}

function runQuantize({ job }: QuantizeTask): TaskFailure | null {
  try {
    runQuantizeJob(job);
    return null;
  } catch (error) {
    return failureOf(error);
  }
}

/** Bugs are thrown on: only what a user can act on is a value. */
function failureOf(error: unknown): TaskFailure {
  if (error instanceof ModelLoadError) {
    return { code: error.code, systemCode: null, message: error.message };
  }
  const systemCode = (error as NodeJS.ErrnoException).code;
  if (typeof systemCode !== 'string') throw error;
  return { code: 'system', systemCode, message: (error as Error).message };
}

/** One tokenizer per thread: loading one takes longer than most prompts. */
let loaded: { readonly folder: string; readonly tokenizer: Promise<Tokenizer> } | null = null;

async function runTokenize(task: TokenizeTask): Promise<Int32Array> {
  const { folder, text, addSpecialTokens } = task;
  if (loaded?.folder !== folder) loaded = { folder, tokenizer: Tokenizer.load(folder) };
  return (await loaded.tokenizer).encode(text, addSpecialTokens);
}

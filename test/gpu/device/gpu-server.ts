/** Servers on this machine's GPU, or on the software driver of Vulkan that stands for one. */
import t, { type Test } from 'tap';
import type { GenerateResult } from '../../e2e/client.js';
import { startRadish, type RadishProcess } from '../../e2e/radish-process.js';
import { withoutDrivers } from './drivers.js';

/** Shaders that no cache has yet take half a minute each. */
t.setTimeout(900_000);

/** A test that is skipped, with the reason, where there is no driver. */
export function gpuTest(name: string, run: (t: Test) => Promise<void>): void {
  void t.test(name, { skip: withoutDrivers() }, run);
}

/** A server with one device or more on WebGPU, which ends with the test. */
export async function startOnGpu(
  t: Test,
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<RadishProcess> {
  const radish = await startRadish(['--device', 'webgpu', ...flags], env);
  t.teardown(() => radish.stop());
  return radish;
}

/** The server that gives the expected answers, by its address. */
export async function startOnCpu(t: Test, flags: readonly string[] = []): Promise<string> {
  const radish = await startRadish(flags);
  t.teardown(() => radish.stop());
  return radish.url;
}

/** What a device says that it keeps. */
export interface Determinism {
  readonly repeats: boolean;
  readonly chunks: boolean;
  readonly batches: boolean;
}

interface ServerInfo {
  readonly page_size: number;
  readonly device: string;
  readonly internal_states: readonly {
    readonly device_generation: number;
    readonly determinism: Determinism;
    readonly [key: string]: unknown;
  }[];
}

export async function serverInfo(url: string): Promise<ServerInfo> {
  return (await (await fetch(`${url}/server_info`)).json()) as ServerInfo;
}

/** A request without chance. */
export function greedy(prompt: string | readonly number[], maxNewTokens: number): object {
  return {
    ...(typeof prompt === 'string' ? { text: prompt } : { input_ids: prompt }),
    sampling_params: { temperature: 0, max_new_tokens: maxNewTokens, ignore_eos: true },
  };
}

/** Prompts of the built-in model's own world, by number; each of another length. */
export function story(i: number): string {
  return `Story ${i}: ${'the frog saw a stone. '.repeat(i % 4)}Once upon a time`;
}

export const idsOf = (answers: readonly GenerateResult[]): number[][] =>
  answers.map((answer) => answer.output_ids);

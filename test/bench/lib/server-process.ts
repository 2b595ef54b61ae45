import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../../e2e/radish-process.js';

/** Quantising a large checkpoint for the first time takes minutes. */
const START_TIMEOUT_MS = 600_000;
const STOP_TIMEOUT_MS = 20_000;

export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  /** What it printed on stdout until it was healthy. */
  readonly startLog: string;
  stop(): Promise<void>;
}

/**
 * Starts a server with `--port` behind its arguments and waits until `/health` answers 200. Its errors go to
 * stderr unless `isQuiet`, its log nowhere.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  { isQuiet = false } = {},
): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawn(command, [...args, '--port', String(port)], {
    stdio: ['ignore', 'pipe', isQuiet ? 'ignore' : 'inherit'],
  });
  let startLog = '';
  const keep = (chunk: Buffer) => (startLog += chunk.toString());
  child.stdout.on('data', keep);
  try {
    await healthy(child, port);
  } catch (error) {
    console.error(startLog);
    await stop(child);
    throw error;
  }
  child.stdout.off('data', keep).resume();
  return { pid: child.pid ?? -1, port, startLog, stop: () => stop(child) };
}

async function healthy(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    if (response?.status === 200) return;
    await sleep(100);
  }
  throw new Error('the server did not become healthy in time');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(kill);
}

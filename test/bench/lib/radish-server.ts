import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));
/** Quantising a large checkpoint for the first time takes minutes. */
const START_TIMEOUT_MS = 600_000;
const STOP_TIMEOUT_MS = 20_000;

export interface RadishServer {
  readonly pid: number;
  readonly port: number;
  /** Number format that the weights ended up in, from the log; what `auto` chose. */
  readonly format: string;
  stop(): Promise<void>;
}

/** Starts the server as a user would and waits until it answers. Its errors go to stderr, its log nowhere. */
export async function startRadish(args: readonly string[]): Promise<RadishServer> {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN, 'serve', ...args, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
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
  const format = /Weight format: (\S+)/.exec(startLog)?.[1] ?? 'unknown';
  return { pid: child.pid ?? -1, port, format, stop: () => stop(child) };
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a server keeps goes with the test, and not into its user's own cache. */
const cacheHome = mkdtempSync(join(tmpdir(), 'radish-cache-'));
process.on('exit', () => {
  rmSync(cacheHome, { recursive: true, force: true });
});

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const READY = 'The server is fired up and ready to roll!';

/** A server as a user runs it: its own process, talked to over HTTP, stopped by a signal. */
export interface RadishProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything printed so far. */
  readonly log: () => string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * @param cwd the folder that it runs in, where that is not the test's own
 * @param main the program, where that is not the command
 */
export async function startRadish(
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
  main?: string,
): Promise<RadishProcess> {
  const port = await freePort();
  const run = runRadish(['serve', '--port', String(port), ...flags], env, cwd, main);
  await run.printed(READY);
  return {
    url: `http://127.0.0.1:${port}`,
    child: run.child,
    log: run.log,
    stop: async (signal = 'SIGTERM') => {
      run.child.kill(signal);
      return run.exit;
    },
  };
}

export interface RadishRun {
  readonly child: ChildProcess;
  /** Exit code, or null when a signal ended it. */
  readonly exit: Promise<number | null>;
  readonly log: () => string;
  /** Resolves when `text` was printed; rejects with the log when the process ends before. */
  printed(text: string): Promise<void>;
}

/** Runs the command line as it is, for start-up failures and signals. */
export function runRadish(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd: string = process.cwd(),
  main: string = MAIN,
): RadishRun {
  const child = spawn(process.execPath, [main, ...argv], {
    cwd,
    env: { ...process.env, XDG_CACHE_HOME: cacheHome, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      log += text;
      for (const check of waiting) check();
    });
  }
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!log.includes(text)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      void exit.then((code) => {
        reject(new Error(`exited with ${String(code)} before printing «${text}»:\n${log}`));
      });
    });
  return { child, exit, log: () => log, printed };
}

/** Below those that systems give to connections, which may take one that is free before its server does. */
const PORTS = { from: 20_000, to: 29_000 } as const;

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

import { DRAIN_DEADLINE_MS } from '../boot/drain-deadline.js';
import type { LaunchOptions } from '../boot/launch.js';
import type { RunningServer } from '../boot/running-server.js';
import { loadHostEnv, type LoadedArgs } from '../config/load.js';
import { StartupError } from '../core/errors.js';
import { startEarly } from '../boot/start-early.js';
import { requireNativeParts } from '../boot/native-parts.js';
import { standardOutput } from '../observability/log-output.js';
import { createLogger, logLevelOf, logLines, type Logger } from '../observability/logger.js';
import type { CliCommand } from './command.js';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.js';

/** For what is still to be written when the server cannot go on. */
const LAST_WORDS_MS = 200;

export const serveCommand: CliCommand = {
  name: 'serve',
  summary: 'Serve a model over HTTP (what radish does without a command)',
  about: [
    "SGLang's own API, OpenAI's, Anthropic's and Ollama's on one port. The first Ctrl-C finishes the running",
    'requests, the second ends it at once.',
  ].join('\n'),
  words: [],
  options: [],
  serverFlags: 'all',
  examples: [
    'radish serve                            # the built-in model, offline',
    'radish serve --model-path HuggingFaceTB/SmolLM2-135M-Instruct --port 30001',
    'RADISH_API_KEY=secret radish serve --model-path ./folder --host 0.0.0.0',
  ],
  run: async ({ serverArgs }, { version }) => serve(serverArgs(), version),
};

/** Owns this process's signals from here on. @returns when the server cannot go on; a signal ends the process */
export async function serve(
  { args, warnings }: LoadedArgs,
  version: string,
  devices: Pick<LaunchOptions, 'startDevice'> = {},
): Promise<number> {
  const env = loadHostEnv();
  const output = standardOutput(env.isDumbTerminal);
  const log = createLogger({
    sink: output,
    level: logLevelOf(args.logLevel),
    useColor: env.useColor && output.isTTY,
    format: args.logFormat,
    now: () => new Date(),
  });
  for (const warning of warnings) log.warn(warning);
  standSignals(log);
  // While a model loads there is nothing to drain, and a thread inside native code cannot be ended.
  let stop: StopHandler = () => {
    killNow(log, 'Stopped while loading.');
  };
  // Registered once: a signal that arrives while one listener replaces another is lost.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal);
    });
  }
  try {
    if (devices.startDevice === undefined) await startEarly();
    await requireNativeParts();
    // Whatever is imported with it needs those parts.
    const { launch } = await import('../boot/launch.js');
    const server = await launch({ args, env, version, log, ...devices });
    // It listens from here on: whoever found it up may have requests running.
    stop = drainOnce(server, log);
    await server.warmUp();
    log.error(`The server cannot go on: ${await server.broken}.`);
    // Every request has just been answered.
    await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
    if (server.hasNativeHang) killNow(log, 'A thread that hangs cannot be ended otherwise.');
  } catch (error) {
    logLines(log, 'error', describe(error));
  }
  // A device thread may still be inside native code: the process does not end by itself.
  process.exit(EXIT_FAILED);
}

/**
 * Signals that would end the process, or open Node's inspector to whoever can connect. There is nothing to reload:
 * a server goes on when its terminal hangs up.
 */
function standSignals(log: Logger): void {
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => {
      log.info(`${signal}: nothing to do. SIGTERM stops this server.`);
    });
  }
}

type StopHandler = (signal: NodeJS.Signals) => void;

/** First signal: drain and exit 0. Second: leave at once. */
function drainOnce(server: RunningServer, log: Logger): StopHandler {
  let stopping = false;
  return (signal) => {
    if (stopping) {
      killNow(log, `${signal} again: not waiting for running requests.`);
      return;
    }
    stopping = true;
    log.info(`${signal}: ${awaited(server.numLive)}, no new ones. Again to end at once.`);
    setTimeout(() => {
      killNow(log, `Requests still running after ${DRAIN_DEADLINE_MS / 1000} s.`);
    }, DRAIN_DEADLINE_MS).unref();
    void server.drain().then(
      () => {
        log.info('Bye.');
        process.exit(EXIT_OK);
      },
      (error: unknown) => {
        killNow(log, `Stopping failed: ${describe(error)}`);
      },
    );
  };
}

/** What a server that is told to stop waits for. */
function awaited(numLive: number): string {
  if (numLive === 0) return 'no request is running';
  return `finishing ${numLive} running request${numLive === 1 ? '' : 's'}`;
}

/** `process.exit` with a device thread inside native code aborts with a core dump; this does not. */
function killNow(log: Logger, why: string): void {
  log.warn(why);
  process.kill(process.pid, 'SIGKILL');
}

/** One sentence for what a user can act on; the stack for what is our bug. */
function describe(error: unknown): string {
  if (error instanceof StartupError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

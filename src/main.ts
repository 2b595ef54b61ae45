import { readFileSync } from 'node:fs';
import { EXIT_OK, EXIT_STARTUP, EXIT_USAGE, parseCli } from './config/cli.js';
import { loadHostEnv, type LoadedArgs } from './config/load.js';
import { UsageError } from './config/flag-spec.js';
import { StartupError } from './core/errors.js';
import { thisMachine } from './boot/configurations.js';
import { examine, report } from './boot/doctor.js';
import { requireNativeParts } from './boot/native-parts.js';
import { DRAIN_DEADLINE_MS, type RunningServer } from './boot/running-server.js';
import { createLogger, logLevelOf, logLines, type Logger } from './observability/logger.js';
import { standardOutput, surviveClosedStreams } from './observability/log-output.js';

/** For what is still to be written when the server cannot go on. */
const LAST_WORDS_MS = 200;

async function main(): Promise<void> {
  surviveClosedStreams();
  const version = packageVersion();
  const command = parseCli(process.argv.slice(2), version);
  if (command.kind === 'exit') {
    (command.code === EXIT_OK ? process.stdout : process.stderr).write(command.text);
    process.exitCode = command.code;
    return;
  }
  try {
    if (command.kind === 'doctor') await doctor(command);
    else await serve(command, version);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_USAGE;
  }
}

/** Says whether a server would start, and why not. */
async function doctor({ args }: LoadedArgs): Promise<void> {
  const { text, isWell } = report(await examine(args, thisMachine()));
  process.stdout.write(text);
  process.exitCode = isWell ? EXIT_OK : EXIT_STARTUP;
}

async function serve({ args, warnings }: LoadedArgs, version: string): Promise<void> {
  const env = loadHostEnv();
  const output = standardOutput();
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
    await requireNativeParts();
    // Whatever is imported with it needs those parts.
    const { launch } = await import('./boot/launch.js');
    const server = await launch({ args, env, version, log });
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
  exitSoon(EXIT_STARTUP);
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
    log.info(`${signal}: finishing running requests, no new ones.`);
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

/** `process.exit` with a device thread inside native code aborts with a core dump; this does not. */
function killNow(log: Logger, why: string): void {
  log.warn(why);
  process.kill(process.pid, 'SIGKILL');
}

/** A device thread may still be inside native code when start-up fails: see {@link killNow}. */
function exitSoon(code: number): void {
  process.exitCode = code;
  process.exit(code);
}

/** One sentence for what a user can act on; the stack for what is our bug. */
function describe(error: unknown): string {
  if (error instanceof StartupError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

await main();

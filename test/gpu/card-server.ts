import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runRadish, type RadishRun } from '../e2e/radish-process.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const READY = 'The server is fired up and ready to roll!';
const STOP_MS = 10_000;
/** What `/server_info` says of a device, whatever it is called there. */
const DEVICE_FACT = /device|determin|gpu|card|adapter|probe|page_size|quantization$|max_total/;

/** A server on one device, for the stages of a card's run. */
export class CardServer {
  readonly url: string;
  readonly #run: RadishRun;

  private constructor(run: RadishRun, port: number) {
    this.#run = run;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Resolves when it serves; when the signal comes first, or it ends, it is gone. */
  static async start(
    flags: readonly string[],
    port: number,
    signal: AbortSignal,
  ): Promise<CardServer> {
    const run = runRadish(['serve', '--port', String(port), ...flags]);
    const server = new CardServer(run, port);
    const stop = () => run.child.kill('SIGKILL');
    signal.addEventListener('abort', stop);
    try {
      await run.printed(READY);
    } finally {
      signal.removeEventListener('abort', stop);
    }
    return server;
  }

  get log(): string {
    return this.#run.log();
  }

  /** The facts of its device in `/server_info`. */
  async facts(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(`${this.url}/server_info`, { signal });
    const info = (await response.json()) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(info).filter(([name]) => DEVICE_FACT.test(name)));
  }

  /** Tokens a second that come out with `atOnce` requests at a time, as `radish bench` counts them. */
  async speed(atOnce: number, signal: AbortSignal): Promise<BenchResult> {
    const flags = [
      '--num-prompts',
      String(Math.max(4, atOnce * 2)),
      '--max-concurrency',
      String(atOnce),
    ];
    const lengths = [
      '--random-input-len',
      '128',
      '--random-output-len',
      '64',
      '--random-range-ratio',
      '1',
    ];
    const argv = [
      MAIN,
      'bench',
      '--url',
      this.url,
      '--json',
      '--flush-cache',
      ...flags,
      ...lengths,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, argv, {
      signal,
      maxBuffer: 2 ** 24,
    });
    return JSON.parse(stdout) as BenchResult;
  }

  async stop(): Promise<void> {
    this.#run.child.kill('SIGTERM');
    const kill = setTimeout(() => this.#run.child.kill('SIGKILL'), STOP_MS);
    await this.#run.exit;
    clearTimeout(kill);
  }
}

export interface BenchResult {
  readonly completed: number;
  readonly failed: number;
  readonly output_throughput: number;
  readonly mean_ttft_ms: number;
  readonly mean_itl_ms: number;
}

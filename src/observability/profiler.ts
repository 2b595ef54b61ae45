import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

import { makeFolders } from '../core/make-folders.js';
import type { StepTimed } from '../messages.js';
import { ReportFile } from './report-file.js';
import { StepTrace } from './step-trace.js';

/** A profile that nobody stops ends by itself: it costs time and memory. */
export const MAX_PROFILE_MS = 600_000;

export interface ProfileOptions {
  readonly folder: string;
  /** Part of the files' names. */
  readonly id: string;
  /** A CPU profile of the main thread is taken too. */
  readonly hasCpu: boolean;
  /** Steps to leave out at the start. */
  readonly numSkipped: number;
  /** Ends by itself after this many steps; null = when stopped. */
  readonly numSteps: number | null;
}

interface Running {
  readonly options: ProfileOptions;
  readonly trace: StepTrace;
  readonly session: Session | null;
  readonly timer: NodeJS.Timeout;
  /** Rejects when it could not be started. */
  started: Promise<void>;
  /** The trace, and the CPU profile if there is one. */
  files: readonly ReportFile[];
  stopListening: () => void;
  numSeen: number;
}

/** What a profiler needs of the engine. */
export interface StepSource {
  /** @returns how to stop listening. */
  listen(listener: (step: StepTimed) => void): () => void;
}

/** `/start_profile`, `/stop_profile`: a `.cpuprofile` of the main thread and a trace of the devices' steps. */
export class Profiler {
  readonly #steps: StepSource;
  readonly #log: (line: string) => void;
  #running: Running | null = null;

  constructor(steps: StepSource, log: (line: string) => void) {
    this.#steps = steps;
    this.#log = log;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Only while none is running. @throws Error of the file system when the folder takes no files */
  async start(options: ProfileOptions): Promise<void> {
    const timer = setTimeout(() => {
      this.#stopAlone();
    }, MAX_PROFILE_MS).unref();
    const session = options.hasCpu ? new Session() : null;
    const running: Running = {
      options,
      trace: new StepTrace(),
      session,
      timer,
      started: Promise.resolve(),
      files: [],
      stopListening: () => undefined,
      numSeen: 0,
    };
    this.#running = running;
    running.started = this.#begin(running);
    return running.started;
  }

  async #begin(running: Running): Promise<void> {
    const { session, options, timer } = running;
    try {
      running.files = await reserveFiles(options);
      session?.connect();
      await session?.post('Profiler.enable');
      await session?.post('Profiler.start');
    } catch (error) {
      clearTimeout(timer);
      this.#running = null;
      session?.disconnect();
      await Promise.all(running.files.map((file) => file.discard()));
      throw error;
    }
    running.stopListening = this.#steps.listen((step) => {
      this.#add(step);
    });
  }

  /**
   * Waits for a start that is still under way.
   * @returns the files that were written; none when nothing was running.
   * @throws Error of the file system when they could not be written: then none is left
   */
  async stop(): Promise<readonly string[]> {
    const running = this.#running;
    if (running === null) return [];
    await running.started.catch(() => undefined);
    if (this.#running !== running) return [];
    this.#running = null;
    running.stopListening();
    clearTimeout(running.timer);
    const texts = [running.trace.toJson(), ...(await endSession(running.session))];
    const written = await Promise.allSettled(
      running.files.map((file, index) => file.finish(texts[index] ?? '')),
    );
    const failed = written.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    const paths = running.files.map(({ path }) => path);
    this.#log(`Profile written: ${paths.join(', ')}`);
    return paths;
  }

  #add(step: StepTimed): void {
    const running = this.#running;
    if (running === null) return;
    const { numSkipped, numSteps } = running.options;
    if (running.numSeen++ < numSkipped) return;
    running.trace.add(step, performance.now() * 1000);
    if (running.trace.numSteps === numSteps) this.#stopAlone();
  }

  #stopAlone(): void {
    this.stop().catch((error: unknown) => {
      this.#log(`The profile was not written: ${String(error)}`);
    });
  }
}

async function reserveFiles({ folder, id, hasCpu }: ProfileOptions): Promise<ReportFile[]> {
  await makeFolders(folder);
  const names = [`${id}-steps.trace.json`, ...(hasCpu ? [`${id}-main.cpuprofile`] : [])];
  const files = names.map((name) => new ReportFile(join(folder, name)));
  try {
    for (const file of files) await file.reserve();
    return files;
  } catch (error) {
    await Promise.all(files.map((file) => file.discard()));
    throw error;
  }
}

/** The CPU profile as JSON; none without a session. */
async function endSession(session: Session | null): Promise<string[]> {
  if (session === null) return [];
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return [JSON.stringify(profile)];
}

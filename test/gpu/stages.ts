/** What one stage came to; `text` is its line in the table. */
export interface StageResult {
  readonly name: string;
  readonly passed: boolean;
  readonly text: string;
  readonly seconds: number;
  readonly details: unknown;
}

export interface Outcome {
  readonly text: string;
  readonly details?: unknown;
  /** False where the stage ran, and what it found is wrong. */
  readonly passed?: boolean;
}

/** Runs stages one after another, each within its own limit and all within one. What fails is a line, not an end. */
export class Stages {
  readonly results: StageResult[] = [];
  readonly #endsAt: number;

  /** @param seconds for all stages together */
  constructor(seconds: number) {
    this.#endsAt = performance.now() + seconds * 1000;
  }

  /** Null when the stage failed or had no time left. It is told to stop by the signal, and not waited for then. */
  async run<T extends Outcome>(
    name: string,
    limitSeconds: number,
    stage: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | null> {
    const startedAt = performance.now();
    const limitMs = Math.min(limitSeconds * 1000, this.#endsAt - startedAt);
    if (limitMs < 1000) {
      this.#add(name, { text: 'not run: no time left', passed: false }, startedAt);
      return null;
    }
    try {
      const outcome = await withinLimit(limitMs, stage);
      this.#add(name, outcome, startedAt);
      return outcome;
    } catch (error) {
      const text = lastLine(error instanceof Error ? error.message : String(error));
      this.#add(name, { text, passed: false, details: String(error) }, startedAt);
      return null;
    }
  }

  table(): string {
    const width = Math.max(...this.results.map(({ name }) => name.length), 0);
    const lines = this.results.map(({ name, passed, text, seconds }) =>
      [
        name.padEnd(width),
        passed ? 'ok    ' : 'FAILED',
        `${seconds.toFixed(1).padStart(6)} s`,
        text,
      ]
        .join('  ')
        .trimEnd(),
    );
    return `${lines.join('\n')}\n`;
  }

  #add(name: string, { text, passed = true, details = null }: Outcome, startedAt: number): void {
    const seconds = (performance.now() - startedAt) / 1000;
    this.results.push({ name, passed, text, seconds, details });
    // Not as TAP has it: a test of this prints it too.
    console.log(`${passed ? '+' : '-'} ${name}: ${text}`);
  }
}

async function withinLimit<T>(
  limitMs: number,
  stage: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`not done in ${(limitMs / 1000).toFixed(0)} s`);
      stop.abort(error);
      reject(error);
    }, limitMs);
  });
  try {
    return await Promise.race([stage(stop.signal), limit]);
  } finally {
    clearTimeout(timer);
  }
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? 'failed').slice(0, 300);
}

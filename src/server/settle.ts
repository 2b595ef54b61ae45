import type { AbortReason, FinishReason } from '../core/finish-reason.js';
import type { Engine } from './engine.js';
import type { Generation } from './generation.js';

/** Waits for all endings, or for the first one that is a failure. A user's abort is no failure. */
export function settled(generations: readonly Generation[]): Promise<AbortReason | null> {
  return new Promise((resolve) => {
    const check = (): void => {
      const failed = generations.map(({ finish }) => finish).find(isFailure);
      if (failed !== undefined) resolve(failed);
      else if (generations.every(({ finish }) => finish !== null)) resolve(null);
    };
    for (const generation of generations) {
      generation.onUpdate = () => {
        if (generation.finish !== null) check();
      };
    }
    check();
  });
}

export function isFailure(finish: FinishReason | null): finish is AbortReason {
  return finish?.type === 'abort' && finish.status_code !== null;
}

export function abortAll(engine: Engine, generations: readonly Generation[]): void {
  for (const generation of generations) engine.abort(generation);
}

import { StartupError } from '../core/errors.js';
import type { HttpServerChoice } from '../core/http-server.js';
import { nodeEngine } from './node/server.js';
import type { HttpEngine } from './server.js';
import { loadUws } from './uws/server.js';

/** What serves, and why it is that. */
export interface ChosenEngine {
  readonly engine: HttpEngine;
  readonly why: string;
}

/**
 * uWebSockets.js is a binary for each Node and each system, and not for all of them.
 *
 * @throws StartupError where `uws` is asked for and cannot be loaded
 */
export async function chooseEngine(
  choice: HttpServerChoice,
  load: () => Promise<HttpEngine> = loadUws,
): Promise<ChosenEngine> {
  if (choice === 'node') return { engine: nodeEngine, why: '--http-server node' };
  try {
    return {
      engine: await load(),
      why: choice === 'uws' ? '--http-server uws' : 'its binary loads',
    };
  } catch (error) {
    const why = `uWebSockets.js has no binary that loads here: ${sentenceOf(error)}`;
    if (choice === 'uws') throw new StartupError(`${why} --http-server node needs none.`);
    return { engine: nodeEngine, why };
  }
}

/** The last line of what a loader says; its own text names no file of this machine. */
function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const missing = /version `([^']+)' not found/.exec(message)?.[1];
  if (missing !== undefined) return `${missing} is missing.`;
  return `Node ${process.version} on ${process.platform}-${process.arch}.`;
}

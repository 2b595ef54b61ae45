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
 * uWebSockets.js is a binary for each Node and each system, and not for all of them; and its TLS loses WebSockets.
 *
 * @throws StartupError where `uws` is asked for and cannot be loaded, or cannot serve so
 */
export async function chooseEngine(
  choice: HttpServerChoice,
  isTls: boolean,
  load: () => Promise<HttpEngine> = loadUws,
): Promise<ChosenEngine> {
  if (choice === 'node') return { engine: nodeEngine, why: '--http-server node' };
  const loaded = isTls ? LOSES_SOCKETS : await tryLoading(load);
  if (typeof loaded !== 'string')
    return { engine: loaded, why: choice === 'uws' ? '--http-server uws' : 'its binary loads' };
  const why = `uWebSockets.js ${loaded}`;
  if (choice === 'uws') throw new StartupError(`${why} Choose --http-server node.`);
  return { engine: nodeEngine, why };
}

const LOSES_SOCKETS = 'over TLS cuts WebSockets off whose reader is behind.';

/** It, or what follows its name in a sentence that says why not. */
async function tryLoading(load: () => Promise<HttpEngine>): Promise<HttpEngine | string> {
  try {
    return await load();
  } catch (error) {
    return `has no binary that loads here: ${sentenceOf(error)}`;
  }
}

/** The last line of what a loader says; its own text names no file of this machine. */
function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const missing = /version `([^']+)' not found/.exec(message)?.[1];
  if (missing !== undefined) return `${missing} is missing.`;
  return `Node ${process.version} on ${process.platform}-${process.arch}.`;
}

import { StartupError } from '../core/errors.js';
import type { HttpServerChoice } from '../core/http-server.js';
import { nodeEngine } from './node/server.js';
import type { HttpEngine, TlsNeeds } from './server.js';
import { loadUws } from './uws/server.js';

/** What serves, and why it is that. */
export interface ChosenEngine {
  readonly engine: HttpEngine;
  readonly why: string;
}

/**
 * uWebSockets.js is a binary for each Node and each system, and not for all of them; and it has not all of TLS.
 *
 * @throws StartupError where `uws` is asked for and cannot be loaded, or cannot serve so
 */
export async function chooseEngine(
  choice: HttpServerChoice,
  needs: TlsNeeds | null,
  load: () => Promise<HttpEngine> = loadUws,
): Promise<ChosenEngine> {
  if (choice === 'node') return { engine: nodeEngine, why: '--http-server node' };
  const { engine, refusal } = await tryLoading(load, needs);
  if (engine !== null && refusal === null)
    return { engine, why: choice === 'uws' ? '--http-server uws' : 'its binary loads' };
  const why = `uWebSockets.js ${refusal ?? ''}`;
  if (choice === 'uws') throw new StartupError(`${why} Choose --http-server node.`);
  return { engine: nodeEngine, why };
}

interface Loaded {
  readonly engine: HttpEngine | null;
  /** What follows its name, as a sentence; null = nothing is in the way. */
  readonly refusal: string | null;
}

async function tryLoading(
  load: () => Promise<HttpEngine>,
  needs: TlsNeeds | null,
): Promise<Loaded> {
  try {
    const engine = await load();
    const refusal = needs === null ? null : engine.tlsRefusal(needs);
    return { engine, refusal: refusal === null ? null : `${refusal}.` };
  } catch (error) {
    return { engine: null, refusal: `has no binary that loads here: ${sentenceOf(error)}` };
  }
}

/** The last line of what a loader says; its own text names no file of this machine. */
function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const missing = /version `([^']+)' not found/.exec(message)?.[1];
  if (missing !== undefined) return `${missing} is missing.`;
  return `Node ${process.version} on ${process.platform}-${process.arch}.`;
}

import { nodeEngine } from '../../../src/http/node/server.js';
import type { HttpEngine } from '../../../src/http/server.js';
import { loadUws } from '../../../src/http/uws/server.js';

/** Null where there is no binary for this Node and this system. */
export const UWS = await loadUws().catch(() => null);
export const NODE = nodeEngine;

/** All that serve here: each must behave as the other, where docs/security.md does not say otherwise. */
export const ENGINES: readonly HttpEngine[] = UWS === null ? [NODE] : [UWS, NODE];

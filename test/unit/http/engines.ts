import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import t from 'tap';

import { nodeEngine } from '../../../src/http/node/server.js';
import type { HttpEngine } from '../../../src/http/server.js';
import { readTls } from '../../../src/http/tls.js';
import { loadUws } from '../../../src/http/uws/server.js';
import { keyPem, makeIdentity, writeFiles } from '../../doubles/certificates.js';

/** Null where there is no binary for this Node and this system. */
export const UWS = await loadUws().catch(() => null);
export const NODE = nodeEngine;

/** All that serve here: each must behave as the other, where docs/security.md does not say otherwise. */
export const ENGINES: readonly HttpEngine[] = UWS === null ? [NODE] : [UWS, NODE];

/** An engine, and how its servers are reached. */
export interface Transport extends HttpEngine {
  readonly label: string;
  readonly scheme: 'http' | 'https';
  readonly connect: (port: number) => Socket;
}

const identity = makeIdentity();
const files = writeFiles(t, { key: keyPem(identity), cert: identity.cert });
const TLS = readTls({
  keyFile: files.key,
  certFile: files.cert,
  keyPassword: null,
  caFile: null,
});
const LOCAL = { host: '127.0.0.1', allowHalfOpen: true };

export function plain(engine: HttpEngine): Transport {
  return {
    ...engine,
    label: engine.name,
    scheme: 'http',
    connect: (port) => connect({ ...LOCAL, port }),
  };
}

export function overTls(engine: HttpEngine): Transport {
  return {
    ...engine,
    label: `${engine.name} over TLS`,
    scheme: 'https',
    createServer: (options) => engine.createServer({ ...options, tls: TLS }),
    connect: (port) => connectTls({ ...LOCAL, port, ca: identity.cert, servername: 'localhost' }),
  };
}

/** Every engine, and TLS by the one that serves it. */
export const TRANSPORTS: readonly Transport[] = [...ENGINES.map(plain), overTls(NODE)];

import { basename } from 'node:path';

import { startLlamaServer, type LlamaServer } from './llama-server.js';
import { startOpenVino, type OpenVino } from './openvino.js';
import type { Side } from './side.js';

const LLAMA_SERVER = 'llama-server';
const OPENVINO = 'openvino';

/** The peers that a command names; all read the same file, and none runs without one. */
export interface PeerChoice {
  readonly gguf?: string;
  readonly threads: string;
  /** Its binary. */
  readonly 'llama-server'?: string;
  /** The Python of its environment. */
  readonly openvino?: string;
}

export interface PeerOptions {
  /** Requests at once, and tokens of each. */
  readonly room: { readonly numSlots: number; readonly slotLength: number };
  readonly llamaFlags?: readonly string[];
  /** Of our server, once it runs: the peer with a cache of tokens gets as many. */
  readonly cacheTokens: () => number;
  /** By side, for the record; peers add theirs. */
  readonly formats: Record<string, unknown>;
}

/** What a bench makes of a running peer. */
export interface PeerSides<Input, Output> {
  readonly server: (name: string, server: LlamaServer) => Side<Input, Output>;
  readonly openVino: (name: string, peer: OpenVino) => Side<Input, Output>;
}

export function peerStarts<Input, Output>(
  { gguf, threads, openvino: python, 'llama-server': binary }: PeerChoice,
  { room, llamaFlags = [], cacheTokens, formats }: PeerOptions,
  sides: PeerSides<Input, Output>,
): (() => Promise<Side<Input, Output>>)[] {
  if (gguf === undefined) return [];
  const starts: (() => Promise<Side<Input, Output>>)[] = [];
  if (binary !== undefined) {
    formats[LLAMA_SERVER] = basename(gguf);
    starts.push(async () => {
      const server = await startLlamaServer({ binary, gguf, threads, ...room }, llamaFlags);
      return sides.server(LLAMA_SERVER, server);
    });
  }
  if (python !== undefined) {
    starts.push(async () => {
      const peer = await startOpenVino({ python, gguf, threads, cacheTokens: cacheTokens() });
      formats[OPENVINO] = { file: basename(gguf), ...peer.facts };
      return sides.openVino(OPENVINO, peer);
    });
  }
  return starts;
}

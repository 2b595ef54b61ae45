import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the stub misbehaves. */
export interface HubFaults {
  /** Cut the connection after so many bytes of each answer, for so many answers per file. */
  readonly breakAfterBytes?: number;
  readonly numBreaks?: number;
  /** Send other bytes than the listing's hash promises. */
  readonly corrupt?: boolean;
  /** Answer everything with this status and X-Error-Code. */
  readonly refuse?: { readonly status: number; readonly code: string };
  /** Refuse files only: what a gated repository does, whose listing is open. */
  readonly refuseFiles?: { readonly status: number; readonly code: string };
  /** Listed, and not there. */
  readonly missing?: string;
  /** Weights lie elsewhere, as on the hub: answer with this address, and the file's name behind it. */
  readonly weightsAt?: string;
  /** The repository had this name before: requests for it are sent on. */
  readonly formerName?: string;
  /** List this size for weights instead of the true one. */
  readonly claimedWeightBytes?: number;
  /** Send so many bytes of the weights only, as if there were no more: a range behind them is a 416. */
  readonly heldWeightBytes?: number;
  /** Send these bytes behind the weights' own. */
  readonly surplus?: Buffer;
  /** Send so much of a file at a time, with pauses. */
  readonly slowly?: { readonly chunkBytes: number; readonly delayMs: number };
  /** Answer ranges with 200 and the whole file, as some mirrors do. */
  readonly ignoreRanges?: boolean;
}

export interface HubRequestLog {
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
}

/** The part of Hugging Face's hub that a download uses, over real HTTP, for one repository. */
export class HubStub {
  static readonly commit = '0123456789abcdef0123456789abcdef01234567';
  readonly requests: HubRequestLog[] = [];
  readonly #breaks = new Map<string, number>();
  readonly #server = createServer((request, response) => {
    this.#answer(request, response);
  });

  constructor(
    private readonly repo: string,
    private readonly files: ReadonlyMap<string, Buffer>,
    private readonly faults: HubFaults = {},
  ) {}

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stub');
    const { range = null, authorization = null } = request.headers;
    this.requests.push({ path: pathname, range, authorization });
    const { refuse, formerName } = this.faults;
    if (formerName !== undefined && pathname.includes(`/${formerName}/`)) {
      const location = (request.url ?? '').replace(`/${formerName}/`, `/${this.repo}/`);
      response.writeHead(307, { location }).end();
      return;
    }
    if (refuse) {
      response.writeHead(refuse.status, { 'x-error-code': refuse.code }).end();
      return;
    }
    const api = `/api/models/${this.repo}/`;
    if (pathname.startsWith(`${api}revision/`)) {
      sendJson(response, { id: this.repo, modelId: this.repo, sha: HubStub.commit });
    } else if (pathname.startsWith(`${api}tree/`)) {
      const isRecursive = searchParams.get('recursive') === 'true';
      sendJson(response, this.#listing(isRecursive));
    } else {
      const name = pathname.slice(`/${this.repo}/resolve/${HubStub.commit}/`.length);
      this.#sendFile(request, response, decodeURIComponent(name));
    }
  }

  /** Files in folders only where all are asked for. */
  #listing(isRecursive: boolean): unknown[] {
    const files = [...this.files].filter(([path]) => isRecursive || !path.includes('/'));
    return files.map(([path, content]) => {
      if (!path.endsWith('.safetensors')) {
        return { type: 'file', path, size: content.length, oid: gitDigest(content) };
      }
      const size = this.faults.claimedWeightBytes ?? content.length;
      const lfs = { oid: sha256(content), size, pointerSize: 130 };
      return { type: 'file', path, size, oid: gitDigest(content), lfs };
    });
  }

  #sendFile(request: IncomingMessage, response: ServerResponse, name: string): void {
    const { refuseFiles, missing, weightsAt } = this.faults;
    if (refuseFiles) {
      response.writeHead(refuseFiles.status, { 'x-error-code': refuseFiles.code }).end();
      return;
    }
    if (weightsAt !== undefined && name.endsWith('.safetensors')) {
      response.writeHead(302, { location: `${weightsAt}/${name}` }).end();
      return;
    }
    const content = name === missing ? undefined : this.files.get(name);
    if (!content) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return;
    }
    const asked = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const start = this.faults.ignoreRanges === true ? 0 : asked;
    const body = this.#bodyOf(name, content);
    if (start > 0 && start >= body.length) {
      response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
      return;
    }
    const rest = body.subarray(start);
    const headers: Record<string, string> = { 'content-length': String(rest.length) };
    if (start > 0) {
      headers['content-range'] = `bytes ${start}-${body.length - 1}/${body.length}`;
    }
    response.writeHead(start > 0 ? 206 : 200, headers);
    if (this.faults.slowly) {
      void sendSlowly(response, rest, this.faults.slowly);
      return;
    }
    const broken = this.#breaks.get(name) ?? 0;
    const { breakAfterBytes = Number.POSITIVE_INFINITY, numBreaks = 0 } = this.faults;
    if (broken >= numBreaks || rest.length <= breakAfterBytes) {
      response.end(rest);
      return;
    }
    this.#breaks.set(name, broken + 1);
    response.write(rest.subarray(0, breakAfterBytes), () => {
      setTimeout(() => response.destroy(), 20);
    });
  }

  #bodyOf(name: string, content: Buffer): Buffer {
    const { corrupt, heldWeightBytes, surplus } = this.faults;
    if (corrupt === true) return Buffer.alloc(content.length);
    if (!name.endsWith('.safetensors')) return content;
    return Buffer.concat([content.subarray(0, heldWeightBytes), surplus ?? Buffer.alloc(0)]);
  }
}

async function sendSlowly(
  response: ServerResponse,
  body: Buffer,
  { chunkBytes, delayMs }: { readonly chunkBytes: number; readonly delayMs: number },
): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += chunkBytes) {
    response.write(body.subarray(at, at + chunkBytes));
    await sleep(delayMs);
  }
  response.end();
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function gitDigest(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

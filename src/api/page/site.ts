import type { FullResponse, Headers } from '../../http/http.js';
import type { UpgradeRequest } from '../../http/socket.js';

/** One file of the page, as it is and compressed. */
export interface PageFile {
  readonly name: string;
  readonly plain: Uint8Array;
  /** Null: it is sent as it is. */
  readonly br: Uint8Array | null;
  readonly gzip: Uint8Array | null;
}

export type PageRequest = Pick<UpgradeRequest, 'method' | 'path' | 'headers'>;

/** Where its files are, beside the document at `/`. */
const FOLDER = '/page/';
const DOCUMENT = 'index.html';

/** Only what this server sends is run, shown or asked, and nobody may put the page into a frame of theirs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types dompurify',
].join('; ');

const GUARDS: Headers = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
};

/**
 * The page in a browser: its document at `/` for whoever wants HTML, its files for everybody. They hold nothing that a
 * key protects, so none is asked for.
 */
export class PageSite {
  readonly #files: ReadonlyMap<string, PageFile>;

  constructor(files: readonly PageFile[]) {
    this.#files = new Map(files.map((file) => [file.name, file]));
  }

  /** Null: this is no request for the page. */
  answer({ method, path, headers }: PageRequest): FullResponse | null {
    if (method !== 'GET' && method !== 'HEAD') return null;
    const isDocument = path === '/' && wantsHtml(headers.get('accept') ?? '');
    if (!isDocument && !path.startsWith(FOLDER)) return null;
    const file = this.#files.get(isDocument ? DOCUMENT : path.slice(FOLDER.length));
    if (file === undefined) return null;
    const { encoding, bytes } = chosen(file, headers.get('accept-encoding') ?? '');
    return {
      status: 200,
      headers: {
        'content-type': TYPES[file.name.slice(file.name.lastIndexOf('.') + 1)] ?? '',
        // A name says what is in its file; the document alone changes under the same one.
        'cache-control': isHashed(file.name) ? 'public, max-age=31536000, immutable' : 'no-cache',
        ...(encoding === null ? {} : { 'content-encoding': encoding }),
        vary: isDocument ? 'Accept, Accept-Encoding' : 'Accept-Encoding',
        ...GUARDS,
      },
      body: [bytes],
    };
  }
}

/** A browser says so by name; any other client takes whatever comes. */
function wantsHtml(accept: string): boolean {
  return accept.toLowerCase().includes('text/html');
}

function isHashed(name: string): boolean {
  return /-[0-9a-f]{12}\./.test(name);
}

interface Chosen {
  readonly encoding: string | null;
  readonly bytes: Uint8Array;
}

function chosen({ plain, br, gzip }: PageFile, accepted: string): Chosen {
  if (br !== null && accepts(accepted, 'br')) return { encoding: 'br', bytes: br };
  if (gzip !== null && accepts(accepted, 'gzip')) return { encoding: 'gzip', bytes: gzip };
  return { encoding: null, bytes: plain };
}

/** RFC 9110 §12.5.3, but for `*`: by name, and not with `q=0`. */
function accepts(accepted: string, encoding: string): boolean {
  return accepted.split(',').some((entry) => {
    const [name, ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !parameters.some((one) => /^q=0(\.0*)?$/.test(one));
  });
}

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

import { StartupError } from '../core/errors.js';

/** Where the key and the certificate of a server are. All are PEM. */
export interface TlsFiles {
  readonly keyFile: string;
  /** The certificate, and behind it those that lead to its authority. */
  readonly certFile: string;
  /** Null = the key is not encrypted. */
  readonly keyPassword: string | null;
  /** Authorities that may complete the chain that clients are shown; null = none. */
  readonly caFile: string | null;
}

/** What {@link readTls} found to belong together. */
export interface Tls {
  readonly files: TlsFiles;
  readonly key: string;
  readonly cert: string;
  readonly ca: string | null;
}

/** Reads the files, and proves that a server can be started with them. @throws StartupError */
export function readTls(files: TlsFiles): Tls {
  const { keyFile, certFile, caFile, keyPassword } = files;
  const key = read(keyFile, 'key', '--ssl-keyfile');
  const cert = read(certFile, 'certificate', '--ssl-certfile');
  const ca = caFile === null ? null : read(caFile, 'CA certificates', '--ssl-ca-certs');
  const privateKey = keyOf(key, keyFile, keyPassword);
  if (ca !== null && caFile !== null) certificateOf(ca, caFile);
  if (!certificateOf(cert, certFile).checkPrivateKey(privateKey)) {
    throw new StartupError(
      `The key in '${keyFile}' is not that of the certificate in '${certFile}'.`,
    );
  }
  const tls = { files, key, cert, ca };
  try {
    createSecureContext(secureOptions(tls));
  } catch (error) {
    const why = `'${certFile}' and '${keyFile}' cannot be used for TLS`;
    throw new StartupError(`${why}: ${reasonOf(error)}.`);
  }
  return tls;
}

/** What an operator should know of a certificate that can be served and that clients will refuse. */
export function tlsWarnings({ files, cert }: Tls, nowMs: number): readonly string[] {
  const { validFrom, validTo } = new X509Certificate(cert);
  const named = `The certificate in '${files.certFile}'`;
  return [
    ...(Date.parse(validTo) < nowMs ? [`${named} expired on ${validTo}.`] : []),
    ...(Date.parse(validFrom) > nowMs ? [`${named} is not valid before ${validFrom}.`] : []),
  ];
}

/** As Node's own TLS takes them. */
export interface SecureOptions {
  readonly key: string;
  readonly cert: string;
  readonly passphrase?: string;
  readonly ca?: string;
}

/** Versions and ciphers are Node's own, from TLS 1.2. */
export function secureOptions({ files, key, cert, ca }: Tls): SecureOptions {
  const { keyPassword } = files;
  return {
    key,
    cert,
    ...(keyPassword === null ? {} : { passphrase: keyPassword }),
    ...(ca === null ? {} : { ca }),
  };
}

/** In SGLang's words where it has them. */
function read(path: string, what: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'not found' : `cannot be read (${code ?? 'unknown error'})`;
    throw new StartupError(`SSL ${what} file ${why}: '${path}'. Please check the ${flag} path.`);
  }
}

function keyOf(key: string, path: string, password: string | null): KeyObject {
  try {
    return createPrivateKey({ key, ...(password === null ? {} : { passphrase: password }) });
  } catch {
    if (/ENCRYPTED/.test(key)) {
      throw new StartupError(
        password === null
          ? `The key in '${path}' is encrypted: it needs --ssl-keyfile-password.`
          : `--ssl-keyfile-password does not open the key in '${path}'.`,
      );
    }
    throw new StartupError(`'${path}' holds no private key in PEM.`);
  }
}

function certificateOf(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new StartupError(`'${path}' holds no certificate in PEM.`);
  }
}

/** `error:0A00018E:SSL routines::ca md too weak` → `ca md too weak` */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(':').at(-1)?.trim() ?? message;
}

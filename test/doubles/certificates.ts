/** Certificates for tests, made when they run: Node can sign, and X.509 is little DER. */
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Identity {
  readonly name: string;
  readonly key: KeyObject;
  /** PEM */
  readonly cert: string;
}

export interface CertificateOptions {
  /** Common name, and the one DNS name beside 127.0.0.1. */
  readonly name?: string;
  /** Left out: it signs itself. */
  readonly issuer?: Identity;
  /** Of an elliptic curve; left out: a new one of P-256. */
  readonly key?: KeyObject;
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
}

/** A key and its certificate. */
export function makeIdentity(options: CertificateOptions = {}): Identity {
  const { name = 'localhost', issuer, from = -1, to = 30 } = options;
  const { key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey } = options;
  const body = sequence(
    tagged(0, integer(Buffer.of(2))),
    integer(Buffer.of(1, ...Buffer.from(String(Date.now())))),
    ECDSA_SHA256,
    nameOf(issuer?.name ?? name),
    sequence(timeOf(from), timeOf(to)),
    nameOf(name),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(IS_AUTHORITY, alternativeNames(name))),
  );
  const signature = sign('sha256', body, issuer?.key ?? key);
  const bits = element(0x03, Buffer.concat([Buffer.of(0), signature]));
  return { name, key, cert: pem(sequence(body, ECDSA_SHA256, bits)) };
}

/** The key as PEM, encrypted where there is a password. */
export function keyPem({ key }: Identity, password?: string): string {
  const encryption = password === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: password };
  return String(key.export({ type: 'pkcs8', format: 'pem', ...encryption }));
}

/** Writes texts into a folder of the test's own. @returns the path of each */
export function writeFiles<const Name extends string>(
  t: { teardown(fn: () => void): void },
  files: Readonly<Record<Name, string>>,
): Readonly<Record<Name, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'radish-tls-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const paths = Object.entries<string>(files).map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return [name, path];
  });
  return Object.fromEntries(paths) as Record<Name, string>;
}

function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function tagged(number: number, content: Uint8Array): Buffer {
  return element(0xa0 | number, content);
}

function integer(bytes: Uint8Array): Buffer {
  return element(0x02, bytes);
}

function oid(...bytes: readonly number[]): Buffer {
  return element(0x06, Buffer.from(bytes));
}

const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** basicConstraints: critical, CA. */
const IS_AUTHORITY = sequence(
  oid(0x55, 0x1d, 0x13),
  element(0x01, Buffer.of(0xff)),
  element(0x04, sequence(element(0x01, Buffer.of(0xff)))),
);

function nameOf(text: string): Buffer {
  const attribute = sequence(oid(0x55, 0x04, 0x03), element(0x0c, Buffer.from(text)));
  return sequence(element(0x31, attribute));
}

function alternativeNames(name: string): Buffer {
  const names = [element(0x82, Buffer.from(name)), element(0x87, Buffer.of(127, 0, 0, 1))];
  return sequence(oid(0x55, 0x1d, 0x11), element(0x04, sequence(...names)));
}

/** UTCTime: `261129181307Z` */
function timeOf(days: number): Buffer {
  const digits = new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/\D/g, '');
  return element(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

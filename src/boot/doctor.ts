import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

import type { ServerArgs } from '../config/server-args.js';
import type { HostAdapters } from '../device/adapters/host-adapters.js';
import { deviceBytes, requireRuntimeMemory } from '../device/limits.js';
import { chooseEngine } from '../http/engine.js';
import type { TlsNeeds } from '../http/server.js';
import { tlsWarnings } from '../http/tls.js';
import type { Machine } from './configurations.js';
import { examineGpus } from './doctor-gpus.js';
import { exposure } from './exposure.js';
import { checkFileLimit, fileLimit } from './file-limit.js';
import { bad, gib, note, ok, tried, type Finding } from './finding.js';
import { glibcVersion, requireNativeParts } from './native-parts.js';
import { assertPortFree } from './port-check.js';
import { tlsNeeds } from './tls.js';

/** Why a server would not start on this machine with these arguments, and what else is worth knowing. */
export async function examine(
  args: ServerArgs,
  machine: Machine,
  adapters: HostAdapters,
): Promise<readonly Finding[]> {
  const files = fileLimit();
  const exposed = exposure(args);
  const { needs, findings: tlsFindings } = tlsOf(args);
  return [
    ok(`Node ${process.version} on ${process.platform}-${process.arch}, ${libcOf()}`),
    ok(`${cpus()[0]?.model.trim() ?? 'an unknown CPU'}: ${machine.numCores} cores, ${vectors()}`),
    await tried(async () => {
      await requireNativeParts();
      return 'onnxruntime-node and tokenizers load';
    }),
    await tried(() => {
      requireRuntimeMemory(machine.memoryBytes, args.dpSize);
      return `${gib(machine.memoryBytes)} of memory, ${gib(process.availableMemory())} of it free`;
    }),
    ok(whatFits(machine.memoryBytes, args.dpSize)),
    ...(await examineGpus(args, adapters)),
    ...tlsFindings,
    await tried(async () => {
      const { engine, why } = await chooseEngine(args.httpServer, needs !== null);
      return `${needs === null ? 'HTTP' : 'HTTPS'} by ${engine.title}: ${why}`;
    }),
    await tried(async () => {
      await assertPortFree(args.host, args.port);
      return `${args.host}:${args.port} can be listened on`;
    }),
    await tried(() => {
      checkFileLimit(files);
      return `${files ?? 'any number of'} files and connections may be open`;
    }),
    ...(exposed === null ? [] : [note(exposed)]),
  ];
}

interface TlsExamined {
  /** Null = plain HTTP, or none that can be used. */
  readonly needs: TlsNeeds | null;
  readonly findings: readonly Finding[];
}

function tlsOf(args: ServerArgs): TlsExamined {
  try {
    const needs = tlsNeeds(args);
    if (needs === null) return { needs, findings: [] };
    const warnings = tlsWarnings(needs.tls, Date.now());
    return {
      needs,
      findings: [ok(`TLS by '${needs.tls.files.certFile}'`), ...warnings.map(note)],
    };
  } catch (error) {
    return { needs: null, findings: [bad(error)] };
  }
}

const LABELS: Readonly<Record<Finding['mark'], string>> = { ok: 'ok', note: 'note', bad: 'BAD' };

/** Lines for a terminal, and whether a server would start. */
export function report(findings: readonly Finding[]): {
  readonly text: string;
  readonly isWell: boolean;
} {
  const lines = findings.map(({ mark, text }) => `${LABELS[mark].padEnd(5)} ${text}`);
  const isWell = findings.every(({ mark }) => mark !== 'bad');
  const verdict = isWell
    ? 'A server would start here.'
    : 'A server would not start here: see the lines that begin with BAD.';
  return { text: `${[...lines, verdict].join('\n')}\n`, isWell };
}

/** Bytes a parameter takes, and by what flag; the tables of a model may have formats of their own. */
const FORMATS: readonly (readonly [bytes: number, format: string])[] = [
  [1.1, 'w8a8_int8'],
  [4, '--quantization none'],
];
/** Of what is left beside the runtime; KV has the rest. */
const WEIGHTS_SHARE = 0.75;

function whatFits(memoryBytes: number, numDevices: number): string {
  const bytes = WEIGHTS_SHARE * Math.max(0, deviceBytes(memoryBytes, numDevices));
  const sizes = FORMATS.map(
    ([bytesEach, format]) => `${(bytes / bytesEach / 1e9).toFixed(1)} B in ${format}`,
  );
  const each = numDevices === 1 ? '' : `, on each of ${numDevices} devices`;
  return `models of up to about so many parameters fit: ${sizes.join(', ')}${each}`;
}

function libcOf(): string {
  if (process.platform !== 'linux') return 'untested';
  const version = glibcVersion();
  return version === null ? 'another C library than glibc' : `glibc ${version}`;
}

/** What the integer kernels are fast with, of what this CPU says it has. */
const VECTORS = ['avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'amx_int8', 'asimd', 'asimddp'];

function vectors(): string {
  const flags = new Set(cpuFlags());
  const found = VECTORS.filter((name) => flags.has(name));
  return found.length === 0 ? 'vector units unknown' : found.join(' ');
}

function cpuFlags(): readonly string[] {
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8');
    return (/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1] ?? '').trim().split(/\s+/);
  } catch {
    return [];
  }
}

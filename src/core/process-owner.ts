import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A process's name in the names of what it has on disk, told apart from a later one with its number:
 * `<machine>-<start of the machine>-<namespace of numbers>-<pid>-<start>`.
 */
const OWNER = /^([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{8})-(\d+)-(\d+)$/;

/** The form of {@link ownOwner}, for a regular expression. */
export const OWNER_FORM = '[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-\\d+-\\d+';

/** `elsewhere`: on another machine or in another container, where nobody can look from here. */
export type OwnerState = 'living' | 'dead' | 'elsewhere';

interface Place {
  readonly machine: string;
  readonly boot: string;
  readonly namespace: string;
}

let place: Place | null = null;

/** This process's name on disk. */
export function ownOwner(): string {
  const { machine, boot, namespace } = here();
  return `${machine}-${boot}-${namespace}-${process.pid}-${startOf(process.pid)}`;
}

/** Of a name that {@link ownOwner} did not make nobody knows: `elsewhere`. */
export function ownerState(owner: string): OwnerState {
  const [, machine, boot, namespace, pid, start] = OWNER.exec(owner) ?? [];
  const now = here();
  if (machine !== now.machine) return 'elsewhere';
  if (boot !== now.boot) return 'dead';
  if (namespace !== now.namespace) return 'elsewhere';
  return isRunning(Number(pid)) && startOf(Number(pid)) === start ? 'living' : 'dead';
}

/** The number of an owner's process, for messages. */
export function pidOf(owner: string): number {
  return Number(OWNER.exec(owner)?.[4]);
}

function here(): Place {
  place ??= {
    machine: short(`${hostname()} ${textOf('/etc/machine-id')}`),
    boot: short(textOf('/proc/sys/kernel/random/boot_id')),
    namespace: short(linkOf('/proc/self/ns/pid')),
  };
  return place;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Clock ticks since the machine started; 0 where there is no /proc, '' for a process that nobody has buried. */
function startOf(pid: number): string {
  // The command's name comes before these fields and may have spaces and brackets.
  const stat = textOf(`/proc/${pid}/stat`);
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 'ZX'.includes(state) && state !== '' ? '' : (fields[18] ?? '0');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

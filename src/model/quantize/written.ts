/**
 * What a job wrote to a draft, so that a later start can see whether it is there. Nobody waits for the disk: what a kill
 * or a power cut tore has another hash.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** `count` ranges of `length` bytes, the first at `offset` and each `stride` bytes behind the one before. */
export type WrittenRun = readonly [offset: number, length: number, stride: number, count: number];

export interface WriteRecord {
  /** In the order of the writes. */
  readonly runs: readonly WrittenRun[];
  /** Of the job's id and all the bytes, in that order; hex. */
  readonly sha256: string;
}

/** Writes shorter than this are hashed together: a call costs as much as a kilobyte. */
const GATHERED_BYTES = 2 ** 16;
const READ_BYTES = 2 ** 20;

/** Follows the writes of a job. */
export class WriteRecorder {
  readonly #hash: Hash;
  readonly #runs: [number, number, number, number][] = [];
  readonly #gathered = Buffer.allocUnsafe(GATHERED_BYTES);
  #numGathered = 0;

  constructor(id: string) {
    this.#hash = createHash('sha256').update(id);
  }

  note(bytes: Uint8Array, offset: number): void {
    if (bytes.length === 0) return;
    this.#add(offset, bytes.length);
    if (this.#numGathered + bytes.length > GATHERED_BYTES) this.#flush();
    if (bytes.length > GATHERED_BYTES) {
      this.#hash.update(bytes);
      return;
    }
    this.#gathered.set(bytes, this.#numGathered);
    this.#numGathered += bytes.length;
  }

  end(): WriteRecord {
    this.#flush();
    return { runs: this.#runs, sha256: this.#hash.digest('hex') };
  }

  #flush(): void {
    this.#hash.update(this.#gathered.subarray(0, this.#numGathered));
    this.#numGathered = 0;
  }

  #add(offset: number, length: number): void {
    const last = this.#runs.at(-1);
    if (last === undefined || !extend(last, offset, length)) {
      this.#runs.push([offset, length, 0, 1]);
    }
  }
}

/** @returns false where the range does not go on as the run does */
function extend(run: [number, number, number, number], offset: number, length: number): boolean {
  const [begin, each, stride, count] = run;
  if (count === 1 && offset === begin + each) {
    run[1] += length;
    return true;
  }
  const follows = count === 1 ? offset > begin : offset === begin + stride * count;
  if (!follows || length !== each) return false;
  run[2] = count === 1 ? offset - begin : stride;
  run[3] += 1;
  return true;
}

/** Whether the file has all that a job with this id wrote, as it wrote it. */
export function isWritten(path: string, id: string, { runs, sha256 }: WriteRecord): boolean {
  const hash = createHash('sha256').update(id);
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (const [offset, length, stride, count] of runs) {
      for (let i = 0; i < count; i++) {
        if (!hashRange(file, { offset: offset + i * stride, length, buffer, hash })) return false;
      }
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex') === sha256;
}

interface HashedRange {
  readonly offset: number;
  readonly length: number;
  readonly buffer: Buffer;
  readonly hash: Hash;
}

/** @returns false where the file ends before */
function hashRange(file: number, { offset, length, buffer, hash }: HashedRange): boolean {
  for (let done = 0; done < length;) {
    const wanted = Math.min(buffer.length, length - done);
    const numRead = readSync(file, buffer, 0, wanted, offset + done);
    if (numRead === 0) return false;
    hash.update(buffer.subarray(0, numRead));
    done += numRead;
  }
  return true;
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Test } from 'tap';

/** A disk of 1 MiB; null where nobody may make one. */
export function smallDisk(test: Test): string | null {
  // Not below the test's own folder, which goes before its teardowns run.
  const folder = mkdtempSync(join(tmpdir(), 'radish-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'radish', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return null;
  }
  test.teardown(() => {
    execFileSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return folder;
}

import { tmpdir } from 'node:os';

import { TemporaryFolders } from '../fleet/temporary-folders.js';
import type { Teardown } from './teardown.js';

/** Folders that nobody touches for a day may be anybody's to sweep. */
const TOUCH_MS = 3600 * 1000;

/** A process that ends without a word takes them with it, and those of processes that were killed. */
export async function temporaryFolders(teardown: Teardown): Promise<TemporaryFolders> {
  const temporary = new TemporaryFolders(tmpdir());
  const removeAll = (): void => {
    temporary.removeAllNow();
  };
  process.once('exit', removeAll);
  const timer = setInterval(() => void temporary.touch(), TOUCH_MS).unref();
  teardown.add(() => {
    process.off('exit', removeAll);
    clearInterval(timer);
    removeAll();
  });
  await temporary.sweep();
  return temporary;
}

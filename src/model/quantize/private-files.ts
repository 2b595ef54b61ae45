import { lstat } from 'node:fs/promises';

const WRITABLE_BY_OTHERS = 0o022;

/** Whether this user, or root, alone may have written these files and folders. One that is not there counts as such. */
export async function isPrivate(paths: readonly string[]): Promise<boolean> {
  const uid = process.getuid?.();
  if (uid === undefined) return true;
  const facts = await Promise.all(paths.map((path) => lstat(path).catch(() => null)));
  return facts.every(
    (fact) =>
      fact === null ||
      ((fact.uid === uid || fact.uid === 0) && (fact.mode & WRITABLE_BY_OTHERS) === 0),
  );
}

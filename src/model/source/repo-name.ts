/** As the hub spells repositories; `--` stands for the slash in the cache's folder names. */
const REPO = /^(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/;
const REVISION = /^(?!.*\.\.)[\w][\w./-]*$/;
/** Longest name of a file. */
const NAME_MAX = 255;

/** `org/name` or `name`. Such a name never leads out of the cache. */
export function isRepoName(text: string): boolean {
  return REPO.test(text) && text.length < NAME_MAX - 'models---'.length;
}

/** A branch, a tag or a commit. Such a name never leads out of the cache. */
export function isRevision(text: string): boolean {
  return REVISION.test(text) && text.split('/').every((part) => part.length < NAME_MAX - 100);
}

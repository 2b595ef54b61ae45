/** As huggingface_hub has it; `--` stands for the slash in the cache's folder names. */
const REPO = /^(?!.*(?:--|\.\.))(?!.*\.git$)(?:\w(?:[\w.-]*\w)?\/)?\w(?:[\w.-]{0,94}\w)?$/;
const REVISION = /^(?!.*\.\.)[\w][\w./-]*$/;
/** Longest name of a file. */
const NAME_MAX = 255;

/** `org/name` or `name`. Such a name never leads out of the cache. */
export function isRepoName(text: string): boolean {
  return REPO.test(text) && text.length < NAME_MAX - 'models---'.length;
}

/** A branch, a tag or a commit. Such a name never leads out of the cache, and is the only one for its file there. */
export function isRevision(text: string): boolean {
  return REVISION.test(text) && text.split('/').every(isPart);
}

function isPart(part: string): boolean {
  return part !== '' && part !== '.' && part.length < NAME_MAX - 100;
}

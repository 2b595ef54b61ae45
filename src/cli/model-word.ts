import { UsageError } from '../config/flag-spec.js';
import { hubGguf } from '../model/source/hub-gguf.js';
import { isRepoName, isRevision } from '../model/source/repo-name.js';

/** A model as a command line names it. */
export interface ModelWord {
  /** Or a GGUF file of one: `org/name:QUANT`, `org/name/FILE.gguf`. */
  readonly repo: string;
  /** Branch, tag or commit; null = none was named. */
  readonly revision: string | null;
}

/** `org/name` or `org/name@revision`, at least one of them; a GGUF file only where it is downloaded. @throws UsageError */
export function modelWords(words: readonly string[], command: 'pull' | 'rm'): readonly ModelWord[] {
  if (words.length === 0) {
    throw new UsageError(`radish ${command} needs the name of a model, such as Qwen/Qwen3-0.6B.`);
  }
  return words.map((word) => modelWord(word, command === 'pull'));
}

/** As the command line wrote it. */
export function shownModel({ repo, revision }: ModelWord): string {
  return revision === null ? repo : `${repo}@${revision}`;
}

/** @throws UsageError */
export function requireRevision(revision: string): string {
  if (isRevision(revision)) return revision;
  throw new UsageError(`${JSON.stringify(revision)} is not a branch, tag or commit.`);
}

function modelWord(word: string, takesFiles: boolean): ModelWord {
  const at = word.indexOf('@');
  const repo = at < 0 ? word : word.slice(0, at);
  const isFile = takesFiles && hubGguf(repo) !== null;
  if (!isRepoName(repo) && !isFile) {
    const names = takesFiles
      ? 'org/name, org/name:QUANT or org/name/FILE.gguf'
      : 'org/name or name';
    throw new UsageError(`${JSON.stringify(word)} is not a model of the hub: these are ${names}.`);
  }
  return { repo, revision: at < 0 ? null : requireRevision(word.slice(at + 1)) };
}

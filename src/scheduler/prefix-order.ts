import type { Req } from './req.js';

/**
 * `dfs-weight`: a walk through the tree that the waiting prompts form, the branch with most requests
 * first, so that requests that share a prefix run one after the other. Requests that end at a fork come
 * before its branches; equal branches keep the order of arrival.
 */
export function byPrefixWeight(waiting: readonly Req[]): Req[] {
  const namespaces = groupBy(waiting, (req) => req.input.namespace);
  return heaviestFirst(namespaces).flatMap((group) => walk(group, 0));
}

/** @param depth tokens that all of `reqs` have in common */
function walk(reqs: readonly Req[], depth: number): readonly Req[] {
  const [first] = reqs;
  if (first === undefined || reqs.length === 1) return reqs;
  const fork = forkAfter(first, reqs, depth);
  const branches = groupBy(reqs, (req) => req.input.inputIds[fork] ?? -1);
  const ended = branches.get(-1) ?? [];
  branches.delete(-1);
  return [...ended, ...heaviestFirst(branches).flatMap((branch) => walk(branch, fork + 1))];
}

/** Length of the longest common prefix. */
function forkAfter(first: Req, reqs: readonly Req[], depth: number): number {
  let end = first.promptLen;
  for (const { input } of reqs) {
    let i = depth;
    while (i < end && input.inputIds[i] === first.input.inputIds[i]) i++;
    end = i;
  }
  return end;
}

function heaviestFirst<K>(groups: ReadonlyMap<K, Req[]>): Req[][] {
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

function groupBy<K>(reqs: readonly Req[], keyOf: (req: Req) => K): Map<K, Req[]> {
  const groups = new Map<K, Req[]>();
  for (const req of reqs) {
    const key = keyOf(req);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [req]);
    else group.push(req);
  }
  return groups;
}

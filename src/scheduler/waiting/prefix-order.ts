import type { WaitingReq } from './ticket.js';

/**
 * `dfs-weight`: a walk through the tree that the waiting prompts form, the branch with most requests
 * first, so that requests that share a prefix run one after the other. Requests that end at a fork come
 * before its branches; equal branches keep the order of arrival.
 */
export function byPrefixWeight(waiting: readonly WaitingReq[]): WaitingReq[] {
  const namespaces = groupBy(waiting, ({ req }) => req.input.namespace);
  return heaviestFirst(namespaces).flatMap((group) => walk(group, 0));
}

/** @param depth tokens that all of `tickets` have in common */
function walk(tickets: readonly WaitingReq[], depth: number): readonly WaitingReq[] {
  const [first] = tickets;
  if (first === undefined || tickets.length === 1) return tickets;
  const fork = forkAfter(first, tickets, depth);
  const branches = groupBy(tickets, ({ req }) => req.input.inputIds[fork] ?? -1);
  const ended = branches.get(-1) ?? [];
  branches.delete(-1);
  return [...ended, ...heaviestFirst(branches).flatMap((branch) => walk(branch, fork + 1))];
}

/** Length of the longest common prefix. */
function forkAfter(first: WaitingReq, tickets: readonly WaitingReq[], depth: number): number {
  let end = first.req.promptLen;
  for (const { req } of tickets) {
    let i = depth;
    while (i < end && req.input.inputIds[i] === first.req.input.inputIds[i]) i++;
    end = i;
  }
  return end;
}

function heaviestFirst<K>(groups: ReadonlyMap<K, WaitingReq[]>): WaitingReq[][] {
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

function groupBy<K>(
  tickets: readonly WaitingReq[],
  keyOf: (ticket: WaitingReq) => K,
): Map<K, WaitingReq[]> {
  const groups = new Map<K, WaitingReq[]>();
  for (const ticket of tickets) {
    const key = keyOf(ticket);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [ticket]);
    else group.push(ticket);
  }
  return groups;
}

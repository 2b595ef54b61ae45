/** What routing looks at of one device. */
export interface RouteTarget<T> {
  readonly device: T;
  /** Running and already routed requests. */
  readonly load: number;
  /** Cached tokens of the request's prompt there. */
  readonly cachedTokens: number;
  /** It may be given another request now. */
  readonly hasRoom: boolean;
}

/** A device is overloaded when it has this many more requests than the least loaded one … */
export const BALANCE_ABS_THRESHOLD = 8;
/** … and this many times as many. */
export const BALANCE_REL_THRESHOLD = 1.5;
/** Below this part of the prompt a cached prefix does not decide. */
export const CACHE_THRESHOLD = 0.3;

/**
 * The device with the longest cached prefix, unless that is short, full or overloaded; then the least
 * loaded one (the rules of SGLang's cache-aware router). Null when none has room.
 */
export function chooseTarget<T>(targets: readonly RouteTarget<T>[], promptLen: number): T | null {
  const idlest = best(targets, (a, b) => a.load < b.load);
  const longest = best(
    targets,
    (a, b) =>
      a.cachedTokens > b.cachedTokens || (a.cachedTokens === b.cachedTokens && a.load < b.load),
  );
  if (idlest === null || longest === null) return null;
  const overloaded =
    longest.load - idlest.load > BALANCE_ABS_THRESHOLD &&
    longest.load > BALANCE_REL_THRESHOLD * idlest.load;
  const cached = longest.cachedTokens > CACHE_THRESHOLD * promptLen;
  return cached && !overloaded ? longest.device : idlest.device;
}

function best<T>(
  targets: readonly RouteTarget<T>[],
  better: (a: RouteTarget<T>, b: RouteTarget<T>) => boolean,
): RouteTarget<T> | null {
  let found: RouteTarget<T> | null = null;
  for (const target of targets) {
    if (target.hasRoom && (found === null || better(target, found))) found = target;
  }
  return found;
}

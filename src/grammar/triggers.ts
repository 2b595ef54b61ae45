import { GrammarError } from './errors.js';

/** Where a byte leads in free text: to another beginning of a trigger, or to the end of one. */
type Target =
  | { readonly kind: 'place'; readonly place: number }
  | { readonly kind: 'trigger'; readonly trigger: number };

interface TriggerEdge {
  readonly low: number;
  readonly high: number;
  readonly to: Target;
}

interface Place {
  readonly next: Map<number, number>;
  /** Index of the trigger that ends here, or -1. */
  trigger: number;
  /** Place of the longest other beginning that this one ends with. */
  fallback: number;
}

/**
 * Aho-Corasick (1975) over the triggers' bytes: row i says where each byte leads from place i; place 0 is
 * where no trigger has begun. @throws GrammarError where a trigger is empty or contains another
 */
export function triggerTable(triggers: readonly string[]): readonly (readonly TriggerEdge[])[] {
  for (const trigger of triggers) {
    const clash = triggers.find((other) => other !== trigger && trigger.includes(other));
    if (trigger === '') throw new GrammarError('a trigger is empty');
    if (clash !== undefined) {
      throw new GrammarError(`the trigger ${JSON.stringify(trigger)} contains another one`);
    }
  }
  const places = placesOf(triggers);
  return places.map((_, place) => rowOf(places, place));
}

function placesOf(triggers: readonly string[]): Place[] {
  const places: Place[] = [{ next: new Map(), trigger: -1, fallback: 0 }];
  triggers.forEach((trigger, index) => {
    let at = 0;
    for (const byte of new TextEncoder().encode(trigger)) {
      const known = places[at]?.next.get(byte);
      if (known === undefined) {
        places.push({ next: new Map(), trigger: -1, fallback: 0 });
        places[at]?.next.set(byte, places.length - 1);
      }
      at = known ?? places.length - 1;
    }
    const end = places[at];
    if (end !== undefined) end.trigger = index;
  });
  linkFallbacks(places);
  return places;
}

/** In order of length: a fallback is shorter than what falls back to it. */
function linkFallbacks(places: readonly Place[]): void {
  const queue = [...(places[0]?.next.values() ?? [])];
  for (const at of queue) {
    const place = places[at];
    for (const [byte, child] of place?.next ?? []) {
      const childPlace = places[child];
      if (childPlace !== undefined) childPlace.fallback = goOn(places, place?.fallback ?? 0, byte);
      queue.push(child);
    }
  }
}

function goOn(places: readonly Place[], from: number, byte: number): number {
  for (let at = from; ; at = places[at]?.fallback ?? 0) {
    const next = places[at]?.next.get(byte);
    if (next !== undefined) return next;
    if (at === 0) return 0;
  }
}

/** Bytes in order, equal neighbours as one edge. */
function rowOf(places: readonly Place[], from: number): readonly TriggerEdge[] {
  const row: { low: number; high: number; place: number }[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const place = goOn(places, from, byte);
    const last = row.at(-1);
    if (last?.place === place) last.high = byte;
    else row.push({ low: byte, high: byte, place });
  }
  return row.map(({ low, high, place }) => {
    const trigger = places[place]?.trigger ?? -1;
    const to: Target = trigger >= 0 ? { kind: 'trigger', trigger } : { kind: 'place', place };
    return { low, high, to };
  });
}

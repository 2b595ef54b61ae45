/**
 * What must hold after every turn, as a pure function, for tests.
 * Empty means sound; each entry says what is broken.
 */
import { MAX_STEPS_IN_FLIGHT, type DeviceLink } from './devices/link.js';
import type { Embedding } from './embed/embedding.js';
import type { SchedulerParts } from './parts.js';
import type { Seat } from './seat/seat.js';

type Parts = Pick<SchedulerParts, 'live' | 'waiting' | 'devices'>;

export function violations(parts: Parts & { readonly embedding: Embedding }): string[] {
  return [
    ...placeViolations(parts),
    ...[...parts.devices].flatMap((link) => linkViolations(link)),
    ...embedViolations(parts),
  ];
}

/** Every live request waits, or has one live seat, or is looked at by main; and nobody else does. */
function placeViolations({ live, waiting, devices }: Parts): string[] {
  const found: string[] = [];
  const seats = [...devices].flatMap((link) => [...link.seats]);
  const seated = new Set(seats.map(({ req }) => req));
  if (seated.size !== seats.length) found.push('a request has two seats');
  for (const req of live) {
    const places = [waiting.has(req), seated.has(req), req.endReason !== null];
    const numPlaces = places.filter((isThere) => isThere).length;
    if (numPlaces !== 1) found.push(`req ${req.num}: is in ${numPlaces} places`);
  }
  for (const { req } of waiting)
    if (!live.has(req)) found.push(`req ${req.num}: finished but waits`);
  for (const req of seated) if (!live.has(req)) found.push(`req ${req.num}: finished but runs`);
  return found;
}

function linkViolations(link: DeviceLink): string[] {
  const found = [
    ...phaseViolations(link),
    ...slotViolations(link),
    ...pageViolations(link),
    ...placeOwnerViolations(link),
  ];
  return found.map((text) => `${link.tree}: ${text}`);
}

function phaseViolations({ seats, leavers }: DeviceLink): string[] {
  const wrong = [
    ...[...seats].filter(({ isLive }) => !isLive),
    ...[...leavers].filter(({ phase }) => phase !== 'leaving' && phase !== 'closed'),
  ];
  return wrong.map(({ req, phase }) => `req ${req.num}: ${phase} in the wrong set`);
}

function slotViolations({ seats, leavers, freeSlots, limits }: DeviceLink): string[] {
  const leaving = [...leavers].filter(({ phase }) => phase === 'leaving');
  const open = [...seats, ...leaving].map(({ slot }) => slot);
  const all = [...open, ...freeSlots].sort((a, b) => a - b);
  const isSound = all.length === limits.numSlots && all.every((slot, i) => slot === i);
  return isSound ? [] : [`slots are [${all.join(' ')}]`];
}

/** Every leased page has one owner; every seat has a page for each of its rows. */
function pageViolations({ seats, leavers, pages, limits }: DeviceLink): string[] {
  const found: string[] = [];
  const owned = new Set<number>(pages.idle);
  if (owned.size !== pages.idle.length) found.push('a page is idle twice');
  for (const seat of [...seats, ...leavers]) {
    for (const page of seat.ownPages) {
      if (owned.has(page)) found.push(`page ${page} has two owners`);
      owned.add(page);
    }
    found.push(...rowViolations(seat, limits.pageSizeTokens));
  }
  if (owned.size > limits.numPages) found.push(`${owned.size} pages are leased`);
  return found;
}

/** Every leased place for a state has one owner, as far as it is not on its way. */
function placeOwnerViolations({ seats, leavers, states }: DeviceLink): string[] {
  if (states === null) return [];
  const ofSeats = [...seats, ...leavers].flatMap(({ statePlaces }) => statePlaces);
  const owned = [...states.idle, ...ofSeats];
  const found = new Set(owned).size === owned.length ? [] : ['a place has two owners'];
  if (owned.length > states.numPlaces) found.push(`${owned.length} places are leased`);
  return found;
}

function rowViolations(
  { req, numPages, plannedLen, reservedLen, isLive }: Seat,
  pageSizeTokens: number,
): readonly string[] {
  const found: string[] = [];
  if (numPages > 0 && numPages * pageSizeTokens < reservedLen) found.push('rows without pages');
  // The turn in flight of a request that has ended adds nothing.
  if (isLive && plannedLen > req.maxRows) found.push('too many rows');
  return found.map((text) => `req ${req.num}: ${text}`);
}

/** Every live text of an embedding model waits, or is in one step of one device. */
function embedViolations({ embedding, devices }: { embedding: Embedding } & Parts): string[] {
  const found: string[] = [];
  const { live, waiting } = embedding;
  const steps = [...devices].map(({ embedSteps }) => embedSteps);
  const posted = steps.flat().flatMap(({ reqs }) => reqs);
  const places = [...waiting, ...posted.filter((text) => live.has(text))];
  const placed = new Set(places);
  if (placed.size !== places.length) found.push('a text is in two places');
  for (const text of live) {
    if (!placed.has(text)) found.push(`text ${text.num}: is nowhere`);
    if (!live.hasRid(text.input.rid)) found.push(`text ${text.num}: its rid is free`);
  }
  for (const text of waiting) {
    if (!live.has(text)) found.push(`text ${text.num}: waits but is finished`);
  }
  if (live.numRids !== live.size) found.push('rids of texts that are gone');
  if (steps.some(({ length }) => length > MAX_STEPS_IN_FLIGHT)) found.push('too many embed steps');
  return found;
}

import { refuse } from '../../../core/errors.js';
import { FieldReader } from '../../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../../http/json.js';
import type { CacheSight } from './cache-topic.js';
import { WATCH_TOPICS, type WatchTopic } from './types.js';

/** Nodes that one watcher sees. */
export const MAX_NODES = 4096;
const NODES = { least: 16, usual: 1024 };
const EVERY_MS = { least: 250, usual: 250, most: 60_000 };

/** What one watcher wants to see. */
export interface WatchWish {
  readonly topics: ReadonlySet<WatchTopic>;
  readonly sight: CacheSight;
  /** It is told no more often. */
  readonly everyMs: number;
}

/** @throws RequestError */
export function parseWatchBody(body: JsonObject): WatchWish {
  return {
    topics: parseTopics(fieldOf(body, 'topics')),
    sight: parseSight(fieldOf(body, 'cache')),
    everyMs: parseEveryMs(body),
  };
}

function parseTopics(value: unknown): ReadonlySet<WatchTopic> {
  const names = WATCH_TOPICS.map((topic) => `"${topic}"`).join(', ');
  if (!Array.isArray(value) || value.length === 0) {
    refuse(`topics must be a list with at least one of ${names}.`);
  }
  const topics = value.map(
    (name: unknown) =>
      WATCH_TOPICS.find((topic) => topic === name) ??
      refuse(`Each of topics must be one of ${names}.`),
  );
  return new Set(topics);
}

function parseEveryMs(body: JsonObject): number {
  const everyMs = new FieldReader(body, 'INVALID_REQUEST').integer('every_ms') ?? EVERY_MS.usual;
  if (everyMs < EVERY_MS.least || everyMs > EVERY_MS.most) {
    refuse(`every_ms must be in [${EVERY_MS.least}, ${EVERY_MS.most}], got ${everyMs}.`);
  }
  return everyMs;
}

function parseSight(value: unknown): CacheSight {
  if (value === null) return { focus: null, maxNodes: NODES.usual };
  if (!isObject(value)) refuse('cache must be an object.');
  const read = new FieldReader(value, 'INVALID_REQUEST');
  const maxNodes = read.integer('max_nodes') ?? NODES.usual;
  if (maxNodes < NODES.least || maxNodes > MAX_NODES) {
    refuse(`max_nodes must be in [${NODES.least}, ${MAX_NODES}], got ${maxNodes}.`);
  }
  return { focus: read.integer('focus'), maxNodes };
}

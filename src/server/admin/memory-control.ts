/** What `/release_memory_occupation` can name: the weights, or the KV of slots and pages. */
export const MEMORY_TAGS = ['weights', 'kv_cache'] as const;
export type MemoryTag = (typeof MEMORY_TAGS)[number];

/** What the routes of memory need of whoever owns the devices. Both give null, or why not. */
export interface MemoryControl {
  release(tags: readonly MemoryTag[]): Promise<string | null>;
  resume(tags: readonly MemoryTag[]): Promise<string | null>;
}

import type { Req } from './req.js';
import type { Policy } from './policy.js';

/** Requests that wait for a slot, in order of arrival; retracted and retried ones come first. */
export class WaitingQueue {
  private reqs = new Set<Req>();
  private ordered: Iterable<Req> | null = null;

  constructor(private readonly policy: Policy) {}

  get length(): number {
    return this.reqs.size;
  }

  push(req: Req): void {
    this.reqs.add(req);
    this.ordered = null;
  }

  /** In front of everybody, `reqs[0]` first. */
  pushFront(reqs: readonly Req[]): void {
    this.reqs = new Set([...reqs, ...this.reqs]);
    this.ordered = null;
  }

  remove(req: Req): void {
    this.reqs.delete(req);
    this.ordered = null;
  }

  /** Something that the policy looks at changed. */
  reorder(): void {
    this.ordered = null;
  }

  /** In the order in which the policy would admit them. Requests may be removed while it is read. */
  inOrder(): Iterable<Req> {
    this.ordered ??= this.policy(this.reqs);
    return this.ordered;
  }

  [Symbol.iterator](): Iterator<Req> {
    return this.reqs[Symbol.iterator]();
  }
}

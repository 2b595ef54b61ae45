import type { Port } from '../../actor/port.js';
import type { MaskBoard } from '../../core/mask-board.js';
import type { ToMatchers } from '../../messages.js';
import type { DeviceSlot } from './device-slot.js';

/** A step waits so long for a mask, once: whoever else is in it has waited then, and does not again. */
export const GRACE_MS = 20;
/** The same where all slots of the device need masks: nobody else waits, and mail is still read soon. */
export const ALONE_GRACE_MS = 100;
/** A request whose mask is late for so long fails. */
export const MAX_LATE_MS = 30_000;

/**
 * What a row that samples must know: null = every token may come, words = bit `id % 32` of word `id / 32`;
 * `late`: the row must run again; the others fail the request.
 */
export type Mask = Int32Array | null | 'late' | 'deadEnd' | 'missing';

interface Waiting {
  readonly slot: DeviceSlot;
  /** Names the mask that comes next. */
  ticket: number;
  /** Outputs that the grammar thread knows of. */
  numTold: number;
  /** When a step first missed the mask, of `performance.now()`; null = it is in time. */
  lateSinceMs: number | null;
}

/** The device's side of the grammar thread: tells it the tokens of its slots, waits for their masks. */
export class SlotMasks {
  readonly #slots = new Map<number, Waiting>();
  /** `[slot, ticket, token]` triples that are still to be told. */
  readonly #news: number[] = [];
  #port: Pick<Port<ToMatchers, never>, 'post' | 'close'> | null = null;
  #board: MaskBoard | null = null;
  #nextTicket = 1;

  /** A grammar thread, the first or a new one: it learns of all slots that need it. */
  connect(port: Pick<Port<ToMatchers, never>, 'post' | 'close'>, board: MaskBoard): void {
    this.#port?.close();
    this.#port = port;
    this.#board = board;
    this.#news.length = 0;
    for (const slotId of this.#slots.keys()) this.#tellOpen(slotId);
  }

  /** Slots whose requests have a grammar. */
  get numSlots(): number {
    return this.#slots.size;
  }

  disconnect(): void {
    this.#port?.close();
    this.#port = null;
  }

  open(slotId: number, slot: DeviceSlot): void {
    if (slot.grammar === null) return;
    this.#slots.set(slotId, { slot, ticket: 0, numTold: 0, lateSinceMs: null });
    this.#tellOpen(slotId);
  }

  close(slotId: number): void {
    if (this.#slots.delete(slotId)) this.#port?.post({ kind: 'close', slot: slotId });
  }

  /** The mask for the slot's next token. Blocks the thread for a moment where it is not there yet. */
  take(slotId: number, { isAlone }: { readonly isAlone: boolean }): Mask {
    const waiting = this.#slots.get(slotId);
    if (waiting === undefined) return null;
    const nowMs = performance.now();
    const graceMs = isAlone ? ALONE_GRACE_MS : waiting.lateSinceMs === null ? GRACE_MS : 0;
    const found = this.#board?.wait(slotId, waiting.ticket, nowMs + graceMs) ?? 'late';
    if (found === 'late') {
      waiting.lateSinceMs ??= nowMs;
      return nowMs - waiting.lateSinceMs > MAX_LATE_MS ? 'missing' : 'late';
    }
    waiting.lateSinceMs = null;
    return found === 'failed' ? 'deadEnd' : (this.#board?.mask(slotId) ?? 'late');
  }

  /** The slot may have a token more, or has ended. */
  sampled(slotId: number): void {
    const waiting = this.#slots.get(slotId);
    if (waiting === undefined || waiting.slot.ended) return;
    const { outputIds } = waiting.slot;
    for (; waiting.numTold < outputIds.length; waiting.numTold++) {
      waiting.ticket = this.#nextTicket++;
      this.#news.push(slotId, waiting.ticket, outputIds[waiting.numTold] ?? 0);
    }
  }

  /** Tells the tokens of the step: their masks are made while the next one runs. */
  flush(): void {
    if (this.#news.length === 0) return;
    this.#port?.post({ kind: 'accept', tokens: Int32Array.from(this.#news.splice(0)) });
  }

  #tellOpen(slotId: number): void {
    const waiting = this.#slots.get(slotId);
    if (waiting?.slot.grammar == null) return;
    const { grammar, outputIds, params } = waiting.slot;
    waiting.ticket = this.#nextTicket++;
    waiting.numTold = outputIds.length;
    const { stopTokenIds } = params;
    const { ticket } = waiting;
    this.#port?.post({
      kind: 'open',
      slot: slotId,
      ticket,
      grammar,
      outputs: outputIds,
      stopTokenIds,
    });
  }
}

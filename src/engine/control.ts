/** What the front end may ask of whoever owns the devices: new weights, memory, a fault on purpose. */

import type { LoraId, LoraWeights } from '../core/lora.js';

/** Replaces the weights of a running server, and reads them. */
export interface WeightControl {
  /** Never rejects for what a checkpoint can be: that is the outcome's message. */
  update(request: WeightUpdate): Promise<WeightOutcome>;
  /** Null when the weights have no such tensor. */
  read(name: string, maxRows: number): unknown;
}

export interface WeightUpdate {
  readonly source: WeightOrigin;
  /** End running and waiting requests with the switch, instead of letting them finish. */
  readonly abortAllRequests: boolean;
  /** Null = keep the tag. */
  readonly weightVersion: string | null;
}

export type WeightOrigin = WeightsOnDisk | SentWeights;

export interface WeightsOnDisk {
  readonly kind: 'disk';
  /** Folder or repository. */
  readonly modelPath: string;
  /** Null = as at launch. */
  readonly loadFormat: string | null;
}

/** Tensors that take the place of those of the same names; the others stay as they are. */
export interface SentWeights {
  readonly kind: 'tensors';
  /** Each the bytes of a safetensors file. */
  readonly parts: readonly Uint8Array[];
}

export interface WeightOutcome {
  readonly success: boolean;
  /** SGLang's words. */
  readonly message: string;
}

/** What `/release_memory_occupation` can name: the weights, or the KV of slots and pages. */
export const MEMORY_TAGS = ['weights', 'kv_cache'] as const;
export type MemoryTag = (typeof MEMORY_TAGS)[number];

/** Gives memory back and takes it again. Both give null, or why not. */
export interface MemoryControl {
  release(tags: readonly MemoryTag[]): Promise<string | null>;
  resume(tags: readonly MemoryTag[]): Promise<string | null>;
}

/** An adapter that a client sent, as peft saves it. */
export interface SentAdapter {
  readonly config: Readonly<Record<string, unknown>>;
  /** Bytes of a safetensors file. */
  readonly weights: Uint8Array;
}

/** LoRA adapters on the devices. */
export interface AdapterControl {
  /** Reads and checks one for the weights that serve, of a folder or of the hub. @throws StartupError in a sentence */
  read(path: string): Promise<LoraWeights>;
  /** Keeps one that was sent in a folder of its own. @throws StartupError */
  keep(sent: SentAdapter): Promise<string>;
  /** Removes that folder. */
  discard(folder: string): Promise<void>;
  /** Every device has it from here on, those that come later too. */
  attach(id: LoraId, weights: LoraWeights): void;
  /** No request has it any more. */
  detach(id: LoraId): void;
}

/** `--enable-fault-injection`: breaks a thread from outside, so that recovery can be tested. */
export interface DeviceControl {
  /** @returns false when there is no such device. */
  failDevice(rank: number, how: FaultKind): boolean;
  /** The thread loops from now on. */
  hangActor(name: ActorName): void;
}

/** Threads without native code. */
export const ACTOR_NAMES = ['scheduler', 'cache'] as const;
export type ActorName = (typeof ACTOR_NAMES)[number];

export const FAULT_KINDS = ['exit', 'throw', 'heap_oom', 'hang'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

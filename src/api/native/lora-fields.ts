import { refuse } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';

/** The LoRA adapter of each prompt, by name: `lora_path` is one for all of them, or a list. @throws RequestError */
export function parseLoraPaths(
  read: FieldReader,
  numPrompts: number,
  isEnabled: boolean,
): readonly (string | null)[] {
  const value = read.raw('lora_path');
  const given: readonly unknown[] = Array.isArray(value)
    ? value
    : Array.from({ length: numPrompts }, () => value);
  const names = given.map((name) => nameOf(name, isEnabled));
  if (names.length === numPrompts) return names;
  // A list for a single prompt is one with its only entry; none at all asks for nothing.
  if (names.every((name) => name === null)) return Array.from({ length: numPrompts }, () => null);
  return refuse('The length of lora_path should be equal to the batch size.');
}

/** An empty name is none. */
function nameOf(name: unknown, isEnabled: boolean): string | null {
  if (name === null || name === undefined || name === '') return null;
  if (typeof name !== 'string') return refuse('lora_path should be a list or a string.');
  if (isEnabled) return name;
  return refuse(
    `LoRA adapter '${name}' was requested, but LoRA is not enabled. Please launch the server with --enable-lora flag and preload adapters using --lora-paths or /load_lora_adapter endpoint.`,
  );
}

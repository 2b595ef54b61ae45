import type { ModelPlan } from '../plan/network.js';
import type { Checkpoint, CheckpointTensor } from '../source/checkpoint.js';
import { aliased } from './aliases.js';

/** Where the text model of a checkpoint of several lies, and where it lies when it is alone. */
const PLACES: readonly (readonly [from: string, to: string])[] = [
  ['language_model.model.', 'model.'],
  ['model.language_model.', 'model.'],
  ['language_model.lm_head.', 'lm_head.'],
];

/** transformers 4 puts it into this name of Gemma 3n's too, where it saves the text model alone. */
const TWICE = ['_model.language_model_', '_model_'] as const;

/** The checkpoint with its text model's tensors under the names that they have alone. */
export function withTextPart(checkpoint: Checkpoint, { embedding, head }: ModelPlan): Checkpoint {
  const { tensors, ...rest } = aliased(checkpoint, textName);
  const table = tensors.get(embedding.checkpoint);
  const heads = head.parts.flatMap(({ weight }): [string, CheckpointTensor][] =>
    table === undefined || tensors.has(weight) ? [] : [[weight, table]],
  );
  return { ...rest, tensors: new Map([...tensors, ...heads]) };
}

/** What a tensor of a text model is called where it is alone. */
export function textName(name: string): string {
  const [from, to] = PLACES.find(([place]) => name.startsWith(place)) ?? ['', ''];
  return to + name.slice(from.length).replace(...TWICE);
}

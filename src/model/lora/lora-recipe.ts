import type { LoraSite } from '../../core/lora.js';
import type { DecoderModel } from '../families/family.js';
import type { InputStep, OutputStep } from '../quantize/job.js';
import type { LinearSteps } from '../quantize/recipe-steps.js';
import type { CheckpointTensor } from '../source/checkpoint.js';
import { adaptableLinears, loraModules, type LoraModule, TIED_HEAD } from './lora-modules.js';

/** How adapters of a model are read; plain data. */
export interface LoraRecipe {
  readonly sites: readonly SiteRecipe[];
  readonly modules: ReadonlyMap<string, LoraModule>;
  /** What stands before the names of all modules but the head; models are saved without it too. */
  readonly trunk: string;
  /** The table and the head as the checkpoint has them, by their paths: adapters come with copies of them. */
  readonly copied: ReadonlyMap<string, CheckpointTensor>;
}

/** What was done to the weights of a linear, and is to be done to A and B beside it. */
export interface SiteRecipe extends LoraSite {
  /** Rows of its parts. */
  readonly partWidths: readonly number[];
  /** Of rows of A. */
  readonly inputStep: InputStep | null;
  /** Of columns of B. */
  readonly outputStep: OutputStep | null;
}

/** @param steps of the linears by name; those that are not there were left as they are */
export function loraRecipe(
  model: DecoderModel,
  sites: readonly LoraSite[],
  steps: ReadonlyMap<string, LinearSteps>,
  tensors: ReadonlyMap<string, CheckpointTensor>,
): LoraRecipe {
  const { embedding } = model.plan;
  const { checkpoint } = embedding;
  const linears = new Map(adaptableLinears(model).map((linear) => [linear.name, linear]));
  return {
    modules: loraModules(model),
    trunk: checkpoint.slice(0, checkpoint.indexOf('.') + 1),
    copied: copiedTensors(model, tensors),
    sites: sites.map((site) => {
      const {
        inputStep = null,
        outputStep = null,
        inputHadamard = null,
      } = steps.get(site.name) ?? {};
      const partWidths = linears.get(site.name)?.parts.map(({ out }) => out) ?? [site.out];
      // What a linear mixes when it runs reaches A as it was before.
      const ofA = inputHadamard === null ? inputStep : null;
      return { ...site, partWidths, inputStep: ofA, outputStep };
    }),
  };
}

/** By what an adapter calls them, weights and biases. */
function copiedTensors(
  { plan: { embedding, head } }: DecoderModel,
  tensors: ReadonlyMap<string, CheckpointTensor>,
): ReadonlyMap<string, CheckpointTensor> {
  const [part] = head.parts;
  const isTied = part?.weight === embedding.checkpoint;
  const names: readonly (readonly [string, string | null | undefined])[] = [
    [embedding.checkpoint, embedding.checkpoint],
    [isTied ? `${TIED_HEAD}.weight` : (part?.weight ?? ''), part?.weight],
    [part?.bias ?? '', part?.bias],
  ];
  return new Map(
    names.flatMap(([name, stored]) => {
      const tensor = tensors.get(stored ?? '');
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
}

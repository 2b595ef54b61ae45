import type { LoraSite } from '../../core/lora.js';
import type { DecoderModel } from '../families/family.js';
import type { InputStep, OutputStep } from '../quantize/job.js';
import type { LinearSteps } from '../quantize/recipe-steps.js';
import { adaptableLinears, loraModules, type LoraModule } from './lora-modules.js';

/** How adapters of a model are read; plain data. */
export interface LoraRecipe {
  readonly sites: readonly SiteRecipe[];
  readonly modules: ReadonlyMap<string, LoraModule>;
  /** What stands before the names of all modules but the head; models are saved without it too. */
  readonly trunk: string;
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
): LoraRecipe {
  const { checkpoint } = model.plan.embedding;
  const linears = new Map(adaptableLinears(model).map((linear) => [linear.name, linear]));
  return {
    modules: loraModules(model),
    trunk: checkpoint.slice(0, checkpoint.indexOf('.') + 1),
    sites: sites.map((site) => {
      const {
        inputStep = null,
        outputStep = null,
        inputHadamard = null,
      } = steps.get(site.name) ?? {};
      const partWidths = linears.get(site.name)?.parts.map(({ out }) => out) ?? [];
      // What a linear mixes when it runs reaches A as it was before.
      const ofA = inputHadamard === null ? inputStep : null;
      return { ...site, partWidths, inputStep: ofA, outputStep };
    }),
  };
}

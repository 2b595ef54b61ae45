import type { LoraSite } from '../../core/lora.js';
import type { DecoderModel } from '../families/family.js';
import { ModelLoadError } from '../load-error.js';
import { adaptableLinears, loraModules, moduleName } from './lora-modules.js';

/** What `--lora-target-modules` says: names of modules, or all that there are. */
export type LoraTargets = readonly string[] | 'all';

/** The linears that have a place for adapters, in the order of the network. @throws ModelLoadError for a name that no module has */
export function loraSites(model: DecoderModel, targets: LoraTargets): readonly LoraSite[] {
  const modules = [...loraModules(model).values()];
  if (targets !== 'all')
    requireNames(targets, new Set(modules.map(({ path }) => moduleName(path))));
  const meant = new Set(
    modules
      .filter(({ path }) => targets === 'all' || targets.includes(moduleName(path)))
      .flatMap(({ parts }) => parts.map(({ linear }) => linear)),
  );
  const { name, shape } = model.plan.embedding;
  const [width = 0, out = 0] = shape;
  const table: LoraSite = { name, in: width, out, numParts: 1, isTable: true };
  const linears = adaptableLinears(model).map((linear) => ({
    name: linear.name,
    in: linear.in,
    out: linear.out,
    numParts: linear.parts.length,
  }));
  return [table, ...linears].filter((site) => meant.has(site.name));
}

function requireNames(targets: readonly string[], known: ReadonlySet<string>): void {
  const unknown = targets.find((name) => !known.has(name));
  if (unknown === undefined) return;
  // Names of views are the plan's own, and have spaces.
  const names = [...known].filter((name) => !name.includes(' ')).sort();
  throw new ModelLoadError(
    'bad_option',
    `--lora-target-modules: this model has no linear layer '${unknown}' that takes adapters; it has ${names.join(', ')}.`,
  );
}

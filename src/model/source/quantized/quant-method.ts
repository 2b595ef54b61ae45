import type { ConfigFields } from '../../families/config-fields.js';
import type { CheckpointTensor } from '../checkpoint.js';

/** A way of storing quantised weights, as `quantization_config.quant_method` names it. */
export interface QuantMethod {
  readonly name: string;
  /**
   * What the config says, as what to do with the tensors of each of `modules`. @throws ModelConfigError where it says
   * something that cannot be read
   */
  readonly open: (config: ConfigFields, modules: readonly string[]) => QuantScheme;
  /** What ends a module's name where its weight has parts of its own, e.g. `.weight.` of `up_proj.weight.absmax`. */
  readonly weightSuffix?: string;
}

/** The tensors of a module that this method made; null = they are not of it, and stay as they are. */
export type QuantScheme = (module: StoredModule) => ModuleTensors | null;

/** The tensors of one module, e.g. of `model.layers.0.mlp.up_proj`, by what their names end in, e.g. `qweight`. */
export interface StoredModule {
  readonly name: string;
  readonly parts: ReadonlyMap<string, CheckpointTensor>;
}

/** What takes their place, by its endings: `weight`, and `bias` where there is one. */
export type ModuleTensors = ReadonlyMap<string, CheckpointTensor>;

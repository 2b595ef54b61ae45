import type { ConfigFields } from './config-fields.js';

/** What mixes the tokens of a layer. */
export type LayerType = 'attention' | 'recurrent';

/**
 * By layer: `layer_types` says it in the words of `names`; without that list `isAttention` does, which is asked with the
 * layer's index. At least one layer attends: the length of a sequence is that of its keys.
 */
export function mixersByLayer(
  fields: ConfigFields,
  names: Readonly<Record<string, LayerType>>,
  isAttention: (layer: number) => boolean,
): readonly LayerType[] {
  const numLayers = fields.numLayers();
  const given = fields.texts('layer_types');
  const types =
    given.length === 0
      ? Array.from({ length: numLayers }, (_, layer) =>
          isAttention(layer) ? 'attention' : 'recurrent',
        )
      : given.flatMap((name) => (Object.hasOwn(names, name) ? (names[name] ?? []) : []));
  if (types.length !== numLayers || !types.includes('attention')) {
    const words = Object.keys(names)
      .map((name) => `"${name}"`)
      .join(', ');
    fields.fail('layer_types', `one of ${words} for each layer, attention at least once`);
  }
  return types;
}

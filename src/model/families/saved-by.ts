import type { ConfigFields } from './config-fields.js';

/**
 * Whether transformers saved it with version 5 or later. Some classes compute otherwise there than in version 4: then a
 * checkpoint means what the version computes that it is of.
 */
export function isOfVersion5(fields: ConfigFields): boolean {
  const version = Number.parseInt(fields.text('transformers_version', ''), 10);
  return Number.isNaN(version) ? fields.has('rope_parameters') : version >= 5;
}

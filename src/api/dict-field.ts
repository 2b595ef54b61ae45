import { checkDescribed, describeInside, type ObjectAccess } from '../http/described.js';
import type { FieldKind } from '../http/fields.js';
import { Dict, type Value } from '../text/jinja/values.js';

/**
 * A field of a lossless body, which its description must have: absent and null are the same. The twin of `fieldOf`.
 * @throws Error where the dict is described and the description knows no such field of this kind
 */
export function dictField(dict: Dict, name: string, kind: FieldKind = 'raw'): Value {
  const known = checkDescribed(dict, name, kind);
  const value = dict.get(name) ?? null;
  if (known !== undefined && known.inside !== null) describeInside(value, known.inside, DICTS);
  return value;
}

const DICTS: ObjectAccess<Dict> = {
  isObject: (value) => value instanceof Dict,
  read: (dict, name) => dict.get(name) ?? null,
};

import { refuse } from '../../core/errors.js';
import { Dict, isList, type Value } from '../../text/jinja/values.js';
import type { Part } from './part.js';

interface RefusedField {
  readonly why: string;
  /** Values that ask for nothing more. */
  readonly harmless?: readonly string[];
}

/** Fields that ask for what only Anthropic's own service has. */
export const REFUSED: Readonly<Record<string, RefusedField>> = {
  container: { why: 'no code is run here' },
  mcp_servers: { why: 'this server calls no others: give their tools in `tools`' },
  compaction: { why: 'conversations are never rewritten here' },
  speed: { why: 'there is one speed', harmless: ['standard'] },
  inference_geo: { why: 'this server cannot vouch for where it runs', harmless: ['global'] },
};

/** What this server cannot do is an error, never silently left out. @throws RequestError */
export function checkRefusedFields(body: Part): void {
  for (const [name, { why, harmless = [] }] of Object.entries(REFUSED)) {
    const value = body.value(name);
    if (isGiven(value) && !harmless.some((one) => one === value))
      refuse(`${name}: not supported: ${why}`);
  }
}

/** Null, false, "" and what is empty ask for nothing. */
function isGiven(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  return value instanceof Dict ? value.size > 0 : value !== null && value !== false && value !== '';
}

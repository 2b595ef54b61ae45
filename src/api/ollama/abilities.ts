import type { ServedModel } from '../../engine/served-model.js';
import { walkNodes } from '../../text/jinja/ast.js';
import { refuseAbility } from './model-name.js';

/** What the served model can do, in Ollama's words. */
export interface Abilities {
  /** It answers with text. */
  readonly completion: boolean;
  /** Its template shows tools to it. */
  readonly tools: boolean;
  readonly thinking: boolean;
  /** It answers with vectors. */
  readonly embedding: boolean;
}

export function abilitiesOf({ spec, chatTemplate, parsers }: ServedModel): Abilities {
  const completion = spec.embedding === null;
  return {
    completion,
    tools: completion && chatTemplate !== null && namesTools(chatTemplate.program),
    thinking: completion && parsers.reasoning !== null,
    embedding: spec.embedding?.kind === 'embedding',
  };
}

/** `capabilities` of `/api/show`. */
export function abilityNames(abilities: Abilities): readonly string[] {
  return Object.entries(abilities).flatMap(([name, has]) => (has === true ? [name] : []));
}

/** @throws RequestError on a server whose model does not generate */
export function checkGenerates(name: string, { completion }: Abilities, what: string): void {
  if (!completion) refuseAbility(name, what);
}

function namesTools(program: unknown): boolean {
  for (const node of walkNodes(program)) {
    if (node.kind === 'name' && node.name === 'tools') return true;
  }
  return false;
}

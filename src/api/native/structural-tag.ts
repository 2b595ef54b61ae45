import { refuse } from '../../core/errors.js';
import type { GrammarSpec, Structure } from '../../core/grammar.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';

const MAX_STRUCTURES = 256;

/**
 * `structural_tag`: `{"structures": [{"begin", "schema", "end"}], "triggers": […]}`, or XGrammar's newer
 * `{"format": {"type": "triggered_tags", …}}` with a JSON schema in each tag. @throws RequestError
 */
export function parseStructuralTag(text: string): GrammarSpec {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(
      `structural_tag is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!isObject(value)) return refuse('structural_tag must be a JSON object.');
  const format = fieldOf(value, 'format');
  return isObject(format) ? fromFormat(format) : fromLegacy(value);
}

function fromLegacy(value: JsonObject): GrammarSpec {
  return {
    kind: 'structural',
    structures: listOf(value, 'structures').map((structure) =>
      structureOf(structure, fieldOf(structure, 'schema')),
    ),
    triggers: stringsOf(value, 'triggers'),
    atLeastOne: false,
    stopAfterFirst: false,
  };
}

function fromFormat(format: JsonObject): GrammarSpec {
  const type = fieldOf(format, 'type');
  const isTriggered = type === 'triggered_tags';
  if (!isTriggered && type !== 'tag') {
    refuse(`structural_tag: the format ${JSON.stringify(type)} is not supported.`);
  }
  const tags = isTriggered ? listOf(format, 'tags') : [format];
  return {
    kind: 'structural',
    structures: tags.map((tag) => structureOf(tag, schemaOf(fieldOf(tag, 'content')))),
    triggers: isTriggered ? stringsOf(format, 'triggers') : [],
    atLeastOne: !isTriggered || fieldOf(format, 'at_least_one') === true,
    stopAfterFirst: !isTriggered || fieldOf(format, 'stop_after_first') === true,
  };
}

function schemaOf(content: unknown): unknown {
  const type = isObject(content) ? fieldOf(content, 'type') : null;
  if (!isObject(content) || type !== 'json_schema') {
    return refuse(`structural_tag: the content ${JSON.stringify(type)} is not supported.`);
  }
  return fieldOf(content, 'json_schema');
}

function structureOf(structure: JsonObject, schema: unknown): Structure {
  const begin = fieldOf(structure, 'begin');
  const end = fieldOf(structure, 'end');
  if (typeof begin !== 'string' || begin === '') {
    return refuse('structural_tag: begin must be a text.');
  }
  if (typeof end !== 'string') return refuse('structural_tag: end must be a text.');
  if (schema === null) refuse('structural_tag: a structure has no schema.');
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  return { begin, schema: text, end };
}

function listOf(value: JsonObject, name: string): readonly JsonObject[] {
  const list = fieldOf(value, name);
  if (!Array.isArray(list) || !list.every(isObject) || list.length === 0) {
    return refuse(`structural_tag: ${name} must be a list of objects.`);
  }
  if (list.length > MAX_STRUCTURES) {
    refuse(`structural_tag: ${name} must have at most ${MAX_STRUCTURES} entries.`);
  }
  return list;
}

function stringsOf(value: JsonObject, name: string): readonly string[] {
  const list: unknown = fieldOf(value, name);
  const isTexts = Array.isArray(list) && list.every((item) => typeof item === 'string');
  if (!isTexts || list.length === 0)
    return refuse(`structural_tag: ${name} must be a list of texts.`);
  if (list.length > MAX_STRUCTURES) {
    refuse(`structural_tag: ${name} must have at most ${MAX_STRUCTURES} entries.`);
  }
  return list;
}

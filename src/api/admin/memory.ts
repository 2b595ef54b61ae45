import { RequestError, refuse } from '../../core/errors.js';
import { MEMORY_TAGS, type MemoryControl, type MemoryTag } from '../../engine/control.js';
import { FieldReader, preview } from '../../http/field-reader.js';
import { jsonResponse } from '../../http/http.js';
import { parseOptionalObject } from '../../http/json.js';
import type { Handler, Route } from '../../http/router.js';
import { MEMORY_FIELDS } from './fields.js';

/** A tag of SGLang's for what this server does not have. */
const CUDA_GRAPH = 'cuda_graph';

export interface MemoryRouteDeps {
  readonly control: MemoryControl;
  /** `--enable-memory-saver` */
  readonly isEnabled: boolean;
}

/** `/release_memory_occupation` and `/resume_memory_occupation`. */
export function createMemoryRoutes(deps: MemoryRouteDeps): readonly Route[] {
  const { control } = deps;
  const route = (
    path: string,
    act: (tags: readonly MemoryTag[]) => Promise<string | null>,
  ): Route => ({
    methods: ['GET', 'POST'],
    path,
    access: 'admin',
    handler: handlerOf(path, act, deps),
  });
  return [
    route('/release_memory_occupation', (tags) => control.release(tags)),
    route('/resume_memory_occupation', (tags) => control.resume(tags)),
  ];
}

function handlerOf(
  path: string,
  act: (tags: readonly MemoryTag[]) => Promise<string | null>,
  { isEnabled }: MemoryRouteDeps,
): Handler {
  return async (request, reply) => {
    const tags = parseTags(
      new FieldReader(parseOptionalObject(await request.readBody(), MEMORY_FIELDS), 'INVALID_JSON'),
    );
    if (!isEnabled) refuse(`${path} needs a server that was launched with --enable-memory-saver.`);
    const failure = await act(tags);
    if (failure !== null) refuse(failure);
    reply.send(jsonResponse(200, null));
  };
}

/** None named = all. */
function parseTags(read: FieldReader): readonly MemoryTag[] {
  const names = read.strings('tags');
  if (names === null || names.length === 0) return MEMORY_TAGS;
  const unknown = names.find((name) => name !== CUDA_GRAPH && !isTag(name));
  if (unknown !== undefined) {
    const known = [...MEMORY_TAGS, CUDA_GRAPH].join(', ');
    throw new RequestError('INVALID_JSON', `tags must be of ${known}, got ${preview(unknown)}.`);
  }
  return names.filter(isTag);
}

function isTag(name: string): name is MemoryTag {
  return MEMORY_TAGS.some((tag) => tag === name);
}

import { lstat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';

import { refuse } from '../../core/errors.js';
import type { Profiler, ProfileOptions } from '../../observability/profiler.js';
import { FieldReader } from '../../http/field-reader.js';
import { plainResponse, type HttpRequest } from '../../http/http.js';
import { parseOptionalObject } from '../../http/json.js';
import type { Handler, Route } from '../../http/router.js';
import { PROFILE_FIELDS } from './fields.js';

/** `/start_profile`, `/stop_profile`. `defaultFolder` is used when the body names none. */
export function createProfileRoutes(profiler: Profiler, defaultFolder: string): readonly Route[] {
  const methods = ['GET', 'POST'] as const;
  return [
    {
      methods,
      path: '/start_profile',
      access: 'admin',
      handler: startHandler(profiler, defaultFolder),
    },
    { methods, path: '/stop_profile', access: 'admin', handler: stopHandler(profiler) },
  ];
}

function startHandler(profiler: Profiler, defaultFolder: string): Handler {
  return async (request, reply) => {
    const options = await readOptions(request, defaultFolder);
    if (profiler.isRunning) refuse('Profiling is already in progress. Call /stop_profile first.');
    try {
      await profiler.start(options);
    } catch (error) {
      refuse(`The profile cannot be written to ${options.folder}: ${String(error)}`);
    }
    reply.send(plainResponse(200, 'Start profiling.\n'));
  };
}

function stopHandler(profiler: Profiler): Handler {
  return async (_, reply) => {
    if (!profiler.isRunning) refuse('Profiling is not in progress. Call /start_profile first.');
    try {
      await profiler.stop();
    } catch (error) {
      refuse(`The profile could not be written: ${String(error)}`);
    }
    reply.send(plainResponse(200, 'Stop profiling. This will take some time.\n'));
  };
}

async function readOptions(request: HttpRequest, defaultFolder: string): Promise<ProfileOptions> {
  const body = request.method === 'POST' ? await request.readBody() : new Uint8Array();
  const read = new FieldReader(parseOptionalObject(body, PROFILE_FIELDS), 'INVALID_JSON');
  const activities = read.strings('activities') ?? ['CPU', 'GPU'];
  const name = read.string('profile_id') ?? String(Date.now());
  const prefix = read.string('profile_prefix');
  return {
    folder: await folderWithin(defaultFolder, read.string('output_dir')),
    id: fileName(prefix === null ? name : `${prefix}-${name}`),
    hasCpu: activities.includes('CPU'),
    numSkipped: atLeast(read, 'start_step', 0) ?? 0,
    numSteps: atLeast(read, 'num_steps', 1),
  };
}

/**
 * The folder that a body names, which must be below `root`: whoever may profile must not write elsewhere, by a link
 * either. @throws RequestError INVALID_REQUEST
 */
async function folderWithin(root: string, name: string | null): Promise<string> {
  if (name === null) return root;
  const folder = resolve(root, name);
  const below = relative(root, folder);
  const isInside = below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below);
  if (!isInside || name.includes('\0')) refuse(`output_dir must be inside ${root}.`);
  let path = root;
  for (const part of below.split(sep).filter((one) => one !== '')) {
    path = join(path, part);
    const found = await lstat(path).catch(() => null);
    if (found?.isSymbolicLink() === true)
      refuse(`output_dir may not lead through a link: ${path}.`);
  }
  return folder;
}

/** No way out of the folder. */
function fileName(id: string): string {
  return id.replaceAll(/[^\w.-]/g, '_').slice(0, 100);
}

function atLeast(read: FieldReader, name: string, min: number): number | null {
  const value = read.integer(name);
  if (value !== null && value < min) refuse(`${name} must be at least ${min}, got ${value}.`);
  return value;
}

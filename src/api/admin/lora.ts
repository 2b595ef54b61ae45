import { AdapterError, type Adapters } from '../../engine/adapters.js';
import type { Fields } from '../../http/fields.js';
import { FieldReader } from '../../http/field-reader.js';
import { jsonResponse, type FullResponse } from '../../http/http.js';
import { parseOptionalObject } from '../../http/json.js';
import type { Route } from '../../http/router.js';
import { LOAD_ADAPTER_FIELDS, SENT_ADAPTER_FIELDS, UNLOAD_ADAPTER_FIELDS } from './fields.js';
import { parseSentAdapter, TENSOR_BODY_BYTES } from './sent-tensors.js';

const LORA_IS_OFF = 'LoRA is not enabled. Please set `--enable-lora` to enable LoRA.';

/** Loads and unloads LoRA adapters; null = LoRA is off. */
export function createLoraRoutes(adapters: Adapters | null): readonly Route[] {
  return [
    route(adapters, {
      path: '/load_lora_adapter',
      fields: LOAD_ADAPTER_FIELDS,
      change: (read, on) => on.load({ ...named(read), path: required(read, 'lora_path') }),
    }),
    route(adapters, {
      path: '/load_lora_adapter_from_tensors',
      fields: SENT_ADAPTER_FIELDS,
      change: (read, on) => on.loadSent(named(read), parseSentAdapter(read)),
      maxBodyBytes: TENSOR_BODY_BYTES,
    }),
    route(adapters, {
      path: '/unload_lora_adapter',
      fields: UNLOAD_ADAPTER_FIELDS,
      change: (read, on) => on.unload(required(read, 'lora_name')),
    }),
  ];
}

interface ChangeShape {
  readonly path: string;
  readonly fields: Fields;
  readonly change: (read: FieldReader, adapters: Adapters) => Promise<void>;
  /** Absent = as everywhere. */
  readonly maxBodyBytes?: number;
}

function route(
  adapters: Adapters | null,
  { path, fields, change, maxBodyBytes }: ChangeShape,
): Route {
  return {
    methods: ['POST'],
    path,
    access: 'admin',
    handler: async (request, reply) => {
      const body = parseOptionalObject(await request.readBody(maxBodyBytes), fields);
      const read = new FieldReader(body, 'INVALID_JSON');
      if (adapters === null) {
        reply.send(refused(LORA_IS_OFF));
        return;
      }
      try {
        await change(read, adapters);
        reply.send(jsonResponse(200, done(adapters)));
      } catch (error) {
        if (!(error instanceof AdapterError)) throw error;
        reply.send(refused(error.message));
      }
    },
  };
}

function named(read: FieldReader): { readonly name: string; readonly pinned: boolean } {
  return { name: required(read, 'lora_name'), pinned: read.boolean('pinned') ?? false };
}

function required(read: FieldReader, name: string): string {
  const value = read.string(name);
  if (value === null || value === '')
    throw new AdapterError(`${name} must be a string that is not empty.`);
  return value;
}

function done({ loaded }: Adapters): unknown {
  const paths = Object.fromEntries(loaded.map(({ name, path }) => [name, path]));
  return { success: true, error_message: null, loaded_adapters: paths };
}

function refused(message: string): FullResponse {
  return jsonResponse(400, { success: false, error_message: message, loaded_adapters: null });
}

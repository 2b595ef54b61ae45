import { RequestError } from '../../core/errors.js';
import type { WeightControl, WeightOutcome, WeightOrigin } from '../../engine/control.js';
import type { Engine } from '../../engine/engine.js';
import type { Fields } from '../../http/fields.js';
import { FieldReader } from '../../http/field-reader.js';
import { jsonResponse, type HttpRequest } from '../../http/http.js';
import { parseOptionalObject } from '../../http/json.js';
import type { Handler, Route } from '../../http/router.js';
import type { ServedWeights } from '../../engine/served-weights.js';
import { parseSentTensors, TENSOR_BODY_BYTES } from './sent-tensors.js';
import { DISK_FIELDS, TENSOR_FIELDS, VERSION_FIELDS, WEIGHT_FIELDS } from './fields.js';

export interface WeightRouteDeps {
  readonly engine: Engine;
  readonly control: WeightControl;
  readonly weights: ServedWeights;
  readonly dpSize: number;
  /** Releases of 2026 took the version's own routes away. */
  readonly hasVersionRoutes: boolean;
}

const ROWS_DEFAULT = 100;

/** Live weights. */
export function createWeightRoutes(deps: WeightRouteDeps): readonly Route[] {
  const { control } = deps;
  return [
    {
      methods: ['POST'],
      path: '/update_weights',
      access: 'admin',
      handler: updateHandler(control, { fields: DISK_FIELDS, render: twoKeys }),
    },
    {
      methods: ['POST'],
      path: '/update_weights_from_disk',
      access: 'admin',
      handler: updateHandler(control, {
        fields: DISK_FIELDS,
        render: (outcome) => threeKeys(outcome, deps.dpSize),
      }),
    },
    {
      methods: ['POST'],
      path: '/update_weights_from_tensor',
      access: 'admin',
      handler: updateHandler(control, {
        fields: TENSOR_FIELDS,
        parseSource: parseSentTensors,
        render: twoKeys,
        maxBodyBytes: TENSOR_BODY_BYTES,
      }),
    },
    { methods: ['GET'], path: '/get_weight_version', access: 'key', handler: versionHandler(deps) },
    { methods: ['GET'], path: '/weight_version', access: 'key', handler: versionHandler(deps) },
    {
      methods: ['POST'],
      path: '/update_weight_version',
      access: 'admin',
      handler: renameHandler(deps),
    },
    {
      methods: ['GET', 'POST'],
      path: '/get_weights_by_name',
      access: 'admin',
      handler: readHandler(deps),
    },
  ];
}

/** 2024's body. */
function twoKeys({ success, message }: WeightOutcome): unknown {
  return { success, message };
}

/** Nothing is ever paused: a request goes on with the weights it began on. */
function threeKeys({ success, message }: WeightOutcome, dpSize: number): unknown {
  const numPaused = dpSize > 1 ? new Array<number>(dpSize).fill(0) : 0;
  return { success, message, num_paused_requests: numPaused };
}

interface UpdateShape {
  readonly fields: Fields;
  readonly parseSource?: (read: FieldReader) => WeightOrigin;
  readonly render: (outcome: WeightOutcome) => unknown;
  /** Absent = as everywhere. */
  readonly maxBodyBytes?: number;
}

function updateHandler(
  control: WeightControl,
  { fields, parseSource = parseDisk, render, maxBodyBytes }: UpdateShape,
): Handler {
  return async (request, reply) => {
    const body = parseOptionalObject(await request.readBody(maxBodyBytes), fields);
    const read = new FieldReader(body, 'INVALID_JSON');
    const outcome = await control.update({
      source: parseSource(read),
      abortAllRequests: read.boolean('abort_all_requests') ?? false,
      weightVersion: read.string('weight_version'),
    });
    reply.send(jsonResponse(outcome.success ? 200 : 400, render(outcome)));
  };
}

function parseDisk(read: FieldReader): WeightOrigin {
  return {
    kind: 'disk',
    modelPath: required(read, 'model_path'),
    loadFormat: read.string('load_format'),
  };
}

function versionHandler({ weights, hasVersionRoutes }: WeightRouteDeps): Handler {
  const message =
    "Endpoint '/get_weight_version' or '/weight_version' is deprecated. Please use '/model_info' instead.";
  return (_, reply) => {
    if (hasVersionRoutes) reply.send(jsonResponse(200, { weight_version: weights.version }));
    else reply.send(jsonResponse(404, { error: { message } }));
  };
}

function renameHandler({ engine, weights }: WeightRouteDeps): Handler {
  return async (request, reply) => {
    const read = await fieldsOf(request, VERSION_FIELDS);
    const version = required(read, 'new_version');
    if (read.boolean('abort_all_requests') ?? true) engine.abortScheduled();
    weights.rename(version);
    const message = `Weight version updated to ${version}`;
    reply.send(jsonResponse(200, { success: true, message, new_version: version }));
  };
}

function readHandler({ control, dpSize }: WeightRouteDeps): Handler {
  return async (request, reply) => {
    const read = await fieldsOf(request, WEIGHT_FIELDS);
    const name = read.string('name') ?? request.query.get('name') ?? required(read, 'name');
    const maxRows = read.integer('truncate_size') ?? ROWS_DEFAULT;
    const values = control.read(name, Math.max(0, maxRows));
    if (values === null) throw new RequestError('INVALID_REQUEST', 'Get parameter by name failed');
    const ofRanks = dpSize > 1 ? new Array<unknown>(dpSize).fill(values) : values;
    reply.send(jsonResponse(200, ofRanks));
  };
}

async function fieldsOf(request: HttpRequest, fields: Fields): Promise<FieldReader> {
  return new FieldReader(parseOptionalObject(await request.readBody(), fields), 'INVALID_JSON');
}

function required(read: FieldReader, name: string): string {
  const value = read.string(name);
  if (value === null) throw new RequestError('INVALID_JSON', `${name} is required.`);
  return value;
}

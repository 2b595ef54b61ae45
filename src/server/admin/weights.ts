import { RequestError } from '../../core/errors.js';
import type { Engine } from '../engine.js';
import { FieldReader } from '../field-reader.js';
import { jsonResponse, type HttpRequest } from '../http.js';
import { parseJsonObject, type JsonObject } from '../json.js';
import type { Handler, Route } from '../router.js';
import type { ServedWeights } from '../served-weights.js';
import type { WeightControl, WeightOutcome, WeightUpdate } from './weight-control.js';

export interface WeightRouteDeps {
  readonly engine: Engine;
  readonly control: WeightControl;
  readonly weights: ServedWeights;
  readonly dpSize: number;
  /** Releases of 2026 took the version's own routes away. */
  readonly hasVersionRoutes: boolean;
}

const ROWS_DEFAULT = 100;

/** Live weights (sglang-wire §1.4). */
export function createWeightRoutes(deps: WeightRouteDeps): readonly Route[] {
  const { control } = deps;
  return [
    { methods: ['POST'], path: '/update_weights', handler: updateHandler(control, twoKeys) },
    {
      methods: ['POST'],
      path: '/update_weights_from_disk',
      handler: updateHandler(control, (outcome) => threeKeys(outcome, deps.dpSize)),
    },
    { methods: ['GET'], path: '/get_weight_version', handler: versionHandler(deps) },
    { methods: ['GET'], path: '/weight_version', handler: versionHandler(deps) },
    { methods: ['POST'], path: '/update_weight_version', handler: renameHandler(deps) },
    { methods: ['GET', 'POST'], path: '/get_weights_by_name', handler: readHandler(deps) },
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

function updateHandler(
  control: WeightControl,
  render: (outcome: WeightOutcome) => unknown,
): Handler {
  return async (request, reply) => {
    const outcome = await control.update(parseUpdate(await readJson(request)));
    reply.send(jsonResponse(outcome.success ? 200 : 400, render(outcome)));
  };
}

function parseUpdate(body: JsonObject): WeightUpdate {
  const read = new FieldReader(body, 'INVALID_JSON');
  return {
    modelPath: required(read, 'model_path'),
    loadFormat: read.string('load_format'),
    abortAllRequests: read.boolean('abort_all_requests') ?? false,
    weightVersion: read.string('weight_version'),
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
    const read = new FieldReader(await readJson(request), 'INVALID_JSON');
    const version = required(read, 'new_version');
    if (read.boolean('abort_all_requests') ?? true) engine.abortByRid('', true);
    weights.rename(version);
    const message = `Weight version updated to ${version}`;
    reply.send(jsonResponse(200, { success: true, message, new_version: version }));
  };
}

function readHandler({ control, dpSize }: WeightRouteDeps): Handler {
  return async (request, reply) => {
    const read = new FieldReader(await readJson(request), 'INVALID_JSON');
    const name = read.string('name') ?? request.query.get('name') ?? required(read, 'name');
    const maxRows = read.integer('truncate_size') ?? ROWS_DEFAULT;
    const values = await control.read(name, Math.max(0, maxRows));
    if (values === null) throw new RequestError('INVALID_REQUEST', 'Get parameter by name failed');
    const ofRanks = dpSize > 1 ? new Array<unknown>(dpSize).fill(values) : values;
    reply.send(jsonResponse(200, ofRanks));
  };
}

/** An empty body is an object without fields. */
async function readJson(request: HttpRequest): Promise<JsonObject> {
  const body = await request.readBody();
  return body.length === 0 ? {} : parseJsonObject(body);
}

function required(read: FieldReader, name: string): string {
  const value = read.string(name);
  if (value === null) throw new RequestError('INVALID_JSON', `${name} is required.`);
  return value;
}

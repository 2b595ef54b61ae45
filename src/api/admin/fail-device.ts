import { refuse } from '../../core/errors.js';
import { FieldReader } from '../../http/field-reader.js';
import { jsonResponse } from '../../http/http.js';
import { parseJsonObject } from '../../http/json.js';
import { ACTOR_NAMES, FAULT_KINDS, type DeviceControl } from '../../engine/control.js';
import type { Route } from '../../http/router.js';
import { FAIL_DEVICE_FIELDS, HANG_ACTOR_FIELDS } from './fields.js';

/** `--enable-fault-injection`: breaks threads from outside, so that recovery can be tested. */
export function createDebugRoutes(devices: DeviceControl): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: '/debug/fail_device',
      access: 'admin',
      handler: async (request, reply) => {
        const body = parseJsonObject(await request.readBody(), FAIL_DEVICE_FIELDS);
        const read = new FieldReader(body, 'INVALID_REQUEST');
        const rank = read.integer('rank') ?? 0;
        const how = read.string('how') ?? 'exit';
        const kind = FAULT_KINDS.find((known) => known === how);
        if (kind === undefined)
          refuse(`how must be one of ${FAULT_KINDS.join(', ')}, got '${how}'.`);
        else if (!devices.failDevice(rank, kind)) refuse(`There is no device of rank ${rank}.`);
        reply.send(jsonResponse(200, { success: true, rank, how }));
      },
    },
    {
      methods: ['POST'],
      path: '/debug/hang_actor',
      access: 'admin',
      handler: async (request, reply) => {
        const body = parseJsonObject(await request.readBody(), HANG_ACTOR_FIELDS);
        const name = new FieldReader(body, 'INVALID_REQUEST').string('actor');
        const actor = ACTOR_NAMES.find((known) => known === name);
        if (actor === undefined) refuse(`actor must be one of ${ACTOR_NAMES.join(', ')}.`);
        else devices.hangActor(actor);
        reply.send(jsonResponse(200, { success: true, actor }));
      },
    },
  ];
}

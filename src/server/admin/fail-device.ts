import { FieldReader } from '../field-reader.js';
import { jsonResponse } from '../http.js';
import { parseJsonObject } from '../json.js';
import type { Route } from '../router.js';
import { refuse } from '../refuse.js';

export interface DeviceControl {
  /** @returns false when there is no such device. */
  failDevice(rank: number, how: FaultKind): boolean;
}

export type FaultKind = 'exit' | 'throw' | 'heap_oom';

const KINDS: readonly FaultKind[] = ['exit', 'throw', 'heap_oom'];

/** `--enable-fault-injection`: breaks a device from outside, so that recovery can be tested. */
export function createDebugRoutes(devices: DeviceControl): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: '/debug/fail_device',
      handler: async (request, reply) => {
        const body = parseJsonObject(await request.readBody());
        const read = new FieldReader(body, 'INVALID_REQUEST');
        const rank = read.integer('rank') ?? 0;
        const how = read.string('how') ?? 'exit';
        const kind = KINDS.find((known) => known === how);
        if (kind === undefined) refuse(`how must be one of ${KINDS.join(', ')}, got '${how}'.`);
        else if (!devices.failDevice(rank, kind)) refuse(`There is no device of rank ${rank}.`);
        reply.send(jsonResponse(200, { success: true, rank, how }));
      },
    },
  ];
}

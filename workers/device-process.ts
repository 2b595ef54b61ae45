/** Process entry of a device that has a process of its own. */
import { serveParent } from '../src/device/child/device-process.js';
import { startDevice } from '../src/device/pool.js';

serveParent(startDevice);

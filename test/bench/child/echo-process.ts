/** Process entry of the echoing device. */
import { serveParent } from '../../../src/device/child/device-process.js';
import { startEcho } from './echo-device.js';

serveParent(startEcho);

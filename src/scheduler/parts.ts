import type { Clock } from '../core/clock.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import type { Devices } from './devices/devices.js';
import type { ExpertRecording } from './expert-recording.js';
import type { LiveReqs } from './live-reqs.js';
import type { Outbox } from './outbox.js';
import type { Req } from './req.js';
import type { Waiting } from './waiting/waiting.js';

/** All that the scheduler owns, by owner. The acts of this folder each name the few that they take. */
export interface SchedulerParts {
  /** Main may change some of its numbers between two turns. */
  config: SchedulerConfig;
  readonly clock: Clock;
  readonly outbox: Outbox;
  /** Generation requests: each of them waits, or has a seat, or is looked at by main. */
  readonly live: LiveReqs<Req>;
  readonly waiting: Waiting;
  readonly devices: Devices;
  readonly experts: ExpertRecording;
  /** Main hears of every step. */
  profiling: boolean;
  /** No new rows: `/pause_generation`. */
  paused: 'retract' | 'inPlace' | null;
}

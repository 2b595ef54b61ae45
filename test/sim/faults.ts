import type { Dice } from './dice.js';
import type { World } from './world.js';

/** Devices die, come back, and are replaced while they live. */
export class Faults {
  numDeviceDeaths = 0;

  /** `gapMs`: mean time between two of them. */
  constructor(
    private readonly world: World,
    private readonly dice: Dice,
    private readonly gapMs: number,
  ) {}

  /** Goes on until `isOver`. */
  disturb(isOver: () => boolean): void {
    const { world, dice } = this;
    world.loop.after(this.gapMs * (0.1 + 1.8 * dice.random()), () => {
      const alive = world.aliveDevices;
      const device = alive[dice.below(alive.length)];
      if (device !== undefined && dice.chance(0.75)) {
        this.numDeviceDeaths++;
        world.kill(device);
        world.loop.after(dice.random() * 50, () => {
          world.attach(device.rank);
        });
      } else if (device !== undefined) {
        world.attach(device.rank);
      }
      if (!isOver()) this.disturb(isOver);
    });
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Charging, newLedger } from '../../../src/simulator/session.ts';
import { Station } from '../../../src/simulator/station.ts';

/** How long a reset keeps it away (ms). */
const REBOOT_MS = 500;

/** A charge point that accepts a Reset, drops its connection and boots again, as the real ones do. */
export class RebootingStation extends Station {
  readonly charging: Charging;

  constructor(url: string, chargePointId: string) {
    super({
      url,
      chargePointId,
      onCall: (action) => {
        if (action === 'Reset') void this.#reboot();
        return { status: 'Accepted' };
      },
    });
    this.charging = new Charging(this, newLedger(), { idTag: 'TAG1', meterValues: 3 });
  }

  async #reboot(): Promise<void> {
    await sleep(REBOOT_MS);
    this.cut();
    // Whoever stopped it meanwhile does not wait for its boot.
    await this.charging.boot().catch(() => {});
  }
}

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Station } from '../../src/simulator/station.ts';
import { Program } from '../support/program.ts';
import { BrowserNotFoundError, findBrowser, launchBrowser } from './support/browser.ts';
import { RebootingStation } from './support/rebootingStation.ts';
import { DEADLINE_MS, TemporalUi } from './support/temporalUi.ts';

const without = !findBrowser() && !process.env.CI;
if (without) console.warn(`skipped: ${new BrowserNotFoundError().message}`);

const time = expect.stringMatching(/^\d+ \w{3} \d{4} [\d:]{8}$/);

describe.skipIf(without)("somebody who knows Temporal's web UI and nothing else", { timeout: 2 * DEADLINE_MS }, () => {
  let browser: Browser;
  let program: Program;
  let station: RebootingStation;
  let other: Station;
  let ui: TemporalUi;

  beforeAll(async () => {
    browser = await launchBrowser();
    program = await Program.create();
    await program.start();
    station = new RebootingStation(program.url, 'CP1');
    await station.charging.boot();
    other = new Station({ url: program.url, chargePointId: 'CP2' });
    await other.call('BootNotification', { chargePointVendor: 'Other', chargePointModel: 'Two' });
    ui = await TemporalUi.open(browser, program);
  }, 2 * DEADLINE_MS);

  afterAll(async () => {
    station?.stop();
    other?.stop();
    try {
      await browser?.close();
    } finally {
      await program?.dispose();
    }
  });

  it('finds a station by a search attribute', async () => {
    await ui.untilListed(['charge-point/CP1', 'charge-point/CP2']);
    await ui.filter('Vendor="Simulated" AND ExecutionStatus="Running"');
    await ui.untilListed(['charge-point/CP1']);
  });

  it('reads what the station is and how it does', async () => {
    await ui.openWorkflow('charge-point/CP1');
    const { text, rows } = await ui.untilDetails(({ text: seen }) => seen.includes('Available'));
    expect(text).toMatch(/^CP1: online since \d+ \w{3} \d{4} [\d:]{8}$/m);
    expect(text).toMatch(/^Simulated One, firmware 1\.0, registration accepted/m);
    expect(rows).toContainEqual(['Connector', 'Status', 'Error', 'Since']);
    expect(rows).toContainEqual(['1', 'Available', 'NoError', time]);
    expect(text).toContain('To reset the charge point: More Actions, Send a Signal, reset, data {"type":"Soft"}');
  });

  it('resets the station with the form that sends signals, and sees the outcome', async () => {
    await ui.fillInSignal('reset', '{"type":"Hard"}');
    await ui.submitSignal();
    const { text, rows } = await ui.untilDetails(({ rows: seen }) => seen.some(([, state]) => state === 'completed'));
    const outcome = expect.stringMatching(/^Accepted, BootNotification at \d+ \w{3} \d{4} [\d:]{8}$/);
    expect(rows).toContainEqual(['Reset Hard', 'completed', outcome, expect.stringMatching(/signal$/)]);
    expect(text).toMatch(/^CP1: online since/m);
    expect(station.received).toEqual([{ action: 'Reset', payload: { type: 'Hard' } }]);
    expect(station.connects).toBe(2);
  });
});

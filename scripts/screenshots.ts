/** Takes the pictures of the README: Temporal's web UI with three charge points, into docs/images. */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator } from 'playwright-core';
import { Charging, newLedger } from '../src/simulator/session.ts';
import { ocppActors } from '../test/support/cli.ts';
import { Program } from '../test/support/program.ts';
import { launchBrowser } from '../test/ui/support/browser.ts';
import { RebootingStation } from '../test/ui/support/rebootingStation.ts';
import { TemporalUi } from '../test/ui/support/temporalUi.ts';

const images = fileURLToPath(new URL('../docs/images/', import.meta.url));

const browser = await launchBrowser();
try {
  const program = await Program.create({ environment: { UNKNOWN_ID_TAGS: 'accept' } });
  try {
    await program.start();
    await takeAll(browser, program);
  } finally {
    await program.dispose();
  }
} finally {
  await browser.close();
}

async function takeAll(target: Browser, program: Program): Promise<void> {
  await mkdir(images, { recursive: true });
  const [charging, idle, offline] = ['CP1', 'CP2', 'CP3'].map((id) => new RebootingStation(program.url, id)) as [
    RebootingStation,
    RebootingStation,
    RebootingStation,
  ];
  try {
    await charge(charging);
    await idle.charging.boot();
    await idle.charging.transaction();
    await offline.charging.boot();
    offline.stop();
    await ocppActors(program.environment, 'reset', 'CP3', '--type', 'Hard', '--requested-by', 'Ada');
    await take(await TemporalUi.open(target, program));
  } finally {
    for (const station of [charging, idle, offline]) station.stop();
  }
}

/** Two connectors, a transaction that has ended, another one that goes on. */
async function charge(station: RebootingStation): Promise<void> {
  await station.charging.boot();
  await station.charging.transaction();
  const connector = new Charging(station, newLedger(), { idTag: 'TAG2', connectorId: 2 });
  await connector.status('Preparing');
  const now = () => new Date().toISOString();
  const start = { connectorId: 2, idTag: 'TAG2', meterStart: 12_000, timestamp: now() };
  const reply = await station.call('StartTransaction', start);
  if ('error' in reply) throw new Error(`StartTransaction was refused: ${reply.error} ${reply.description}`);
  await connector.status('Charging');
  const { transactionId } = reply.result;
  for (const wh of [12_250, 12_500, 12_750]) {
    const sampledValue = [{ value: String(wh), measurand: 'Energy.Active.Import.Register', unit: 'Wh' }];
    const meterValue = [{ timestamp: now(), sampledValue }];
    await station.call('MeterValues', { connectorId: 2, transactionId, meterValue });
  }
}

async function take(ui: TemporalUi): Promise<void> {
  await ui.page.getByTitle('Collapse Navigation').click();
  await ui.filter('Vendor="Simulated" AND ExecutionStatus="Running"');
  await ui.untilListed(['charge-point/CP1', 'charge-point/CP2', 'charge-point/CP3']);
  await shot(ui, 'stations', ui.page.locator('tbody tr').last());

  await ui.openWorkflow('charge-point/CP1');
  await ui.untilDetails(({ text }) => text.includes('12.75'));
  await shot(ui, 'station', ui.currentDetails);
  await ui.backToList();

  await ui.openWorkflow('charge-point/CP3');
  await ui.untilDetails(({ text }) => text.includes('offline since') && text.includes('queued'));
  await shot(ui, 'queued', ui.currentDetails);
  await ui.backToList();

  await ui.openWorkflow('charge-point/CP2');
  await ui.untilDetails(({ text }) => text.includes('StopTransaction'));
  await ui.fillInSignal('reset', '{"type":"Hard"}');
  await shot(ui, 'signal', ui.signalForm);
  await ui.submitSignal();
  await ui.untilDetails(({ text }) => text.includes('completed'));
  await shot(ui, 'outcome', ui.currentDetails);
}

/** What is in view, down to the end of `last`. */
async function shot({ page }: TemporalUi, name: string, last: Locator): Promise<void> {
  const box = await last.boundingBox();
  const view = page.viewportSize();
  if (!box || !view) throw new Error(`${name}: what the picture is to end with is not on the page`);
  const height = Math.min(Math.ceil(box.y + box.height + 16), view.height);
  const file = path.join(images, `temporal-ui-${name}.png`);
  await page.screenshot({
    path: file,
    clip: { x: 0, y: 0, width: view.width, height },
    animations: 'disabled',
    // Blurred text takes more bytes than sharp text.
    style: 'dialog::backdrop { backdrop-filter: none !important }',
  });
  console.log(`${path.relative(process.cwd(), file)}  ${Math.round((await stat(file)).size / 1024)} KB`);
}

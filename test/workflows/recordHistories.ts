/**
 * Records histories of actors of the whole program into test/histories: `npm run histories -- <scenario>`. Old ones are
 * kept: every change of workflow code has to replay them all. Give a new one a new name.
 */
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { RawValue } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station, type StationOptions } from '../../src/simulator/station.ts';
import { connectTemporal } from '../../src/temporal/connection.ts';
import { ocppActors } from '../support/cli.ts';
import { Program } from '../support/program.ts';
import { startEdgeInParts } from './edgeInParts.ts';

const program = await Program.create();
await program.start();
const connection = await Connection.connect({ address: program.temporalAddress });
const client = new Client({ connection });
const handle = (id: string, runId?: string) => client.workflow.getHandle(`charge-point/${id}`, runId);
const ledger = newLedger();

const scenarios = {
  aDayWithAReset,
  garbage,
  databaseKilled,
  continuedAsNewAndCancelled,
  cancelledWhileBusy,
  cancelledWhileOffered,
  cancelledAndHandedOver,
  approvedThenRetired,
  retiredWhileFollowed,
  askedAgainAndAgain,
  judgedAndBornAgain,
  stepByStep,
};
try {
  const scenario = scenarios[process.argv[2] as keyof typeof scenarios];
  if (!scenario) throw new Error(`which scenario? ${Object.keys(scenarios).join(', ')}`);
  await scenario();
} finally {
  await connection.close();
  await program.dispose();
}

async function aDayWithAReset(): Promise<void> {
  const station = connect('DAY');
  const charging = new Charging(station, ledger, { idTag: 'TAG' });
  await charging.boot();
  await charging.transaction();
  await handle('DAY').signal('reset', { type: 'Hard' });
  await until(() => station.received.length === 1);
  station.cut();
  await charging.boot();
  await commandsEnded('DAY', 1);
  await record('day-with-reset', handle('DAY'));
  station.stop();
}

async function garbage(): Promise<void> {
  const station = connect('GARBAGE');
  await new Charging(station, ledger, { idTag: 'TAG' }).boot();
  await until(() => exists('GARBAGE'));
  const undecodable = RawValue.fromPayload({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from('{{{'),
  });
  await handle('GARBAGE').signal('reset', undecodable);
  await handle('GARBAGE').signal('events', undecodable);
  await handle('GARBAGE').signal('command', 'x');
  await handle('GARBAGE').signal('rest');
  await commandsEnded('GARBAGE', 4);
  await record('garbage-signals', handle('GARBAGE'));
  station.stop();
}

async function databaseKilled(): Promise<void> {
  const station = connect('OUTAGE');
  const charging = new Charging(station, ledger, { idTag: 'TAG' });
  await charging.boot();
  await until(() => exists('OUTAGE'));
  process.kill(await program.embeddedPid('database'), 'SIGKILL');
  await charging.transaction();
  await until(async () => (await events('OUTAGE')).some((name) => name === 'waitForDatabase'));
  await until(async () => !(await handle('OUTAGE').describe()).raw.pendingActivities?.length);
  await charging.transaction();
  await record('database-away', handle('OUTAGE'));
  station.stop();
}

async function continuedAsNewAndCancelled(): Promise<void> {
  const station = connect('BUSY');
  const charging = new Charging(station, ledger, { idTag: 'TAG' });
  await charging.boot();
  await until(() => exists('BUSY'));
  const { runId } = await handle('BUSY').describe();
  await until(async () => {
    await charging.transaction();
    return (await handle('BUSY').describe()).runId !== runId;
  }, 180_000);
  await charging.transaction();
  const second = await handle('BUSY').describe();
  await handle('BUSY').cancel();
  await until(async () => (await handle('BUSY', second.runId).describe()).status.name === 'CANCELLED');
  await record('continued-as-new', handle('BUSY', runId));
  await record('continued-then-cancelled', handle('BUSY', second.runId));
  station.stop();
}

/** The pause that it waits for is interrupted at least once. */
async function cancelledWhileBusy(): Promise<void> {
  const station = connect('PAUSES');
  const charging = new Charging(station, ledger, { idTag: 'TAG' });
  await charging.boot();
  await until(() => exists('PAUSES'));
  const { runId } = await handle('PAUSES').describe();
  await handle('PAUSES').cancel();
  for (let round = 0; round < 20; round++) {
    await handle('PAUSES').signal('command', { action: 'GetConfiguration', payload: {}, commandId: 'once' });
    await sleep(50);
  }
  await until(async () => (await handle('PAUSES', runId).describe()).status.name === 'CANCELLED');
  await record('cancelled-while-busy', handle('PAUSES', runId));
  station.stop();
}

/** The actor has not heard yet of what its edge wrote. */
async function cancelledWhileOffered(): Promise<void> {
  const temporal = await connectTemporal({ address: program.temporalAddress, namespace: 'default' });
  const edge = await startEdgeInParts(temporal);
  await edge.serve();
  const station = await edge.test.connect('/OFFERED');
  await station.call('BootNotification', { chargePointVendor: 'Maker', chargePointModel: 'One' });
  await until(() => exists('OFFERED'));
  await commandsEnded('OFFERED', 0);
  edge.hold(true);
  for (const commandId of ['first', 'second']) {
    await handle('OFFERED').signal('command', { action: 'ClearCache', payload: {}, commandId });
  }
  await station.nextCall();
  await handle('OFFERED').cancel();
  await sleep(1_000);
  edge.hold(false);
  await until(async () => (await handle('OFFERED').describe()).status.name === 'CANCELLED');
  await record('cancelled-while-offered', handle('OFFERED'));
  await edge.close();
  await temporal.connection.close();
}

async function cancelledAndHandedOver(): Promise<void> {
  const station = connect('HANDED');
  await new Charging(station, ledger, { idTag: 'TAG' }).boot();
  await until(() => exists('HANDED'));
  const runId = async () => (await handle('HANDED').describe()).runId;
  const first = await runId();
  await handle('HANDED').cancel();
  const seen = { journal: 1, after: 0, events: [] };
  while ((await runId()) === first) {
    await Promise.all(Array.from({ length: 100 }, () => handle('HANDED').signal('events', seen)));
  }
  await until(async () => (await handle('HANDED').describe()).status.name === 'COMPLETED');
  await record('cancelled-then-continued', handle('HANDED', first));
  await record('continued-then-ended', handle('HANDED'));
  station.stop();
}

async function approvedThenRetired(): Promise<void> {
  const operator = (...args: string[]) => ocppActors(program.environment, ...args);
  await operator('station', 'add', 'NEW', '--pending');
  const station = connect('NEW');
  const charging = new Charging(station, ledger, { idTag: 'TAG' });
  const boot = { chargePointVendor: 'Simulated', chargePointModel: 'One' };
  await station.call('BootNotification', boot);
  await until(async () => (await operator('station', 'accept', 'NEW')).code === 0);
  await until(() => station.received.length === 1);
  await station.call('BootNotification', boot);
  await charging.transaction();
  await operator('command', 'NEW', 'GetConfiguration', '{}');
  await commandsEnded('NEW', 2);
  await operator('station', 'retire', 'NEW');
  await until(async () => (await handle('NEW').describe()).status.name === 'COMPLETED');
  await record('approved-then-retired', handle('NEW'));
  station.stop();
}

/** An installation is followed for an hour; its charge point is retired before. */
async function retiredWhileFollowed(): Promise<void> {
  const station = connect('FOLLOWED', { onCall: () => ({}) });
  await new Charging(station, ledger, { idTag: 'TAG' }).boot();
  await until(() => exists('FOLLOWED'));
  const payload = { location: 'ftp://localhost/', retrieveDate: '2026-01-01T00:00:00Z' };
  await handle('FOLLOWED').signal('command', { action: 'UpdateFirmware', payload, commandId: 'followed' });
  await until(async () => {
    const state = await handle('FOLLOWED').query<{ commands: { state: string }[] } | undefined>('state');
    return state?.commands[0]?.state === 'answered';
  });
  await ocppActors(program.environment, 'station', 'retire', 'FOLLOWED');
  await until(async () => (await handle('FOLLOWED').describe()).status.name === 'COMPLETED');
  await commandsEnded('FOLLOWED', 1);
  await record('retired-while-followed', handle('FOLLOWED'));
  station.stop();
}

/** Inputs that change no row are stored by themselves when there are many. */
async function askedAgainAndAgain(): Promise<void> {
  const station = connect('AGAIN');
  const charging = new Charging(station, ledger, { idTag: 'TAG' });
  await charging.boot();
  await until(() => exists('AGAIN'));
  const command = { action: 'GetConfiguration', payload: {}, commandId: 'once' };
  await handle('AGAIN').signal('command', command);
  await commandsEnded('AGAIN', 1);
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 10 }, () => handle('AGAIN').signal('command', command)));
  }
  await charging.transaction();
  await until(async () => {
    const state = await handle('AGAIN').query<{ transactions: object } | undefined>('state');
    return Object.keys(state?.transactions ?? {}).length === 1;
  });
  await record('asked-again', handle('AGAIN'));
  station.stop();
}

/** Commands that are judged, cancelled, overtaken and followed by others; then the actor is terminated, and looks twice. */
async function judgedAndBornAgain(): Promise<void> {
  const station = connect('JUDGED', {
    onCall: (action) => ({ status: action === 'UnlockConnector' ? 'NotSupported' : 'Accepted' }),
  });
  const charging = new Charging(station, ledger, { idTag: 'TAG' });
  await charging.boot();
  await until(() => exists('JUDGED'));
  const ask = (action: string, payload: object, options?: object) =>
    handle('JUDGED').signal('command', { action, payload, commandId: `${action} 1`, ...(options ? { options } : {}) });
  await ask('RemoteStartTransaction', { idTag: 'NOBODY' });
  await ask('ReserveNow', { connectorId: 1 });
  await ask('UnlockConnector', { connectorId: 1 }, { otherwise: [{ action: 'ClearCache', payload: {} }] });
  await commandsEnded('JUDGED', 4);
  station.close();
  await until(async () => {
    const state = await handle('JUDGED').query<{ chargePoint: { online: boolean } } | undefined>('state');
    return state?.chargePoint.online === false;
  });
  await ask('GetDiagnostics', { location: 'ftp://localhost/' });
  await ask('ClearCache', {});
  await ask('TriggerMessage', { requestedMessage: 'Heartbeat' });
  await handle('JUDGED').executeUpdate('cancelCommand', { args: [{ commandId: 'ClearCache 1' }] });
  await charging.transaction();
  await until(() => station.received.some(({ action }) => action === 'TriggerMessage'));
  await station.call('Heartbeat', {});
  await commandsEnded('JUDGED', 7);
  await record('commands-judged', handle('JUDGED'));
  await handle('JUDGED').terminate('by an operator');
  await charging.transaction();
  await sleep(21_000);
  await charging.transaction();
  await until(async () => {
    const state = await handle('JUDGED').query<{ bornAt?: number; transactions: object } | undefined>('state');
    return state !== undefined && state.bornAt === undefined && Object.keys(state.transactions).length > 0;
  });
  await record('born-again', handle('JUDGED'));
  station.stop();
}

/** Commands that follow each other, also instead of others, at a station that waits to be accepted first. */
async function stepByStep(): Promise<void> {
  const operator = (...args: string[]) => ocppActors(program.environment, ...args);
  await operator('station', 'add', 'STEPS', '--pending');
  const station = connect('STEPS', {
    onCall: (action) => (action === 'GetLocalListVersion' ? { listVersion: 9 } : { status: 'Accepted' }),
  });
  const boot = { chargePointVendor: 'Simulated', chargePointModel: 'One' };
  await station.call('BootNotification', boot);
  await until(() => exists('STEPS'));
  const ask = (commandId: string, action: string, payload: object, options: object = {}) =>
    handle('STEPS').signal('command', { action, payload, commandId, options });
  await ask('stop', 'RemoteStopTransaction', { transactionId: 1 });
  const list = (listVersion: number) => ({ listVersion, updateType: 'Full', localAuthorizationList: [] });
  await ask('list', 'SendLocalList', list(1), {
    next: [{ action: 'GetLocalListVersion', payload: {}, expected: { listVersion: 1 } }],
    otherwise: [
      { action: 'SendLocalList', payload: list(8) },
      { action: 'SendLocalList', payload: list(9) },
    ],
  });
  await commandsEnded('STEPS', 4);
  await until(async () => (await operator('station', 'accept', 'STEPS')).code === 0);
  await until(() => station.received.some(({ action }) => action === 'TriggerMessage'));
  await station.call('BootNotification', boot);
  await until(() => station.received.some(({ action }) => action === 'RemoteStopTransaction'));
  await station.call('StopTransaction', { transactionId: 1, meterStop: 0, timestamp: new Date().toISOString() });
  await ask('start', 'RemoteStartTransaction', { idTag: 'NOBODY', connectorId: 1 }, { grantIdTag: true });
  await until(() => station.received.some(({ action }) => action === 'RemoteStartTransaction'));
  await new Charging(station, ledger, { idTag: 'NOBODY' }).transaction();
  await commandsEnded('STEPS', 7);
  await record('step-by-step', handle('STEPS'));
  station.stop();
}

function connect(chargePointId: string, options: Partial<StationOptions> = {}): Station {
  return new Station({ url: program.url, chargePointId, ...options });
}

async function record(name: string, from: WorkflowHandle): Promise<void> {
  const history = await from.fetchHistory();
  await writeFile(new URL(`../histories/${name}.json.gz`, import.meta.url), gzipSync(historyToJSON(history)));
  console.log(`${name}: ${history.events?.length} events`);
}

async function events(chargePointId: string): Promise<(string | undefined)[]> {
  const history = await handle(chargePointId).fetchHistory();
  return (history.events ?? []).map((e) => e.activityTaskScheduledEventAttributes?.activityType?.name ?? undefined);
}

async function commandsEnded(chargePointId: string, count: number): Promise<void> {
  await until(async () => {
    const state = await handle(chargePointId).query<{ commands: { endedAt: string | null }[] } | undefined>('state');
    return state?.commands.filter((command) => command.endedAt !== null).length === count;
  });
}

async function exists(chargePointId: string): Promise<boolean> {
  return handle(chargePointId)
    .describe()
    .then(
      () => true,
      () => false,
    );
}

async function until(holds: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('what was waited for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

import { afterAll, beforeAll, expect, it } from 'vitest';
import { samples } from '../ocpp/commandSamples.ts';
import { newId, ResetTest } from './support.ts';

let test: ResetTest;
beforeAll(async () => {
  test = await ResetTest.start();
}, 120_000);
afterAll(() => test.dispose());

/** What the station's answer alone makes of a command; those of the second list wait for what the station does next. */
const ENDED: Record<string, string> = { ReserveNow: 'rejected', SendLocalList: 'rejected' };
const AWAITED: Record<string, [action: string, payload: object, state: string]> = {
  ChangeAvailability: [
    'StatusNotification',
    { connectorId: 1, status: 'Unavailable', errorCode: 'NoError' },
    'completed',
  ],
  ExtendedTriggerMessage: ['LogStatusNotification', { status: 'Idle' }, 'completed'],
  GetDiagnostics: ['DiagnosticsStatusNotification', { status: 'UploadFailed' }, 'failed'],
  GetLog: ['LogStatusNotification', { status: 'Uploaded', requestId: 5 }, 'completed'],
  RemoteStartTransaction: [
    'StartTransaction',
    { connectorId: 1, idTag: 'tag', meterStart: 0, timestamp: new Date().toISOString() },
    'completed',
  ],
  RemoteStopTransaction: [
    'StopTransaction',
    { transactionId: 42, meterStop: 1, timestamp: new Date().toISOString() },
    'completed',
  ],
  SignedUpdateFirmware: ['SignedFirmwareStatusNotification', { status: 'InvalidSignature', requestId: 3 }, 'failed'],
  TriggerMessage: ['StatusNotification', { connectorId: 1, status: 'Unavailable', errorCode: 'NoError' }, 'completed'],
  UpdateFirmware: ['FirmwareStatusNotification', { status: 'Installed' }, 'completed'],
};

/** The id tag of a RemoteStartTransaction is not registered. */
function submission(action: string): object {
  const options = action === 'RemoteStartTransaction' ? { options: { grantIdTag: true } } : {};
  return { action, payload: payloadOf(action), requestedBy: 'Ada', ...options };
}

/** No transaction runs that a TxProfile could be for. */
function payloadOf(action: string): object | undefined {
  const payload = samples[action]?.payload;
  if (action !== 'SetChargingProfile') return payload;
  const { transactionId: _, ...profile } = payload!.csChargingProfiles as Record<string, unknown>;
  return { ...payload, csChargingProfiles: { ...profile, chargingProfilePurpose: 'TxDefaultProfile' } };
}

it('every command is sent exactly as asked for, and followed to its outcome', async () => {
  const station = test.station(newId('all'), { onCall: (action) => samples[action]?.answer });
  await station.boot();
  const actor = test.client.workflow.getHandle(`charge-point/${station.chargePointId}`);
  // Reset goes last: what follows it waits for the boot.
  const actions = Object.keys(samples).filter((action) => action !== 'Reset');
  await expect.poll(() => actor.query('state'), { timeout: 20_000 }).toBeTruthy();
  for (const action of actions) {
    await actor.executeUpdate('submit', { args: [submission(action)] });
  }
  const stateBefore = (action: string) => ENDED[action] ?? (AWAITED[action] ? 'answered' : 'completed');
  await test.becomes(
    station.chargePointId,
    actions.map((action) => ({
      action,
      payload: payloadOf(action),
      state: stateBefore(action),
      answer: samples[action]?.answer,
    })),
  );
  // What is urgent may overtake.
  const byAction = (a: { action: string }, b: { action: string }) => (a.action < b.action ? -1 : 1);
  expect(station.received.toSorted(byAction)).toEqual(
    actions.map((action) => ({ action, payload: payloadOf(action) })).toSorted(byAction),
  );

  for (const [action, payload] of Object.values(AWAITED)) await station.call(action, payload);
  await test.becomes(
    station.chargePointId,
    actions.map((action) => ({
      action,
      state: AWAITED[action]?.[2] ?? stateBefore(action),
      outcome: AWAITED[action] ? expect.stringContaining(AWAITED[action][0]) : null,
      ended_at: expect.any(Date),
    })),
  );
});

import { secretRefusal } from '../../src/ocpp/secrets.ts';
import type { Message } from '../events.ts';
import type { Connectors } from '../state/connectors.ts';
import type { CommandRules } from './rules.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Plain extends Omit<CommandRules, 'check' | 'accepted'> {
  action: string;
  /** Statuses by which the station says that it will do it; absent where its answer has none. */
  accepted?: string[];
  /** Why a payload is refused, in words; undefined where it is not. */
  refuse?: (payload: Record<string, unknown>) => string | undefined;
}

/**
 * Commands whose payload is looked at where it is exact: by the API and the command line when it is asked for, and by the
 * edge before it leaves. Here only what an actor has to keep is checked.
 */
export const plainCommands: ReadonlyMap<string, CommandRules> = new Map(
  (
    [
      { action: 'CancelReservation', deadlineMs: HOUR, accepted: ['Accepted'] },
      { action: 'CertificateSigned', deadlineMs: DAY, accepted: ['Accepted'] },
      {
        // Scheduled: when the transaction has ended (§5.2).
        action: 'ChangeAvailability',
        deadlineMs: 7 * DAY,
        accepted: ['Accepted', 'Scheduled'],
        effect: { seenIn: isAvailability, withinMs: DAY },
        doneBefore: wasAvailability,
      },
      {
        action: 'ChangeConfiguration',
        deadlineMs: 7 * DAY,
        accepted: ['Accepted', 'RebootRequired'],
        refuse: secretRefusal,
      },
      { action: 'ClearCache', deadlineMs: DAY, accepted: ['Accepted'] },
      // Unknown: there was none, which is what was wanted.
      { action: 'ClearChargingProfile', deadlineMs: HOUR, accepted: ['Accepted', 'Unknown'] },
      { action: 'DataTransfer', deadlineMs: HOUR, accepted: ['Accepted'] },
      { action: 'DeleteCertificate', deadlineMs: DAY, accepted: ['Accepted'] },
      {
        action: 'ExtendedTriggerMessage',
        deadlineMs: MINUTE,
        accepted: ['Accepted'],
        effect: { seenIn: isTriggered, withinMs: 2 * MINUTE },
      },
      { action: 'GetCompositeSchedule', deadlineMs: HOUR, accepted: ['Accepted'] },
      { action: 'GetConfiguration', deadlineMs: 7 * DAY },
      {
        // Without a file name there is nothing to upload (§5.9).
        action: 'GetDiagnostics',
        deadlineMs: DAY,
        doneBefore: ({ fileName }) => (fileName ? undefined : 'there is nothing to upload'),
        effect: { seenIn: progress('DiagnosticsStatusNotification', 'Uploaded', ['UploadFailed']), withinMs: 4 * HOUR },
      },
      { action: 'GetInstalledCertificateIds', deadlineMs: DAY, accepted: ['Accepted'] },
      { action: 'GetLocalListVersion', deadlineMs: DAY },
      {
        action: 'GetLog',
        deadlineMs: DAY,
        accepted: ['Accepted', 'AcceptedCanceled'],
        effect: {
          seenIn: progress('LogStatusNotification', 'Uploaded', [
            'UploadFailure',
            'BadMessage',
            'NotSupportedOperation',
            'PermissionDenied',
          ]),
          withinMs: 4 * HOUR,
        },
      },
      { action: 'InstallCertificate', deadlineMs: DAY, accepted: ['Accepted'] },
      {
        action: 'RemoteStartTransaction',
        deadlineMs: MINUTE,
        urgency: 1,
        accepted: ['Accepted'],
        notWhilePending: true,
        effect: { seenIn: isStartOf, withinMs: 5 * MINUTE },
      },
      {
        action: 'RemoteStopTransaction',
        deadlineMs: MINUTE,
        urgency: 2,
        accepted: ['Accepted'],
        notWhilePending: true,
        effect: {
          seenIn: ({ action, payload }, { transactionId }) =>
            action === 'StopTransaction' && payload.transactionId === transactionId,
          withinMs: 5 * MINUTE,
        },
      },
      { action: 'ReserveNow', deadlineMs: HOUR, accepted: ['Accepted'] },
      { action: 'SendLocalList', deadlineMs: DAY, accepted: ['Accepted'] },
      { action: 'SetChargingProfile', deadlineMs: HOUR, accepted: ['Accepted'] },
      {
        action: 'SignedUpdateFirmware',
        deadlineMs: 7 * DAY,
        accepted: ['Accepted', 'AcceptedCanceled'],
        effect: {
          seenIn: progress('SignedFirmwareStatusNotification', 'Installed', [
            'InstallationFailed',
            'DownloadFailed',
            'InvalidSignature',
            'InstallVerificationFailed',
          ]),
          withinMs: DAY,
        },
      },
      { action: 'UnlockConnector', deadlineMs: MINUTE, urgency: 2, accepted: ['Unlocked'] },
      {
        action: 'UpdateFirmware',
        deadlineMs: 7 * DAY,
        effect: {
          seenIn: progress('FirmwareStatusNotification', 'Installed', ['InstallationFailed', 'DownloadFailed']),
          withinMs: DAY,
        },
      },
    ] satisfies Plain[]
  ).map(({ action, accepted, refuse, ...rules }: Plain) => [
    action,
    {
      ...rules,
      check: (payload) => checked(action, payload, refuse),
      accepted: ({ status }) => accepted === undefined || accepted.includes(String(status)),
    },
  ]),
);

/** Longest payload (characters of JSON) that an actor keeps: certificates and local lists of some hundred tags fit. */
const LONGEST = 100_000;

function checked(action: string, payload: unknown, refuse: Plain['refuse']): ReturnType<CommandRules['check']> {
  if ((typeof payload !== 'object' && payload !== undefined) || Array.isArray(payload)) {
    return { refusal: `${action} takes an object, not ${JSON.stringify(payload)?.slice(0, 200)}` };
  }
  const given = (payload ?? {}) as Record<string, unknown>;
  if (JSON.stringify(given).length > LONGEST) return { refusal: `a payload of more than ${LONGEST} characters` };
  const refusal = refuse?.(given);
  return refusal === undefined ? { payload: given } : { refusal };
}

function isAvailability({ action, payload: said }: Message, { connectorId, type }: Record<string, unknown>): boolean {
  if (action !== 'StatusNotification' || (connectorId !== 0 && said.connectorId !== connectorId)) return false;
  return (said.status === 'Unavailable') === (type === 'Inoperative');
}

/** Accepted for what it is already, which no StatusNotification follows (§5.2). */
function wasAvailability(
  { status }: Record<string, unknown>,
  { connectorId, type }: Record<string, unknown>,
  connectors: Connectors,
): string | undefined {
  const of = Object.values(connectors).filter((c) =>
    connectorId === 0 ? c.connectorId > 0 : c.connectorId === connectorId,
  );
  const isSo = of.length > 0 && of.every((c) => (c.status === 'Unavailable') === (type === 'Inoperative'));
  return isSo && status === 'Accepted' ? `it was ${String(type)} already` : undefined;
}

function isStartOf({ action, payload: said }: Message, { idTag, connectorId }: Record<string, unknown>): boolean {
  if (action !== 'StartTransaction' || (connectorId !== undefined && said.connectorId !== connectorId)) return false;
  return String(said.idTag).toUpperCase() === String(idTag).toUpperCase();
}

function isTriggered({ action }: Message, { requestedMessage }: Record<string, unknown>): boolean {
  if (requestedMessage === 'SignChargePointCertificate') return action === 'SignCertificate';
  return (
    action === requestedMessage ||
    (requestedMessage === 'FirmwareStatusNotification' && action === `Signed${requestedMessage}`)
  );
}

/** The message that tells how it ended, one way or the other. */
function progress(tells: string, done: string, failed: string[]): NonNullable<CommandRules['effect']>['seenIn'] {
  return ({ action, payload: { status } }) => {
    if (action !== tells) return false;
    return failed.includes(String(status)) ? 'failed' : status === done;
  };
}

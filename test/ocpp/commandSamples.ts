/** A sound payload and answer of every command, for tests of all of them. */
const at = '2026-12-31T22:00:00.000Z';
/** Not over in any year in which the tests run. */
const farOff = '2099-12-31T22:00:00.000Z';
const schedule = {
  chargingRateUnit: 'A',
  chargingSchedulePeriod: [
    { startPeriod: 0, limit: 16 },
    { startPeriod: 3_600, limit: 8.1, numberPhases: 3 },
  ],
};
const profile = {
  chargingProfileId: 1,
  stackLevel: 0,
  chargingProfilePurpose: 'TxProfile',
  chargingProfileKind: 'Absolute',
  chargingSchedule: schedule,
};
const certificateHashData = {
  hashAlgorithm: 'SHA256',
  issuerNameHash: 'a',
  issuerKeyHash: 'b',
  serialNumber: '1',
};
const accepted = { status: 'Accepted' };

interface Sample {
  payload: Record<string, unknown>;
  answer: Record<string, unknown>;
}

export const samples: Record<string, Sample> = {
  CancelReservation: { payload: { reservationId: 7 }, answer: accepted },
  CertificateSigned: { payload: { certificateChain: 'PEM' }, answer: accepted },
  ChangeAvailability: { payload: { connectorId: 0, type: 'Inoperative' }, answer: { status: 'Scheduled' } },
  ChangeConfiguration: { payload: { key: 'HeartbeatInterval', value: '60' }, answer: { status: 'RebootRequired' } },
  ClearCache: { payload: {}, answer: accepted },
  ClearChargingProfile: { payload: { id: 1 }, answer: { status: 'Unknown' } },
  DataTransfer: { payload: { vendorId: 'V', messageId: 'M', data: '{}' }, answer: { ...accepted, data: 'x' } },
  DeleteCertificate: { payload: { certificateHashData }, answer: accepted },
  ExtendedTriggerMessage: { payload: { requestedMessage: 'LogStatusNotification' }, answer: accepted },
  GetCompositeSchedule: {
    payload: { connectorId: 1, duration: 86_400, chargingRateUnit: 'W' },
    answer: { ...accepted, connectorId: 1, scheduleStart: at, chargingSchedule: schedule },
  },
  GetConfiguration: {
    payload: { key: ['HeartbeatInterval'] },
    answer: { configurationKey: [{ key: 'HeartbeatInterval', readonly: false, value: '60' }], unknownKey: ['Odd'] },
  },
  GetDiagnostics: { payload: { location: 'ftp://127.0.0.1/up', startTime: at }, answer: { fileName: 'd.zip' } },
  GetInstalledCertificateIds: {
    payload: { certificateType: 'CentralSystemRootCertificate' },
    answer: { ...accepted, certificateHashData: [certificateHashData] },
  },
  GetLocalListVersion: { payload: {}, answer: { listVersion: -1 } },
  GetLog: {
    payload: { logType: 'SecurityLog', requestId: 5, log: { remoteLocation: 'ftp://127.0.0.1/up' } },
    answer: { ...accepted, filename: 'log.txt' },
  },
  InstallCertificate: {
    payload: { certificateType: 'ManufacturerRootCertificate', certificate: 'PEM' },
    answer: accepted,
  },
  RemoteStartTransaction: { payload: { idTag: 'TAG', connectorId: 1, chargingProfile: profile }, answer: accepted },
  RemoteStopTransaction: { payload: { transactionId: 42 }, answer: accepted },
  ReserveNow: {
    payload: { connectorId: 1, expiryDate: farOff, idTag: 'TAG', reservationId: 7 },
    answer: { status: 'Occupied' },
  },
  Reset: { payload: { type: 'Soft' }, answer: accepted },
  SendLocalList: {
    payload: {
      listVersion: 2,
      updateType: 'Full',
      localAuthorizationList: [{ idTag: 'TAG', idTagInfo: { status: 'Accepted', expiryDate: at } }],
    },
    answer: { status: 'VersionMismatch' },
  },
  SetChargingProfile: {
    payload: { connectorId: 1, csChargingProfiles: { ...profile, transactionId: 42 } },
    answer: accepted,
  },
  SignedUpdateFirmware: {
    payload: {
      requestId: 3,
      firmware: { location: 'https://127.0.0.1/f', retrieveDateTime: at, signingCertificate: 'PEM', signature: 'x' },
    },
    answer: accepted,
  },
  TriggerMessage: { payload: { requestedMessage: 'StatusNotification', connectorId: 1 }, answer: accepted },
  UnlockConnector: { payload: { connectorId: 1 }, answer: { status: 'Unlocked' } },
  UpdateFirmware: { payload: { location: 'https://127.0.0.1/f', retrieveDate: at }, answer: {} },
};

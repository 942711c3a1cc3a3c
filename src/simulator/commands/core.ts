/** Core profile, OCPP 1.6 §5.2 – §5.4, §5.6, §5.8, §5.11, §5.12, §5.14, §5.18 */
import { z } from 'zod';
import type { ChargePoint } from '../chargePoint.ts';
import { chargingProfile, connectorId, idToken, outletId, text } from './fields.ts';
import { CallRefused, handler, status, type CommandHandler, type Taken } from './handler.ts';

export const core: readonly CommandHandler[] = [
  handler(
    'ChangeAvailability',
    z.strictObject({ connectorId, type: z.enum(['Inoperative', 'Operative']) }),
    (chargePoint, { connectorId: id, type }) => {
      // Connector 0 is the charge point with all its connectors.
      const meant = id === 0 ? chargePoint.connectors : chargePoint.connectors.slice(id, id + 1);
      if (meant.length === 0) return status('Rejected');
      const outcomes = meant.map((connector) => chargePoint.changeAvailability(connector, type === 'Operative'));
      return status(outcomes.includes('Scheduled') ? 'Scheduled' : 'Accepted', () => {
        for (const connector of meant) {
          const idle = connector.status === 'Available' || connector.status === 'Unavailable';
          if (idle) chargePoint.setStatus(connector, chargePoint.idleStatus(connector));
        }
      });
    },
  ),
  handler('ChangeConfiguration', z.strictObject({ key: text(50), value: text(500) }), (chargePoint, { key, value }) =>
    status(chargePoint.configuration.change(key, value), () => chargePoint.changed(key, value)),
  ),
  handler('ClearCache', z.strictObject({}), (chargePoint) =>
    status(chargePoint.authorization.clearCache() ? 'Accepted' : 'Rejected'),
  ),
  handler(
    'DataTransfer',
    z.strictObject({ vendorId: text(255), messageId: text(50).optional(), data: z.string().optional() }),
    ({ model }, { vendorId, messageId, data }) => {
      if (vendorId !== model.vendor) return status('UnknownVendorId');
      if (messageId !== 'Echo') return status('UnknownMessageId');
      return { answer: { status: 'Accepted', ...(data === undefined ? {} : { data }) } };
    },
  ),
  handler('GetConfiguration', z.strictObject({ key: z.array(text(50)).optional() }), (chargePoint, { key = [] }) => {
    const most = chargePoint.configuration.number('GetConfigurationMaxKeys');
    if (key.length > most) throw new CallRefused('OccurenceConstraintViolation', `more than ${most} keys`);
    const { configurationKey, unknownKey } = chargePoint.configuration.read(key);
    return { answer: { configurationKey, ...(unknownKey.length > 0 ? { unknownKey } : {}) } };
  }),
  handler(
    'RemoteStartTransaction',
    z.strictObject({ connectorId: outletId.optional(), idTag: idToken, chargingProfile: chargingProfile.optional() }),
    remoteStart,
  ),
  handler('RemoteStopTransaction', z.strictObject({ transactionId: z.int32() }), (chargePoint, { transactionId }) => {
    const session = chargePoint.inTransaction(transactionId)?.session;
    return session ? status('Accepted', () => session.end('Remote')) : status('Rejected');
  }),
  handler('Reset', z.strictObject({ type: z.enum(['Hard', 'Soft']) }), (chargePoint, { type }) =>
    status('Accepted', () => {
      const hard = type === 'Hard';
      chargePoint.restart({ reason: hard ? 'HardReset' : 'SoftReset', drop: hard });
    }),
  ),
  handler('UnlockConnector', z.strictObject({ connectorId: outletId }), (chargePoint, { connectorId: id }) => {
    const connector = chargePoint.connector(id);
    if (!connector) return status('NotSupported');
    return status('Unlocked', () => connector.session?.end('UnlockCommand'));
  }),
];

function remoteStart(
  chargePoint: ChargePoint,
  request: {
    connectorId?: number | undefined;
    idTag: string;
    chargingProfile?: z.infer<typeof chargingProfile> | undefined;
  },
): Taken {
  const { hexTagsOnly, needsConnectorId } = chargePoint.traits;
  if (hexTagsOnly && !/^([0-9A-Fa-f]{2})+$/.test(request.idTag)) return status('Rejected');
  if (needsConnectorId && request.connectorId === undefined) return status('Rejected');
  const profile = request.chargingProfile;
  // OCPP 1.6 §5.16.2: only a TxProfile, and without a transaction id.
  if (profile && (profile.chargingProfilePurpose !== 'TxProfile' || profile.transactionId !== undefined)) {
    return status('Rejected');
  }
  const connector =
    request.connectorId === undefined
      ? chargePoint.outlets.find(({ free, remoteStart: asked }) => free && !asked)
      : chargePoint.connector(request.connectorId);
  const usable = connector?.free || connector?.status === 'Reserved';
  if (!connector || !usable || connector.remoteStart || connector.session || chargePoint.down)
    return status('Rejected');
  return status('Accepted', () => {
    connector.remoteStart = { idTag: request.idTag };
    if (profile) chargePoint.profiles.install(connector.id, profile, chargePoint.time.now());
    connector.nap.wake();
  });
}

/** Reservation profile, OCPP 1.6 §5.1, §5.13 */
import { z } from 'zod';
import { connectorId, idToken, time } from './fields.ts';
import { handler, status, type CommandHandler } from './handler.ts';

export const reservation: readonly CommandHandler[] = [
  handler('CancelReservation', z.strictObject({ reservationId: z.int32() }), (chargePoint, { reservationId }) => {
    const found = chargePoint.reservations.remove(reservationId);
    return found ? status('Accepted', () => chargePoint.release(found.connectorId)) : status('Rejected');
  }),
  handler(
    'ReserveNow',
    z.strictObject({
      connectorId,
      expiryDate: time,
      idTag: idToken,
      parentIdTag: idToken.optional(),
      reservationId: z.int32(),
    }),
    (chargePoint, { connectorId: id, expiryDate, idTag, parentIdTag, reservationId }) => {
      // Connector 0 would need ReserveConnectorZeroSupported.
      const connector = id === 0 ? undefined : chargePoint.connector(id);
      if (!connector) return status('Rejected');
      if (connector.status === 'Faulted') return status('Faulted');
      if (connector.status === 'Unavailable' || chargePoint.down) return status('Unavailable');
      const replaced = chargePoint.reservations.get(reservationId);
      const holder = chargePoint.reservations.on(id);
      const takenByOther = holder !== undefined && holder !== replaced;
      if (takenByOther || (connector.status !== 'Available' && !holder)) return status('Occupied');
      chargePoint.reservations.put({
        reservationId,
        connectorId: id,
        idTag,
        parentIdTag,
        expiry: Date.parse(expiryDate),
      });
      return status('Accepted', () => {
        if (replaced && replaced.connectorId !== id) chargePoint.release(replaced.connectorId);
        chargePoint.setStatus(connector, 'Reserved');
      });
    },
  ),
];

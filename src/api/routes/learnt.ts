import { z } from 'zod';
import { readCertificates, readConfiguration, readReservations } from '../../operators/learnt/read.ts';
import type { ApiParts, App } from '../app.ts';
import { chargePointId, doubts, instant, source } from '../fields.ts';
import { problems } from '../problem.ts';
import { assertKnown } from './chargePoints.ts';

const tags = ['charge points'];
const params = z.object({ id: chargePointId });
const nullableText = z.string().nullable();

const configuration = z
  .object({
    completeAt: instant
      .nullable()
      .describe('When all keys were read last (GetConfiguration without keys); null: never'),
    items: z.array(
      z.object({
        key: z.string(),
        supported: z.boolean().describe('false: the station said that it has no such key'),
        value: nullableText.describe('null: not set, only to be written, or not known'),
        readonly: z.boolean().nullable().describe('null: not known'),
        pending: z
          .object({ value: z.string(), ...source })
          .nullable()
          .describe('What the value will be after the next boot (RebootRequired)'),
        ...source,
        learntAt: instant.describe('When the station said so, or booted with it'),
      }),
    ),
    doubts,
  })
  .meta({ id: 'LearntConfiguration' });

const certificates = z
  .object({
    listed: z
      .array(z.object({ certificateType: z.string(), count: z.int(), ...source }))
      .describe('When it listed its certificates of a type last (GetInstalledCertificateIds), and how many it had'),
    items: z.array(
      z.object({
        certificateType: z.string().describe('ChargePointCertificate: its own, from CertificateSigned'),
        hashData: z
          .object({
            hashAlgorithm: z.string(),
            issuerNameHash: z.string(),
            issuerKeyHash: z.string(),
            serialNumber: z.string(),
          })
          .nullable()
          .describe('For DeleteCertificate; null: installed, and not listed since'),
        serialNumber: nullableText.describe('Hexadecimal, without leading zeros; null: unreadable'),
        subject: nullableText.describe('null: not known, a list has hashes only'),
        validTo: instant.nullable(),
        ...source,
      }),
    ),
    doubts,
  })
  .meta({ id: 'LearntCertificates' });

const reservations = z
  .object({
    items: z.array(
      z.object({
        reservationId: z.int(),
        connectorId: z.int().describe('0: any connector'),
        idTag: z.string(),
        parentIdTag: nullableText,
        expiryDate: instant,
        state: z
          .enum(['active', 'used', 'cancelled', 'expired', 'ended by status', 'unknown to station'])
          .describe(
            'used: by a transaction; ended by status: Faulted or Unavailable; unknown to station: it rejected to cancel it',
          ),
        endedAt: instant.nullable().describe('null: active'),
        transactionId: z.int().nullable().describe('That used it'),
        ...source,
      }),
    ),
    doubts,
  })
  .meta({ id: 'LearntReservations' });

/** What stations have told in their answers to commands. */
export function learntRoutes(app: App, parts: ApiParts): void {
  const { database } = parts;

  app.get(
    '/v1/charge-points/:id/configuration',
    {
      schema: {
        tags,
        operationId: 'getConfiguration',
        summary: 'Its configuration keys, as it told them last',
        description: 'From its answers to GetConfiguration and ChangeConfiguration.',
        params,
        response: { 200: configuration, ...problems },
      },
    },
    async ({ params: { id } }) => {
      await assertKnown(parts, id);
      return readConfiguration(database, id);
    },
  );

  app.get(
    '/v1/charge-points/:id/certificates',
    {
      schema: {
        tags,
        operationId: 'getCertificates',
        summary: 'The certificates installed on it',
        description:
          'From its answers to GetInstalledCertificateIds, InstallCertificate, DeleteCertificate and CertificateSigned.',
        params,
        response: { 200: certificates, ...problems },
      },
    },
    async ({ params: { id } }) => {
      await assertKnown(parts, id);
      return readCertificates(database, id);
    },
  );

  app.get(
    '/v1/charge-points/:id/reservations',
    {
      schema: {
        tags,
        operationId: 'getReservations',
        summary: 'Its reservations: the active ones, then those that ended in the last 7 days',
        description: 'From its answers to ReserveNow and CancelReservation, its transactions and its status.',
        params,
        response: { 200: reservations, ...problems },
      },
    },
    async ({ params: { id } }) => {
      await assertKnown(parts, id);
      return readReservations(database, id);
    },
  );
}

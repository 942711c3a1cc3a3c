import { z } from 'zod';
import {
  readCertificates,
  readChargingProfiles,
  readConfiguration,
  readLocalList,
  readReservations,
} from '../../operators/learnt/read.ts';
import { ID_TAG_STATUSES, idTagText } from '../../operators/idTags.ts';
import { sendLocalList } from '../../operators/localList.ts';
import type { ApiParts, App } from '../app.ts';
import { whoAsks } from '../authentication.ts';
import { chargePointId, instant, instantInput } from '../fields.ts';
import { problems } from '../problem.ts';
import { assertKnown } from './chargePoints.ts';

const tags = ['charge points'];
const params = z.object({ id: chargePointId });
const nullableText = z.string().nullable();

const source = {
  learntAt: instant.describe('When the station said so'),
  commandId: z.string().describe('The command whose answer told it'),
};

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
  })
  .meta({ id: 'LearntCertificates' });

const localList = z
  .object({
    supported: z.boolean().nullable().describe('false: the station said that it has no local list; null: not known'),
    version: z
      .object({ value: z.int(), ...source })
      .nullable()
      .describe('0: the list is empty; null: not known'),
    knownSince: instant.nullable().describe('Since when its content is as in `items`; null: not known'),
    items: z
      .array(
        z.object({
          idTag: z.string(),
          status: z.string(),
          expiryDate: instant.nullable(),
          parentIdTag: nullableText,
          ...source,
        }),
      )
      .nullable()
      .describe('null: not known until the next SendLocalList with updateType Full'),
  })
  .meta({ id: 'LearntLocalList' });

const chargingProfiles = z
  .object({
    since: instant
      .nullable()
      .describe('Of what was set before, nothing is told: only the newest answers are read. null: all of them were'),
    items: z.array(
      z.object({
        chargingProfileId: z.int(),
        connectorId: z.int().nullable().describe('0: the charge point; a TxDefaultProfile there is for all connectors'),
        purpose: z.string(),
        stackLevel: z.int(),
        kind: nullableText,
        recurrencyKind: nullableText,
        transactionId: z.int().nullable().describe('Of a TxProfile, which ends with it'),
        validFrom: instant.nullable().describe('null: at once'),
        validTo: instant.nullable(),
        chargingSchedule: z.record(z.string(), z.unknown()).describe('As OCPP 1.6 §7.13 has it'),
        ...source,
      }),
    ),
  })
  .meta({ id: 'LearntChargingProfiles' });

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
    '/v1/charge-points/:id/local-list',
    {
      schema: {
        tags,
        operationId: 'getLocalList',
        summary: 'Its local authorization list',
        description: 'From its answers to SendLocalList and GetLocalListVersion.',
        params,
        response: { 200: localList, ...problems },
      },
    },
    async ({ params: { id } }) => {
      await assertKnown(parts, id);
      return readLocalList(database, id);
    },
  );

  app.put(
    '/v1/charge-points/:id/local-list',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'sendLocalList',
        summary: 'Give it the local authorization list that it is to have',
        description:
          'Queues what it takes: nothing where it has that list; what has changed, and the whole list if it refuses that; ' +
          'or the whole list, in as many CALLs as it needs (SendLocalListMaxLength). Then it is asked for its version.',
        params,
        body: z
          .strictObject({
            items: z
              .array(
                z.strictObject({
                  idTag: idTagText,
                  status: z.enum(ID_TAG_STATUSES).default('Accepted'),
                  expiryDate: instantInput.optional(),
                  parentIdTag: idTagText.optional(),
                }),
              )
              .max(25_000),
          })
          .meta({ id: 'NewLocalList', examples: [{ items: [{ idTag: '04A2B3C4' }] }] }),
        response: {
          202: z.object({
            listVersion: z.int().describe('Of the list, once it is there'),
            commands: z
              .array(z.object({ commandId: z.string(), action: z.string(), entries: z.int() }))
              .describe('None: it has that list'),
          }),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { params: of, body } = request;
      await assertKnown(parts, of.id);
      return reply.code(202).send(await sendLocalList(parts, of.id, body.items, whoAsks(request)));
    },
  );

  app.get(
    '/v1/charge-points/:id/charging-profiles',
    {
      schema: {
        tags,
        operationId: 'getChargingProfiles',
        summary: 'The charging profiles in force, by connector, purpose and stack level',
        description: 'From its answers to SetChargingProfile, ClearChargingProfile and RemoteStartTransaction.',
        params,
        response: { 200: chargingProfiles, ...problems },
      },
    },
    async ({ params: { id } }) => {
      await assertKnown(parts, id);
      return readChargingProfiles(database, id);
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
      return { items: await readReservations(database, id) };
    },
  );
}

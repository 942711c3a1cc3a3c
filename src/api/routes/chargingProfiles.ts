import { z } from 'zod';
import { chargingProfile } from '../../ocpp/commands/chargingProfile.ts';
import { SCHEDULE_MOST, USUAL_SUPPLY } from '../../ocpp/compositeSchedule.ts';
import { setChargingProfile } from '../../operators/chargingProfile.ts';
import { compareSchedules } from '../../operators/compositeSchedule.ts';
import { readChargingProfiles } from '../../operators/learnt/read.ts';
import type { ApiParts, App } from '../app.ts';
import { whoAsks } from '../authentication.ts';
import { chargePointId, doubts, instant, source, wholeNumber } from '../fields.ts';
import { problems } from '../problem.ts';
import { assertKnown } from './chargePoints.ts';

const tags = ['charge points'];
const params = z.object({ id: chargePointId });
const nullableText = z.string().nullable();
const unit = z.enum(['A', 'W']);

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
    doubts,
  })
  .meta({ id: 'LearntChargingProfiles' });

const wanted = z
  .strictObject({
    connectorId: z.int32().min(0).describe('0: the charge point; a TxDefaultProfile there is for all connectors'),
    chargingProfile: chargingProfile.describe('As OCPP 1.6 §7.8 has it'),
    verifySeconds: z
      .int()
      .min(1)
      .max(SCHEDULE_MOST)
      .optional()
      .describe('Of the composite schedule that is asked for then; by default an hour, or a day for what takes longer'),
  })
  .meta({
    id: 'NewChargingProfile',
    examples: [
      {
        connectorId: 1,
        chargingProfile: {
          chargingProfileId: 1,
          stackLevel: 0,
          chargingProfilePurpose: 'TxDefaultProfile',
          chargingProfileKind: 'Recurring',
          recurrencyKind: 'Daily',
          chargingSchedule: {
            startSchedule: '2026-01-01T00:00:00Z',
            chargingRateUnit: 'A',
            chargingSchedulePeriod: [
              { startPeriod: 0, limit: 32 },
              { startPeriod: 28_800, limit: 16 },
            ],
          },
        },
      },
    ],
  });

const plan = z
  .object({
    commands: z.array(z.object({ commandId: z.string(), action: z.string() })),
    replaces: z
      .array(
        z.object({
          chargingProfileId: z.int(),
          connectorId: z.int().nullable(),
          purpose: z.string(),
          stackLevel: z.int(),
        }),
      )
      .describe('Profiles in force that it drops for the new one: of the same id, or purpose and stack level there'),
    stack: z
      .array(
        z.object({
          chargingProfileId: z.int(),
          connectorId: z.int(),
          stackLevel: z.int(),
          validFrom: instant.nullable(),
          validTo: instant.nullable(),
          isNew: z.boolean(),
        }),
      )
      .describe('What it will have of that purpose there, the one that goes first first'),
    covers: z.array(z.int()).describe('Ids of those that the new one goes before while it is valid'),
    coveredBy: z.array(z.int()).describe('Ids of those that go before the new one while they are valid'),
    doubts: doubts.describe(
      'Commands that were sent and not answered, and that the new profile does not settle: if the charge point has carried ' +
        'them out, it will have other profiles than `stack` says',
    ),
  })
  .meta({ id: 'ChargingProfilePlan' });

const startPeriod = z.number().describe('Seconds from scheduleStart');
const numberPhases = z.number().optional();

const schedules = z
  .object({
    expected: z
      .object({
        scheduleStart: instant.describe('Now'),
        duration: z.int().describe('Seconds'),
        chargingRateUnit: unit,
        periods: z.array(
          z.object({ startPeriod, limit: z.number().nullable().describe('null: nothing limits'), numberPhases }),
        ),
        transactionId: z.int().nullable().describe('Whose start relative profiles count from; null: none runs there'),
        supply: z
          .object({ voltage: z.number(), phases: z.int() })
          .describe('What W and A were converted with: V of a phase'),
      })
      .describe('What results of the charging profiles in force'),
    reported: z
      .object({
        scheduleStart: instant,
        duration: z.number().describe('Seconds'),
        chargingRateUnit: unit,
        periods: z.array(z.object({ startPeriod, limit: z.number(), numberPhases })),
        ...source,
      })
      .nullable()
      .describe('Its newest answer to GetCompositeSchedule for this connector that has a schedule; null: none'),
    differences: z
      .array(z.string())
      .nullable()
      .describe(
        'At which times, of those that both tell, the limits differ by more than 1 %; null: there is none, or the units differ',
      ),
    doubts: doubts.describe(
      'Commands that were sent and not answered: if the charge point has carried them out, `expected` is another',
    ),
  })
  .meta({ id: 'CompositeSchedules' });

/** The charging profiles that a station has, and is to have, and what results of them. */
export function chargingProfileRoutes(app: App, parts: ApiParts): void {
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
      return readChargingProfiles(parts.database, id);
    },
  );

  app.put(
    '/v1/charge-points/:id/charging-profiles',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        operationId: 'setChargingProfile',
        summary: 'Give it a charging profile',
        description:
          'Checked against what it has told of itself: its configuration, its profiles, its transactions. Then two commands ' +
          'are queued: SetChargingProfile, and GetCompositeSchedule, whose answer is shown by GET composite-schedule (of ' +
          'connector 1 for a TxDefaultProfile of connector 0). What is queued of earlier profiles counts as done.',
        params,
        body: wanted,
        response: { 202: plan, ...problems },
      },
    },
    async (request, reply) => {
      const { params: of, body } = request;
      await assertKnown(parts, of.id);
      return reply
        .code(202)
        .send(await setChargingProfile(parts, of.id, body, { requestedBy: whoAsks(request), via: 'rest' }));
    },
  );

  app.get(
    '/v1/charge-points/:id/composite-schedule',
    {
      schema: {
        tags,
        operationId: 'getCompositeSchedule',
        summary: 'What a connector should be limited to from now on, beside what the charge point says of it',
        description:
          'The one is worked out from the charging profiles in force, the other was told in its newest answer to ' +
          'GetCompositeSchedule. Nothing is asked of it now.',
        params,
        querystring: z.object({
          connectorId: wholeNumber
            .min(0)
            .max(2 ** 31 - 1)
            .describe('0: the charge point as a whole'),
          seconds: wholeNumber.min(1).max(SCHEDULE_MOST).default(3_600),
          chargingRateUnit: unit.optional().describe('By default as it was reported, else as its profiles have it'),
          voltage: z.coerce
            .number()
            .min(1)
            .max(1_000)
            .default(USUAL_SUPPLY.voltage)
            .describe('V of a phase, to convert'),
          phases: wholeNumber.min(1).max(3).default(USUAL_SUPPLY.phases).describe('Of the charge point, to convert'),
        }),
        response: { 200: schedules, ...problems },
      },
    },
    async ({ params: { id }, query: { connectorId, seconds, chargingRateUnit, voltage, phases } }) => {
      await assertKnown(parts, id);
      const question = { connectorId, seconds, unit: chargingRateUnit, supply: { voltage, phases } };
      return compareSchedules(parts.database, id, question);
    },
  );
}

/** What the API shows, one schema per kind of row. */
import { z } from 'zod';
import { FIRMWARE_ACTIONS } from '../ocpp/firmwareActions.ts';
import { ID_TAG_STATUSES } from '../operators/idTags.ts';
import { OPERATOR_ROLES } from '../security/tokens.ts';
import { chargePointId, instant } from './fields.ts';

const nullableText = z.string().nullable();
const nullableNumber = z.number().nullable();
const wh = nullableNumber.describe('Wh');
const payload = z.unknown().describe('As OCPP 1.6 §6 has it');

export const chargePoint = z
  .object({
    chargePointId,
    vendor: nullableText,
    model: nullableText,
    serialNumber: nullableText,
    firmwareVersion: nullableText,
    iccid: nullableText,
    imsi: nullableText,
    meterType: nullableText,
    meterSerialNumber: nullableText,
    online: z.boolean(),
    onlineSince: instant.nullable(),
    offlineSince: instant.nullable(),
    lastSeenAt: instant.nullable(),
    lastBootAt: instant.nullable(),
    registration: z.enum(['accepted', 'pending', 'rejected', 'retired']),
    heartbeatInterval: z.int().nullable().describe('Seconds; null: HEARTBEAT_INTERVAL'),
    hasPassword: z.boolean().describe('Whether it has to give a password'),
    labels: z.record(z.string(), z.string()),
    createdAt: instant,
    revision: z.string().describe('Of what operators decide, for If-Match; also in the header ETag'),
  })
  .meta({
    id: 'ChargePoint',
    examples: [
      {
        chargePointId: 'CP1',
        vendor: 'Simulated',
        model: 'One',
        serialNumber: null,
        firmwareVersion: '1.0',
        iccid: null,
        imsi: null,
        meterType: null,
        meterSerialNumber: null,
        online: true,
        onlineSince: '2026-01-02T03:04:05.000Z',
        offlineSince: null,
        lastSeenAt: '2026-01-02T03:09:05.000Z',
        lastBootAt: '2026-01-02T03:04:06.000Z',
        registration: 'accepted',
        heartbeatInterval: null,
        hasPassword: true,
        labels: { site: 'Depot 1' },
        createdAt: '2026-01-01T00:00:00.000Z',
        revision: '1234',
      },
    ],
  });

export const connector = z
  .object({
    connectorId: z.int().describe('0: the charge point itself'),
    status: z.string(),
    errorCode: z.string(),
    info: nullableText,
    vendorId: nullableText,
    vendorErrorCode: nullableText,
    at: instant,
  })
  .meta({ id: 'Connector' });

export const transaction = z
  .object({
    chargePointId,
    transactionId: z.int(),
    aliases: z.array(z.int()).describe('Other ids the same transaction was given'),
    connectorId: z.int().nullable(),
    idTag: nullableText,
    idTagStatus: nullableText.describe('What the station was answered at the start'),
    parentIdTag: nullableText.describe('Group of idTag, as the station was answered'),
    reservationId: z.int().nullable(),
    startedAt: instant.nullable(),
    meterStart: wh,
    stoppedAt: instant.nullable(),
    meterStop: wh,
    stopIdTag: nullableText,
    stopReason: nullableText,
    end: z.enum(['station', 'estimated']).nullable().describe('Who says it ended; null while it is open'),
    energyWh: wh,
    energySource: z
      .enum(['register', 'readings', 'interval', 'power'])
      .nullable()
      .describe(
        'What energyWh was reckoned from: meterStart and meterStop; readings of the register; ' +
          'Energy.Active.Import.Interval; Power.Active.Import. Doubts are among the notes',
      ),
    lastReadingAt: instant.nullable(),
    lastReadingWh: wh,
    notes: z.array(z.string()).describe('What was odd; doubts about the energy begin with `energy: `'),
  })
  .meta({ id: 'Transaction' });

export const meterValue = z
  .object({
    at: instant,
    receivedAt: instant,
    connectorId: z.int().nullable(),
    transactionId: z.int().nullable(),
    measurand: z.string(),
    phase: nullableText,
    location: nullableText,
    context: nullableText,
    format: nullableText,
    unit: nullableText,
    value: z.string().describe('As the station sent it'),
    normalised: nullableNumber.describe('In `normalisedUnit`: Wh, W, A, V, …'),
    normalisedUnit: nullableText,
  })
  .meta({ id: 'MeterValue' });

export const meterValueSummary = z
  .object({
    at: instant.describe('Begin of the interval'),
    connectorId: z.int().nullable(),
    measurand: z.string(),
    phase: nullableText,
    location: nullableText,
    unit: nullableText,
    average: z.number(),
    minimum: z.number(),
    maximum: z.number(),
    last: z.number(),
    samples: z.int(),
  })
  .meta({ id: 'MeterValueSummary' });

export const energy = z
  .object({
    at: instant.describe('Begin of the hour or day (UTC)'),
    connectorId: z
      .int()
      .nullable()
      .describe("0: the charge point's main meter, which counts what its connectors count"),
    location: nullableText,
    energyWh: z.number(),
    registerWh: nullableNumber.describe('Where the register stood at the end'),
  })
  .meta({ id: 'Energy' });

export const firmwareEvent = z
  .object({
    at: instant.describe('When the station said so'),
    action: z.string().describe(`What told it: ${FIRMWARE_ACTIONS.join(', ')}`),
    status: z.string().describe("The station's own word"),
    requestId: nullableNumber.describe('Of the GetLog or SignedUpdateFirmware that it is about, where it names one'),
  })
  .meta({
    id: 'FirmwareEvent',
    examples: [
      { at: '2026-01-02T03:04:05.000Z', action: 'FirmwareStatusNotification', status: 'Downloading', requestId: null },
    ],
  });

export const message = z
  .object({
    chargePointId,
    receivedAt: instant,
    at: instant.describe("The station's own time where it is plausible"),
    journal: z.int().describe('With `seq`: its place in the journal of an edge'),
    seq: z.int(),
    connection: z.string(),
    direction: z.enum(['in', 'out']).describe('As the central system sees it'),
    kind: z.enum(['call', 'result', 'error', 'malformed']),
    messageId: nullableText,
    action: nullableText,
    payload,
    answer: payload,
    errorCode: nullableText,
    errorDescription: nullableText,
    commandId: nullableText,
    notes: z.array(z.string()).nullable().describe('Where it is not as OCPP has it'),
    repeatOf: nullableText.describe('`<journal>:<seq>` of the message that it repeats'),
    raw: nullableText.describe('Of what could not be read'),
  })
  .meta({ id: 'Message' });

const furtherCommand = z.strictObject({
  action: z.string().max(100),
  payload: z.record(z.string(), z.unknown()),
  commandId: z.string().min(1).max(100).optional(),
  expected: z.record(z.string(), z.unknown()).optional(),
});

/** Whatever is stored can be shown. */
const shownFurther = z.object({
  action: z.string(),
  payload: z.record(z.string(), z.unknown()),
  commandId: z.string().optional(),
  expected: z.record(z.string(), z.unknown()).optional(),
});

/** As they are asked for. */
export const commandOptions = z.strictObject({
  unlessRebooted: z
    .literal(true)
    .optional()
    .describe('A Reset that is dropped when the charge point boots by itself before it was sent'),
  grantIdTag: z
    .literal(true)
    .optional()
    .describe('The id tag of a RemoteStartTransaction may charge this once, whatever the register says of it'),
  otherwise: z
    .array(furtherCommand)
    .max(50)
    .optional()
    .describe(
      'What is asked for instead where the charge point will not do it: one after the other, each when the one before is done',
    ),
  next: z.array(furtherCommand).max(50).optional().describe('What is asked for when it is done, likewise'),
  expected: z.record(z.string(), z.unknown()).optional().describe('What its answer has to say for it to count as done'),
});

export const command = z
  .object({
    chargePointId,
    commandId: z.string(),
    action: z.string(),
    payload,
    state: z.enum([
      'queued',
      'dispatching',
      'sent',
      'answered',
      'completed',
      'notObserved',
      'rejected',
      'failed',
      'timedOut',
      'connectionLost',
      'refused',
      'expired',
      'cancelled',
    ]),
    reason: nullableText.describe('Why it is in this state'),
    via: z.enum(['signal', 'update', 'rest', 'cli']),
    options: commandOptions
      .extend({
        otherwise: z.array(shownFurther).optional(),
        next: z.array(shownFurther).optional(),
        effectWithinMs: z
          .int()
          .optional()
          .describe(
            "Of a RemoteStartTransaction: how long its transaction is waited for, by the station's ConnectionTimeOut",
          ),
      })
      .meta({ id: 'CommandOptions' })
      .nullable(),
    requestedBy: nullableText,
    requestedAt: instant,
    deadline: instant.describe('Not sent after this'),
    sentAt: instant.nullable(),
    answer: payload,
    answeredAt: instant.nullable(),
    outcome: nullableText,
    endedAt: instant.nullable().describe('null: not finished'),
    position: z.int().optional().describe('While it is queued: 1 is sent next'),
    waitsFor: z.string().optional().describe('While it is queued: why it has not been sent'),
  })
  .meta({ id: 'Command' });

export const idTag = z
  .object({
    idTag: z.string(),
    status: z.enum(ID_TAG_STATUSES),
    expiryDate: instant.nullable(),
    parentIdTag: nullableText,
    singleTransaction: z.boolean().describe('Charges at one place at a time'),
    note: nullableText,
  })
  .meta({
    id: 'IdTag',
    examples: [
      {
        idTag: '04A2B3C4',
        status: 'Accepted',
        expiryDate: null,
        parentIdTag: null,
        singleTransaction: false,
        note: 'Ada',
      },
    ],
  });

export const deadEvent = z
  .object({
    id: z.int(),
    tableName: z.string().describe('That refused the row; `event`: the actor could not make sense of the event'),
    chargePointId: z.string(),
    key: z.string(),
    journal: z.int().nullable(),
    seq: z.int().nullable(),
    reason: z.string(),
    raw: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'DeadEvent' });

export const deviation = z
  .object({
    chargePointId: z.string(),
    vendor: z.string().nullable(),
    model: z.string().nullable(),
    name: z.string(),
    count: z.int(),
    lastAt: instant,
    example: z.string().describe('The newest note in full'),
  })
  .meta({
    id: 'Deviation',
    examples: [
      {
        chargePointId: 'CP1',
        vendor: 'Acme',
        model: 'One',
        name: 'implausibleTime',
        count: 12,
        lastAt: '2026-01-31T12:00:00.000Z',
        example: 'implausibleTime: timestamp 1970-01-01T00:00:00Z',
      },
    ],
  });

export const vendorDeviation = deviation
  .omit({ chargePointId: true, model: true })
  .extend({
    vendor: z.string().nullable().describe('null: of charge points that never said whose they are'),
    chargePoints: z.int().describe('How many depart in this way'),
  })
  .meta({
    id: 'VendorDeviation',
    examples: [
      {
        vendor: 'Acme',
        name: 'implausibleTime',
        count: 340,
        lastAt: '2026-01-31T12:00:00.000Z',
        example: 'implausibleTime: timestamp 1970-01-01T00:00:00Z',
        chargePoints: 12,
      },
    ],
  });

export const token = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(OPERATOR_ROLES),
    createdAt: instant,
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'Token' });

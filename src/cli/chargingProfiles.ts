import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { Option, type Command } from 'commander';
import { SCHEDULE_MOST, USUAL_SUPPLY, type RateUnit } from '../ocpp/compositeSchedule.ts';
import type { ProfilePlan, StackedProfile } from '../operators/chargingProfile.ts';
import type { ComparedSchedules, Stretch } from '../operators/compositeSchedule.ts';
import { objectsIn } from '../operators/learnt/answered.ts';
import type { LearntProfile } from '../operators/learnt/chargingProfiles.ts';
import { chargePointId, jsonOption, wholeNumber } from './arguments.ts';
import { requestedByOption, whoAsks } from './asking.ts';
import { examples } from './examples.ts';
import { note, noteDoubts, table } from './learnt.ts';
import { Output, printable, type Column } from './output.ts';
import { withDatabase, withOperatorParts } from './servers.ts';

const connector = wholeNumber(0, 2 ** 31 - 1);

/** `charging-profiles`, `set-charging-profile`, `composite-schedule` */
export function addChargingProfiles(program: Command): void {
  const list = program
    .command('charging-profiles')
    .description('Show the charging profiles in force on a charge point.')
    .argument('<chargePointId>', 'its id', chargePointId)
    .addOption(jsonOption())
    .action((id: string, options: { json?: true }) => showChargingProfiles(id, new Output(options)));
  examples(list, [['charging-profiles CP1 --json', 'with their schedules in full']]);

  const set = program
    .command('set-charging-profile')
    .description(
      'Give a charge point a charging profile: checked against what it has told of itself, set, and what results of it asked for.',
    )
    .argument('<chargePointId>', 'its id', chargePointId)
    .argument('<file>', 'the profile as JSON, as OCPP 1.6 §7.8 has it; a - stands for standard input')
    .requiredOption(
      '--connector <id>',
      '0: the charge point; a TxDefaultProfile there is for all connectors',
      connector,
    )
    .option(
      '--verify <seconds>',
      'of the composite schedule that is asked for then (default: an hour, or a day for what takes longer)',
      wholeNumber(1, SCHEDULE_MOST),
    )
    .addOption(requestedByOption())
    .addOption(jsonOption())
    .action(setProfile);
  examples(set, [
    ['set-charging-profile CP1 profile.json --connector 1', 'queue it; composite-schedule CP1 shows what comes of it'],
    ['command CP1 ClearChargingProfile id=1 --wait', 'take it away again'],
  ]);

  const schedule = program
    .command('composite-schedule')
    .description(
      'Show what a connector should be limited to by its charging profiles from now on, beside what the charge point says.',
    )
    .argument('<chargePointId>', 'its id', chargePointId)
    .requiredOption('--connector <id>', '0: the charge point as a whole', connector)
    .addOption(new Option('--seconds <seconds>', 'how long').argParser(wholeNumber(1, SCHEDULE_MOST)).default(3_600))
    .addOption(
      new Option('--unit <unit>', 'of the limits (default: as it was reported, else as its profiles have it)').choices([
        'A',
        'W',
      ]),
    )
    .addOption(
      new Option('--voltage <volts>', 'of a phase, to convert W and A')
        .argParser(wholeNumber(1, 1_000))
        .default(USUAL_SUPPLY.voltage),
    )
    .addOption(
      new Option('--phases <phases>', 'of the charge point, to convert W and A')
        .argParser(wholeNumber(1, 3))
        .default(USUAL_SUPPLY.phases),
    )
    .addOption(jsonOption())
    .action(showSchedule);
  examples(schedule, [
    ['composite-schedule CP1 --connector 1 --seconds 86400', 'a day from now on'],
    ['command CP1 GetCompositeSchedule connectorId=1 duration=86400 --wait', 'ask the charge point first'],
  ]);
}

async function showChargingProfiles(id: string, output: Output): Promise<void> {
  const { readChargingProfiles } = await import('../operators/learnt/read.ts');
  const found = await withDatabase((database) => readChargingProfiles(database, id));
  if (output.json) return output.value(found);
  await table(output, found.items, profileColumns, `no charging profiles on ${printable(id)}`);
  if (found.since) note(`what was set before ${found.since} is not told`);
  noteDoubts(found.doubts);
}

const profileColumns: Column<LearntProfile>[] = [
  { head: 'connector', of: (row) => row.connectorId },
  { head: 'purpose', of: (row) => row.purpose },
  { head: 'level', of: (row) => row.stackLevel },
  { head: 'id', of: (row) => row.chargingProfileId },
  { head: 'kind', of: (row) => row.recurrencyKind ?? row.kind },
  { head: 'transaction', of: (row) => row.transactionId },
  { head: 'valid from', of: (row) => row.validFrom },
  { head: 'valid to', of: (row) => row.validTo },
  { head: 'schedule', of: (row) => scheduleInWords(row.chargingSchedule) },
  { head: 'learnt', of: (row) => row.learntAt },
];

/** Seconds from its start, and the limit from then on: `0 s: 11000 W, 3600 s: 7400 W`. */
function scheduleInWords({ chargingRateUnit, chargingSchedulePeriod }: Record<string, unknown>): string {
  const periods = objectsIn(chargingSchedulePeriod) ?? [];
  return periods
    .map(({ startPeriod, limit }) => `${String(startPeriod)} s: ${String(limit)} ${String(chargingRateUnit)}`)
    .join(', ');
}

interface SetOptions {
  connector: number;
  verify?: number;
  requestedBy?: string;
  json?: true;
}

async function setProfile(
  id: string,
  file: string,
  { connector: connectorId, verify, requestedBy, json }: SetOptions,
): Promise<void> {
  const { setChargingProfile } = await import('../operators/chargingProfile.ts');
  const chargingProfile = fromJson(file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8'), file);
  const wanted = { connectorId, chargingProfile, verifySeconds: verify };
  const output = new Output({ json });
  const set = await withOperatorParts((parts) =>
    setChargingProfile(parts, id, wanted, { requestedBy: whoAsks(requestedBy), via: 'cli' }),
  );
  if (json) return output.value(set);
  await table(output, set.stack, stackColumns, '');
  for (const line of consequences(set)) note(line);
  noteDoubts(set.doubts);
  for (const { action, commandId } of set.commands) note(`${action} is queued: command ${commandId}`);
}

function fromJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file === '-' ? 'standard input' : file} is no JSON: ${reason}`, { cause: error });
  }
}

function consequences({ replaces, coveredBy }: Pick<ProfilePlan, 'replaces' | 'coveredBy'>): string[] {
  return [
    ...replaces.map(
      ({ chargingProfileId, purpose, connectorId, stackLevel }) =>
        `it replaces ${purpose} ${chargingProfileId} of connector ${connectorId}, stack level ${stackLevel}`,
    ),
    ...(coveredBy.length === 0 ? [] : [`while they are valid, ${coveredBy.join(', ')} go before it`]),
  ];
}

const stackColumns: Column<StackedProfile>[] = [
  { head: 'level', of: (row) => row.stackLevel },
  { head: 'id', of: (row) => row.chargingProfileId, format: (row) => (row.isNew ? 'green' : undefined) },
  { head: 'connector', of: (row) => row.connectorId },
  { head: 'valid from', of: (row) => row.validFrom },
  { head: 'valid to', of: (row) => row.validTo },
  { head: 'new', of: (row) => row.isNew },
];

interface ScheduleOptions {
  connector: number;
  seconds: number;
  unit?: RateUnit;
  voltage: number;
  phases: number;
  json?: true;
}

async function showSchedule(
  id: string,
  { connector: connectorId, seconds, unit, voltage, phases, json }: ScheduleOptions,
): Promise<void> {
  const { compareSchedules, sideBySide } = await import('../operators/compositeSchedule.ts');
  const output = new Output({ json });
  const question = { connectorId, seconds, unit, supply: { voltage, phases } };
  const found = await withDatabase((database) => compareSchedules(database, id, question));
  if (json) return output.value(found);
  await table(output, sideBySide(found.expected, found.reported), scheduleColumns(found), '');
  note(
    found.reported === null
      ? `${printable(id)} has told no composite schedule of connector ${connectorId}; ask it with GetCompositeSchedule`
      : `reported at ${found.reported.learntAt}, for ${found.reported.duration} s from ${found.reported.scheduleStart}`,
  );
  noteDoubts(found.doubts);
}

function scheduleColumns({ expected, reported }: ComparedSchedules): Column<Stretch>[] {
  return [
    { head: 'from', of: (row) => row.from },
    { head: 'until', of: (row) => row.until },
    {
      head: 'limit expected',
      of: (row) => (row.expected === null ? 'none' : `${row.expected} ${expected.chargingRateUnit}`),
    },
    {
      head: 'limit reported',
      of: (row) => (row.reported === null ? undefined : `${row.reported} ${reported?.chargingRateUnit ?? ''}`),
      format: (row) => (row.differs ? 'red' : undefined),
    },
    { head: 'differs', of: (row) => row.differs, format: () => 'red' },
  ];
}

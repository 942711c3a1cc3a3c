/** Gives a station a charging profile: checked, stacked on those it has, set, and what results of all asked for. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { unfinishedCommands } from '../../drizzle/queries/commands.ts';
import { readProfileAnswers, readRecentTransactions } from '../../drizzle/queries/learnt.ts';
import type { Instant } from '../../workflows/events.ts';
import type { chargingProfile as exactProfile } from '../ocpp/commands/chargingProfile.ts';
import { setChargingProfile as setCommand } from '../ocpp/commands/setChargingProfile.ts';
import { stackOf } from '../ocpp/compositeSchedule.ts';
import { limitOf, refusalByConfiguration } from '../ocpp/stationLimits.ts';
import type { OperatorParts } from './chargePoints.ts';
import { submitCommand, type Asking } from './commands.ts';
import { ActorsAway } from './errors.ts';
import type { AnsweredCommand } from './learnt/answered.ts';
import { foldChargingProfiles, type LearntProfile, type ProfiledTransaction } from './learnt/chargingProfiles.ts';
import type { ConfigurationKey } from './learnt/configuration.ts';
import { doubtsOf, type Doubted, type UnansweredCommand } from './learnt/doubts.ts';
import { readConfiguration, readUnansweredProfiles } from './learnt/read.ts';

export interface WantedProfile {
  connectorId: number;
  /** OCPP 1.6 §7.8 */
  chargingProfile: unknown;
  /** How long (s) the composite schedule is that the station is asked for; by default what shows the profile. */
  verifySeconds?: number | undefined;
}

/** What is known of the station. */
export interface KnownOfStation {
  /** Its answers to what sets and clears profiles. */
  answered: readonly AnsweredCommand[];
  /** What else was asked for, in order. */
  underWay: readonly { commandId: string; action: string; payload: unknown }[];
  /** What it may have done, and did not answer. */
  unanswered: readonly UnansweredCommand[];
  transactions: readonly ProfiledTransaction[];
  keys: readonly ConfigurationKey[];
  now: Instant;
}

export interface StackedProfile {
  chargingProfileId: number;
  /** 0: for every connector. */
  connectorId: number;
  stackLevel: number;
  validFrom: Instant | null;
  validTo: Instant | null;
  isNew: boolean;
}

/** `doubts`: what would leave the station with other profiles than this says. */
export interface ProfilePlan extends Doubted {
  commands: { action: string; payload: Record<string, unknown> }[];
  /** Profiles that the station drops for it (§5.16.3). */
  replaces: { chargingProfileId: number; connectorId: number | null; purpose: string; stackLevel: number }[];
  /** What the station will have of that purpose there, the one that goes first first. */
  stack: StackedProfile[];
  /** Ids of those that the new one goes before while they are valid. */
  covers: number[];
  /** Ids of those that go before the new one while they are valid. */
  coveredBy: number[];
}

/** It cannot be set so. */
export class BadChargingProfile extends Error {
  override name = 'BadChargingProfile';
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`)).join('; '));
    this.faults = faults;
  }
}

interface Fault {
  /** As `chargingProfile.stackLevel`; empty: of no single field. */
  path: string;
  reason: string;
}

type Profile = z.infer<typeof exactProfile>;

const HOUR = 3_600;
const DAY = 86_400;

/**
 * What to send, and what the station will have then. What is under way to it counts as done.
 * @throws BadChargingProfile
 */
export function planChargingProfile(wanted: WantedProfile, known: KnownOfStation): ProfilePlan {
  const { connectorId } = wanted;
  const payload = exactPayload(wanted);
  const profile = payload.csChargingProfiles;
  const { transactions, now } = known;
  const profilesBy = (commands: readonly AnsweredCommand[]) => foldChargingProfiles(commands, transactions, now);
  const before = profilesBy(commandsAfter(known, known.underWay));
  const set = { commandId: 'the new one', action: 'SetChargingProfile', payload };
  const done = commandsAfter(known, [...known.underWay, set]);
  const after = profilesBy(done);
  const faults = [
    ...ofConfiguration(payload, known.keys),
    ...ofNumber(after.length, known.keys),
    ...ofTransaction(connectorId, profile, transactions),
    ...ofTime(profile, known),
  ];
  if (faults.length > 0) throw new BadChargingProfile(faults);

  const stack = stackOf(after, profile.chargingProfilePurpose, connectorId);
  const own = stack.findIndex(({ commandId }) => commandId === set.commandId);
  const concurrent = (others: LearntProfile[]) =>
    others.filter((other) => isConcurrent(other, stack[own]!)).map(({ chargingProfileId: id }) => id);
  return {
    commands: [
      { action: set.action, payload },
      { action: 'GetCompositeSchedule', payload: questionAfter(wanted, profile, now) },
    ],
    replaces: before
      .filter(({ commandId }) => !after.some((each) => each.commandId === commandId))
      .map(({ chargingProfileId, connectorId: at, purpose, stackLevel }) => ({
        chargingProfileId,
        connectorId: at,
        purpose,
        stackLevel,
      })),
    stack: stack.map((each, i) => ({
      chargingProfileId: each.chargingProfileId,
      connectorId: each.connectorId ?? 0,
      stackLevel: each.stackLevel,
      validFrom: each.validFrom,
      validTo: each.validTo,
      isNew: i === own,
    })),
    covers: concurrent(stack.slice(own + 1)),
    coveredBy: concurrent(stack.slice(0, own)),
    doubts: doubtsOf(done, known.unanswered, (commands) =>
      profilesBy(commands).map(({ learntAt: _at, commandId: _of, ...what }) => what),
    ),
  };
}

/**
 * Queues what it takes, see `planChargingProfile`.
 * @throws BadChargingProfile and what `submitCommand` throws
 */
export async function setChargingProfile(
  parts: OperatorParts,
  chargePointId: string,
  wanted: WantedProfile,
  asking: Asking,
): Promise<Omit<ProfilePlan, 'commands'> & { commands: { commandId: string; action: string }[] }> {
  const { database } = parts;
  const [answered, lost, unfinished, transactions, { items: keys }] = await Promise.all([
    readProfileAnswers(database, chargePointId),
    readUnansweredProfiles(database, chargePointId),
    unfinishedCommands(database, chargePointId),
    readRecentTransactions(database, chargePointId),
    readConfiguration(database, chargePointId),
  ]);
  const underWay = unfinished.filter(({ action, answeredAt }) => SETTING.has(action) && answeredAt === null);
  const unanswered = lost.filter((one) => !underWay.some(({ commandId }) => commandId === one.commandId));
  const now = new Date().toISOString();
  const plan = planChargingProfile(wanted, { answered, underWay, unanswered, transactions, keys, now });
  const job = randomUUID();
  const commands: { commandId: string; action: string }[] = [];
  for (const [i, { action, payload }] of plan.commands.entries()) {
    const named = { commandId: `${job}-${i + 1}`, ...asking };
    const { commandId } = await submitCommand(parts, chargePointId, { action, payload, ...named }).catch(
      (error: unknown) => {
        if (!(error instanceof ActorsAway)) throw error;
        throw new ActorsAway(
          'Temporal or its workers do not answer: give the profile again, it takes the place of what is queued of it',
        );
      },
    );
    commands.push({ commandId, action });
  }
  return { ...plan, commands };
}

const SETTING: ReadonlySet<string> = new Set(['SetChargingProfile', 'ClearChargingProfile']);

/** SetChargingProfile.req (§6.43), as exact as it has to be to leave. */
function exactPayload({ connectorId, chargingProfile }: WantedProfile): Record<string, unknown> & {
  csChargingProfiles: Profile;
} {
  const exact = setCommand.request.safeParse({ connectorId, csChargingProfiles: chargingProfile });
  if (exact.success) return exact.data as { connectorId: number; csChargingProfiles: Profile };
  const named = (path: PropertyKey[]) => path.join('.').replace(/^csChargingProfiles/, 'chargingProfile');
  throw new BadChargingProfile(exact.error.issues.map(({ path, message }) => ({ path: named(path), reason: message })));
}

/** As if the station had done all that was asked for. */
function commandsAfter({ answered, now }: KnownOfStation, toCome: KnownOfStation['underWay']): AnsweredCommand[] {
  const last = Math.max(Date.parse(now), ...answered.map(({ answeredAt }) => Date.parse(answeredAt)));
  const done = toCome.map(({ commandId, action, payload }, i) => {
    const answeredAt = new Date(last + 1 + i).toISOString();
    const answer = { status: 'Accepted' };
    return { commandId, action, payload, answer, answeredAt, state: 'completed', endedAt: answeredAt };
  });
  return [...answered, ...done];
}

/** §9.4, and §9.1 SupportedFeatureProfiles. */
function ofConfiguration(payload: Record<string, unknown>, keys: readonly ConfigurationKey[]): Fault[] {
  const refusal = refusalByConfiguration('SetChargingProfile', payload, keys);
  const profiles = keys.find(({ key, supported }) => supported && key.toLowerCase() === 'supportedfeatureprofiles');
  const told = profiles?.value?.trim() ?? '';
  const isMissing =
    told !== '' &&
    !told
      .replaceAll(/[^a-z]/gi, '')
      .toLowerCase()
      .includes('smartcharging');
  return [
    ...(refusal === undefined ? [] : [{ path: 'chargingProfile', reason: refusal }]),
    ...(isMissing
      ? [
          {
            path: 'chargingProfile',
            reason: `the charge point has no SmartCharging: its ${profiles!.key} is "${told}"`,
          },
        ]
      : []),
  ];
}

/** @param count of all profiles that the station would have */
function ofNumber(count: number, keys: readonly ConfigurationKey[]): Fault[] {
  const most = limitOf(keys, 'MaxChargingProfilesInstalled');
  if (most === undefined || count <= most) return [];
  const reason = `it would have ${count} charging profiles: the charge point takes ${most} (its MaxChargingProfilesInstalled, OCPP 1.6 §9.4); ClearChargingProfile makes room`;
  return [{ path: 'chargingProfile', reason }];
}

/** "If there is no transaction active on the connector specified […], then the Charge Point SHALL discard it" (§3.13.1). */
function ofTransaction(
  connectorId: number,
  { chargingProfilePurpose, transactionId }: Profile,
  transactions: readonly ProfiledTransaction[],
): Fault[] {
  if (chargingProfilePurpose !== 'TxProfile') return [];
  const open = transactions.filter(({ end }) => end === null);
  const there = open.filter((each) => each.connectorId === null || each.connectorId === connectorId);
  if (there.some((each) => isNamed(each, transactionId))) return [];
  const elsewhere = open.find((each) => isNamed(each, transactionId));
  const ids = there.map((each) => each.transactionId).join(', ');
  const facts = [
    `transaction ${transactionId} does not run at connector ${connectorId}`,
    ...(elsewhere?.connectorId ? [`it runs at connector ${elsewhere.connectorId}`] : []),
    there.length === 0 ? `none runs at connector ${connectorId}` : `transaction ${ids} runs there`,
  ];
  return [{ path: 'chargingProfile.transactionId', reason: `${facts.join(', ')} (OCPP 1.6 §3.13.1)` }];
}

function isNamed({ transactionId, aliases }: ProfiledTransaction, id: number | undefined): boolean {
  return id !== undefined && (transactionId === id || aliases.includes(id));
}

function ofTime(profile: Profile, { transactions, now }: KnownOfStation): Fault[] {
  const { validFrom, validTo, chargingSchedule, chargingProfileKind: kind } = profile;
  const at = Date.parse(now);
  const faults: Fault[] = [];
  if (validTo !== undefined && Date.parse(validTo) <= at) {
    faults.push({ path: 'chargingProfile.validTo', reason: `${validTo} has passed: nothing would come of it` });
  } else if (validFrom !== undefined && validTo !== undefined && Date.parse(validTo) <= Date.parse(validFrom)) {
    faults.push({ path: 'chargingProfile.validTo', reason: `${validTo} is not after validFrom: it is never valid` });
  }
  const { duration } = chargingSchedule;
  const start = startOf(profile, transactions);
  if (kind === 'Recurring' || duration === undefined || start === undefined) return faults;
  const end = start + duration * 1_000;
  if (end <= at) {
    const reason = `the schedule ended at ${new Date(end).toISOString()}: nothing would come of it`;
    faults.push({ path: 'chargingProfile.chargingSchedule.duration', reason });
  }
  return faults;
}

/** Of the schedule (ms since 1970), where that is known (§7.13). */
function startOf(
  { chargingProfileKind: kind, chargingSchedule: { startSchedule }, transactionId }: Profile,
  transactions: readonly ProfiledTransaction[],
): number | undefined {
  if (kind !== 'Relative' && startSchedule !== undefined) return Date.parse(startSchedule);
  const startedAt = transactions.find((each) => isNamed(each, transactionId))?.startedAt;
  return startedAt ? Date.parse(startedAt) : undefined;
}

/** Its validity, not its schedule: a profile between two recurrences is valid. */
function isConcurrent(a: LearntProfile, b: LearntProfile): boolean {
  return (a.validFrom ?? '') < (b.validTo ?? '9') && (b.validFrom ?? '') < (a.validTo ?? '9');
}

/** The schedule of connector 0 has no TxDefaultProfile in it: what one comes to, any connector tells (§3.13.1, §5.7). */
function questionAfter(
  { connectorId, verifySeconds }: WantedProfile,
  profile: Profile,
  now: Instant,
): Record<string, unknown> {
  const { chargingProfilePurpose: purpose, chargingSchedule } = profile;
  return {
    connectorId: purpose === 'TxDefaultProfile' ? connectorId || 1 : connectorId,
    duration: verifySeconds ?? (isSoonSeen(profile, Date.parse(now)) ? HOUR : DAY),
    chargingRateUnit: chargingSchedule.chargingRateUnit,
  };
}

/** Whether an hour shows all that it will come to. */
function isSoonSeen({ validFrom, chargingProfileKind: kind, chargingSchedule }: Profile, now: number): boolean {
  const { startSchedule, duration = 0, chargingSchedulePeriod: periods } = chargingSchedule;
  const begin = Math.max(
    now,
    ...[validFrom, startSchedule].map((text) => (text === undefined ? now : Date.parse(text))),
  );
  const seconds = Math.max(duration, periods.at(-1)!.startPeriod);
  return kind !== 'Recurring' && begin + seconds * 1_000 <= now + HOUR * 1_000;
}

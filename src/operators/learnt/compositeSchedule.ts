import type { Instant } from '../../../workflows/events.ts';
import type { RateUnit, Schedule, SchedulePeriod } from '../../ocpp/compositeSchedule.ts';
import { parseDecimal } from '../../ocpp/meterValues.ts';
import { parseTimestamp } from '../../ocpp/time.ts';
import { inOrder, objectIn, objectsIn, sourceOf, textIn, type AnsweredCommand, type Source } from './answered.ts';

/** What a station says that it is limited to (OCPP 1.6 §5.7): from its own clock's `scheduleStart` on, for `duration` seconds. */
export interface ReportedSchedule extends Source {
  scheduleStart: Instant;
  duration: number;
  chargingRateUnit: RateUnit;
  periods: SchedulePeriod[];
}

/** The newest composite schedule of a connector; null where the station has told none. */
export function foldCompositeSchedule(
  commands: readonly AnsweredCommand[],
  connectorId: number,
): ReportedSchedule | null {
  for (const command of inOrder(commands).toReversed()) {
    const reported = reportedBy(command, connectorId);
    if (reported) return reported;
  }
  return null;
}

/** More are not looked at: it takes as many comparisons as they have pairs. */
const PERIODS_MOST = 1_000;

/** A schedule of §7.13, as it was sent to a station or came from one; undefined where none can be made of it. */
export function scheduleIn(value: unknown): Schedule | undefined {
  const sent = objectIn(value);
  const unit = textIn(sent?.chargingRateUnit)?.trim().toUpperCase();
  const said = objectsIn(sent?.chargingSchedulePeriod)?.slice(0, PERIODS_MOST) ?? [];
  const periods = said.flatMap((period) => periodIn(period) ?? []);
  if ((unit !== 'A' && unit !== 'W') || periods.length === 0) return undefined;
  const start = parseTimestamp(sent?.startSchedule)?.at;
  return {
    start: start === undefined ? undefined : Date.parse(start),
    duration: numberIn(sent?.duration),
    unit,
    periods: periods.toSorted((a, b) => a.startPeriod - b.startPeriod),
  };
}

function reportedBy(command: AnsweredCommand, connectorId: number): ReportedSchedule | undefined {
  const [payload, answer] = [objectIn(command.payload), objectIn(command.answer)];
  if (command.action !== 'GetCompositeSchedule' || payload?.connectorId !== connectorId) return undefined;
  const sent = objectIn(answer?.chargingSchedule);
  // Where the answer does not name its unit, it is the one that was asked for.
  const schedule = scheduleIn({ chargingRateUnit: payload.chargingRateUnit, ...sent });
  if (!schedule) return undefined;
  return {
    // It counts "from the moment of message receipt" (errata 3.29).
    scheduleStart:
      parseTimestamp(answer?.scheduleStart)?.at ?? parseTimestamp(sent?.startSchedule)?.at ?? command.answeredAt,
    duration: schedule.duration ?? numberIn(payload.duration) ?? 0,
    chargingRateUnit: schedule.unit,
    periods: [...schedule.periods],
    ...sourceOf(command),
  };
}

function periodIn(period: Record<string, unknown>): SchedulePeriod | undefined {
  const [startPeriod, limit] = [numberIn(period.startPeriod), numberIn(period.limit)];
  if (startPeriod === undefined || limit === undefined) return undefined;
  const numberPhases = numberIn(period.numberPhases);
  return { startPeriod, limit, ...(numberPhases === undefined ? {} : { numberPhases }) };
}

/** Stations send numbers as text. */
function numberIn(value: unknown): number | undefined {
  if (typeof value === 'string') return parseDecimal(value) ?? undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Commands that waited for stations which come back together: received by each once and in order, and ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { percentiles } from '../percentiles.ts';
import { progress } from '../progress.ts';
import type { CommandedStation, Target } from './target.ts';

export interface OfflineOptions {
  stations: number;
  /** Commands for each. */
  each: number;
  /** Seconds within which all of them connect. */
  within: number;
}

const PREFIX = 'OFFLINE-';
/** A command that has not ended by then, since the first station came back, is missing. */
const GIVEN_UP_MS = 5 * 60_000;
/** After the last command has ended: what is sent twice may come late. */
const QUIET_MS = 3_000;

export async function offline(target: Target, { stations: count, each, within }: OfflineOptions) {
  const commands = count * each;
  progress(`booting ${count} stations`);
  const stations = await target.bootStations(PREFIX, count);
  await target.takeOffline(PREFIX, stations);

  const queueing = performance.now();
  const repeats = await target.queue(stations, each, (n) => progress(`${n} of ${commands} commands are queued`));
  const secondsToQueue = seconds(performance.now() - queueing);

  const began = performance.now();
  const returning = stations.map(async (returned, i) => {
    await sleep((i * within * 1_000) / count);
    const connecting = performance.now();
    await returned.charging.boot();
    return connecting;
  });
  const ending = allEnded(target, stations, { commands, until: began + GIVEN_UP_MS });
  const [ended, connecting] = await Promise.all([ending, Promise.all(returning)]);
  await sleep(QUIET_MS);

  const received = stations.flatMap((returned) => returned.received.map(({ at }) => at));
  const delays = stations.flatMap((returned, i) => returned.received.map(({ at }) => at - (connecting[i] as number)));
  const states = await target.commandStates(PREFIX);
  for (const { station } of stations) station.stop();
  return {
    stations: count,
    commands,
    secondsToQueue,
    repeats,
    received: received.length,
    secondsUntilAllReceived: received.length < commands ? null : seconds(Math.max(...received) - began),
    secondsUntilAllEnded: ended === undefined ? null : seconds(ended - began),
    fromConnectingToReceived: percentiles(delays),
    states,
    faults: faults(stations, each, states),
  };
}

/** When no row is open any more (`performance.now()`); undefined where that is not so in time. */
async function allEnded(
  target: Target,
  stations: readonly CommandedStation[],
  { commands, until }: { commands: number; until: number },
): Promise<number | undefined> {
  while (performance.now() < until) {
    const { completed = 0 } = await target.commandStates(PREFIX);
    if (completed >= commands) return performance.now();
    const received = stations.reduce((sum, returned) => sum + returned.received.length, 0);
    progress(`${received} of ${commands} commands were received, ${completed} have completed`);
    await sleep(100);
  }
  return undefined;
}

/** What the stations received against what was queued for each: `0` to `each - 1`. */
function faults(stations: readonly CommandedStation[], each: number, states: Record<string, number>): string[] {
  const expected = Array.from({ length: each }, (_, i) => String(i)).join(' ');
  const wrong = stations.flatMap(({ station, received }) => {
    const found = received.map(({ label }) => label).join(' ');
    return found === expected ? [] : [`${station.chargePointId}: received "${found}", queued were "${expected}"`];
  });
  const { completed = 0, ...others } = states;
  const commands = stations.length * each;
  if (completed === commands) return wrong;
  return [...wrong, `${completed} of ${commands} rows have completed, the others: ${JSON.stringify(others)}`];
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** What queued commands cost: the state that an actor carries from run to run, and memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { workflowId } from '../../src/temporal/actors.ts';
import { usage } from '../processes.ts';
import { progress } from '../progress.ts';
import { collectGarbage } from './garbage.ts';
import type { CommandedStation, Target } from './target.ts';

export interface MemoryOptions {
  actors: number;
  /** Commands for each. */
  queued: number;
}

const PREFIX = 'MEMORY-';

export async function memory(target: Target, { actors, queued }: MemoryOptions) {
  progress(`booting ${actors} stations`);
  const stations = await target.bootStations(PREFIX, actors);
  await target.takeOffline(PREFIX, stations);
  const before = await sizes(target, stations);

  const commands = actors * queued;
  const began = performance.now();
  const repeats = await target.queue(stations, queued, (n) => progress(`${n} of ${commands} commands are queued`));
  while (((await target.commandStates(PREFIX)).queued ?? 0) < commands) await sleep(200);
  const secondsToQueue = Math.round((performance.now() - began) / 100) / 10;
  const after = await sizes(target, stations);

  const perActor = (grown: number) => Math.round((grown * 1_024) / actors);
  const megabytes = Object.entries(before.megabytes).map(([name, first]) => {
    const last = after.megabytes[name] as number;
    return { name, 'MB with none queued': first, [`MB with ${queued}`]: last, 'KB per actor': perActor(last - first) };
  });
  return {
    actors,
    queued,
    commandsPerSecond: Math.round(commands / secondsToQueue),
    repeats,
    stateBytes: { none: before.stateBytes, queued: after.stateBytes },
    megabytes,
  };
}

async function sizes(target: Target, stations: readonly CommandedStation[]) {
  const { program } = target;
  const [first] = stations as [CommandedStation];
  const stateBytes = await carriedBytes(program.temporalAddress, first.station.chargePointId);
  progress('collecting garbage');
  await collectGarbage(program.pid);
  const megabytes: Record<string, number> = {
    'server (edge, worker, API)': usage(program.pid).megabytes,
    Temporal: usage(await program.embeddedPid('temporal')).megabytes,
    TimescaleDB: usage(await program.embeddedPid('database')).megabytes,
  };
  return { stateBytes, megabytes };
}

/** Of the state as JSON. */
async function carriedBytes(address: string, chargePointId: string): Promise<number> {
  const connection = await Connection.connect({ address });
  try {
    const state = await new Client({ connection }).workflow.getHandle(workflowId(chargePointId)).query('state');
    return Buffer.byteLength(JSON.stringify(state));
  } finally {
    await connection.close();
  }
}

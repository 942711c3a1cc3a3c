import path from 'node:path';
import type { Logger } from 'pino';
import { searchAttributes } from '../../workflows/searchAttributes.ts';
import { databaseUrlOf } from '../config.ts';
import { startDatabase } from './database.ts';
import { assertPortFree } from './ports.ts';
import { endLeftBehind } from './supervise.ts';
import { startTemporal } from './temporal.ts';
import { findTemporalCli } from './temporalCli.ts';

/** Where the servers this program needs are. */
export interface Servers {
  temporalAddress: string;
  /** Only where Temporal is embedded. */
  temporalUi?: string;
  databaseUrl: string;
  /** Ends the embedded ones. */
  stop(): Promise<void>;
}

export interface ServerSettings {
  DATA_DIR: string;
  TEMPORAL_ADDRESS?: string | undefined;
  TEMPORAL_NAMESPACE: string;
  TEMPORAL_PORT: number;
  TEMPORAL_UI_PORT: number;
  DATABASE_URL?: string | undefined;
  DATABASE_PORT: number;
}

/** Starts the servers that the settings do not name; nothing is started before every port is known to be free. */
export async function startServers(
  settings: ServerSettings,
  log: Logger,
  onProgress: (text: string) => void,
): Promise<Servers> {
  const host = '127.0.0.1';
  const temporal = { directory: path.join(settings.DATA_DIR, 'temporal'), host, log };
  const database = { directory: path.join(settings.DATA_DIR, 'database'), host, log };
  if (!settings.DATABASE_URL) {
    await endLeftBehind(database.directory, log);
    await assertPortFree(host, settings.DATABASE_PORT, 'DATABASE_PORT');
  }
  if (!settings.TEMPORAL_ADDRESS) {
    await endLeftBehind(temporal.directory, log);
    await assertPortFree(host, settings.TEMPORAL_PORT, 'TEMPORAL_PORT');
    await assertPortFree(host, settings.TEMPORAL_UI_PORT, 'TEMPORAL_UI_PORT');
  }
  const starting = await Promise.allSettled([
    settings.DATABASE_URL ? undefined : startDatabase({ ...database, port: settings.DATABASE_PORT }),
    settings.TEMPORAL_ADDRESS
      ? undefined
      : findTemporalCli({ log, onProgress }).then((cli) =>
          startTemporal({
            ...temporal,
            port: settings.TEMPORAL_PORT,
            uiPort: settings.TEMPORAL_UI_PORT,
            namespace: settings.TEMPORAL_NAMESPACE,
            searchAttributes,
            cli,
          }),
        ),
  ]);
  const started = starting.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
  const stop = async () => {
    await Promise.all(started.flatMap((each) => (each ? [each.stop()] : [])));
  };
  const failed = starting.find((each) => each.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return {
    temporalAddress: settings.TEMPORAL_ADDRESS ?? `${host}:${settings.TEMPORAL_PORT}`,
    ...(settings.TEMPORAL_ADDRESS ? {} : { temporalUi: `http://${host}:${settings.TEMPORAL_UI_PORT}` }),
    databaseUrl: databaseUrlOf(settings),
    stop,
  };
}

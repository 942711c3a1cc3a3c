import { pino, type Logger } from 'pino';
import type { Settings } from './config.ts';

/** JSON lines on standard error, so that standard output stays for people and scripts. */
export function createLog(settings: Pick<Settings, 'LOG_LEVEL'>): Logger {
  return pino(
    { level: settings.LOG_LEVEL, base: undefined, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}

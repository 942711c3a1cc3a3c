import { pino, type Logger } from 'pino';
import type { Settings } from './config.ts';

/** JSON lines on standard error, so that standard output stays for people and scripts. */
export function createLog(settings: Pick<Settings, 'LOG_LEVEL'>): Logger {
  return pino(
    {
      level: settings.LOG_LEVEL,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** What wraps an error of a query holds the statement and its values, which are nobody's business: its cause stands alone. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (!(error.cause instanceof Error)) return pino.stdSerializers.err(error);
  let root: Error = error.cause;
  while (root.cause instanceof Error) root = root.cause;
  const { name, message } = root;
  return { type: name, message, ...('code' in root ? { code: root.code } : {}) };
}

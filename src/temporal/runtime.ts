import { DefaultLogger, makeTelemetryFilterString, Runtime, type LogLevel } from '@temporalio/worker';
import type { Level, Logger } from 'pino';

/**
 * Installs the SDK's runtime, once per process and before anything connects. Signals stay with the program, which stops
 * its parts in order; the SDK's lines go to the program's log.
 */
export function installRuntime(log: Logger): void {
  const levels: Record<LogLevel, Level> = {
    TRACE: 'trace',
    DEBUG: 'debug',
    INFO: 'debug',
    WARN: 'warn',
    ERROR: 'error',
  };
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      // That is how an edge's worker is meant to be.
      const expected = message.startsWith('No workflows registered');
      log[expected ? 'debug' : levels[level]]({ ...meta }, message);
    }),
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
  });
}

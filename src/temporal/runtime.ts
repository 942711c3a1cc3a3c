import { DefaultLogger, makeTelemetryFilterString, Runtime, type LogLevel } from '@temporalio/worker';
import { createServer, type AddressInfo } from 'node:net';
import type { Level, Logger } from 'pino';

/**
 * Installs the SDK's runtime, once per process and before anything connects. Signals stay with the program, which stops
 * its parts in order; the SDK's lines go to the program's log.
 *
 * @param metricsPort where the SDK's metrics are to be had over HTTP, on the loopback interface; nowhere by default
 */
export function installRuntime(log: Logger, metricsPort?: number): void {
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
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      ...(metricsPort === undefined ? {} : { metrics: { prometheus: { bindAddress: `127.0.0.1:${metricsPort}` } } }),
    },
  });
}

/** For the SDK's metrics: it wants to be told a port, and does not say which one it would take itself. */
export async function freeLoopbackPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

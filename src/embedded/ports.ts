import { createServer } from 'node:net';

/** A port that another process listens on. The message names the setting that changes it. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';

  constructor(host: string, port: number, settingName: string, options?: ErrorOptions) {
    super(
      `${host}:${port} is taken by another process: end that process, or set ${settingName} to a free port.`,
      options,
    );
  }
}

/**
 * Resolves when the port can be listened on. Call it for every port before anything is started or changed.
 * @throws PortTakenError when another process listens there
 * @throws Error when the address cannot be used at all (no such interface, no permission)
 */
export async function assertPortFree(host: string, port: number, settingName: string): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new PortTakenError(host, port, settingName, { cause });
    throw new Error(`Cannot listen on ${host}:${port} (${message}): change ${settingName} or the host.`, { cause });
  }
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

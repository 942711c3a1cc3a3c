import type { Connections } from './connections.ts';
import type { Recorder } from './recorder.ts';

/** Pings are spread over the interval: one timer for all stations, no burst. */
const SLOTS = 8;

/**
 * Pings every station once per interval, and lets those lapse that stay silent. Stations ping seldom or never themselves
 * (https://github.com/lbbrhzn/ocpp/pull/140), and proxies cut quiet connections. uWebSockets.js' own
 * `sendPingsAutomatically` forgives no lost pong. Ends that the journal did not take are tried again on the way.
 *
 * @returns stops it
 */
export function startPings(connections: Connections, recorder: Recorder, intervalMs: number): () => void {
  let slot = 0;
  const timer = setInterval(() => {
    slot = (slot + 1) % SLOTS;
    recorder.retryKept();
    // Closing a socket removes its connection from the map under iteration, which a Map's iterator allows.
    for (const connection of connections.all()) if (connection.number % SLOTS === slot) connection.ping();
  }, intervalMs / SLOTS);
  return () => clearInterval(timer);
}

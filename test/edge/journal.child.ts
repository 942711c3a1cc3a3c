/** Appends without end, and says on stdout which events were reported as flushed. To be killed. */
import { pino } from 'pino';
import { Journal } from '../../src/edge/journal.ts';

const [directory = '', stations = '10'] = process.argv.slice(2);
const journal = Journal.open({ directory, maxBytes: 1e9, log: pino({ level: 'silent' }) });
const receivedAt = new Date().toISOString();
journal.onFlushed((chargePointId, event) => process.stdout.write(`${chargePointId} ${event.seq}\n`));
for (let station = 0; station < Number(stations); station++) {
  const common = { receivedAt, connection: `${journal.id}-${station}` };
  journal.append(`CP${station}`, {
    kind: 'connected',
    ...common,
    taskQueue: 'edge',
    remoteAddress: '127.0.0.1',
    protocol: 'ocpp1.6',
  });
}
function appendSome(): void {
  for (let count = 0; count < 50; count++) {
    const station = Math.floor(Math.random() * Number(stations));
    const common = { receivedAt, connection: `${journal.id}-${station}` };
    journal.append(`CP${station}`, { kind: 'malformed', ...common, raw: 'x'.repeat(200), reason: 'test' });
  }
  setImmediate(appendSome);
}
appendSome();

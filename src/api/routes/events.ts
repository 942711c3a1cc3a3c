import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { isEventPosition, type FeedEvent } from '../../../drizzle/queries/events.ts';
import { EventFeed } from '../../operators/eventFeed.ts';
import type { ApiParts, App } from '../app.ts';
import { chargePointId } from '../fields.ts';
import { ProblemError, problems } from '../problem.ts';

const MOST_CLIENTS = 100;
/** A client that has not read so many bytes is cut off: it resumes where it was. */
const MOST_BACKLOG = 1_048_576;
const KEEP_ALIVE_MS = 15_000;
const POSITION_EXPECTED = 'expected the id of an event, like 1234-5';

const position = z.string().refine(isEventPosition, POSITION_EXPECTED).optional();
const query = z.object({
  chargePointId: chargePointId.optional(),
  kind: z.enum(['presence', 'status', 'transaction', 'command', 'meterValues']).optional(),
  lastEventId: position.describe('As the header Last-Event-ID'),
});

/** What changes, as it changes: server-sent events. */
export function eventRoutes(app: App, { database, log, stopping }: ApiParts): void {
  const feed = new EventFeed({ database, log });
  const clients = new Set<ServerResponse>();
  stopping.addEventListener('abort', () => clients.forEach((client) => client.end()), { once: true });

  app.get(
    '/v1/events',
    {
      schema: {
        tags: ['events'],
        operationId: 'followEvents',
        summary: 'Follow what changes (server-sent events)',
        description:
          'Each event has as its name the kind, as its id `<xid>-<id>`, and as its data {at, chargePointId, kind, data}: the row as it is after the change. With Last-Event-ID it goes on exactly after that event, as far back as 7 days; `gap` tells that some may be missing. Without it: from now.',
        querystring: query,
        headers: z.object({ 'last-event-id': position.describe('Go on after this event') }),
        response: {
          200: { description: 'Never ends', content: { 'text/event-stream': { schema: z.string() } } },
          ...problems,
        },
      },
    },
    (request, reply) => {
      if (clients.size >= MOST_CLIENTS) {
        const detail = `${MOST_CLIENTS} clients follow the events of this process already`;
        throw new ProblemError(503, 'too many clients', detail, { retryAfterSeconds: 30 });
      }
      const { lastEventId, ...filter } = request.query;
      const after = request.headers['last-event-id'] ?? lastEventId;
      const client = reply.raw;
      reply.hijack();
      client.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        // nginx would keep it back.
        'X-Accel-Buffering': 'no',
      });
      client.write(': follow\n\n');
      clients.add(client);

      const subscription = feed.subscribe({
        filter,
        after,
        onStart(start, gap) {
          // An id without data is remembered by clients all the same: what resumes after a quiet time resumes here.
          if (!gap) write(client, `id: ${start}\n\n`);
          else write(client, `event: gap\nid: ${start}\ndata: ${JSON.stringify({ after })}\n\n`);
        },
        onEvents: (events) => send(client, events),
      });
      const keepAlive = setInterval(() => {
        const id = subscription.position ? `id: ${subscription.position}\n` : '';
        write(client, `: ${new Date().toISOString()}\n${id}\n`);
        request.stillAllowed().then(
          (allowed) => allowed || client.end(),
          () => {},
        );
      }, KEEP_ALIVE_MS);
      // What is written in the moment of its end is nobody's loss: the client resumes.
      client.on('error', () => {});
      client.once('close', () => {
        clearInterval(keepAlive);
        subscription.end();
        clients.delete(client);
      });
    },
  );
}

function write(client: ServerResponse, text: string): void {
  if (!client.writableEnded) client.write(text);
}

/** Resolves when the client can take more. */
async function send(client: ServerResponse, events: FeedEvent[]): Promise<void> {
  // What was written before, a while ago: how long these events are says nothing about the client.
  if (client.writableLength > MOST_BACKLOG) client.destroy();
  if (client.destroyed || client.writableEnded || client.write(events.map(asText).join(''))) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      client.off('drain', done).off('close', done);
      resolve();
    };
    client.on('drain', done).on('close', done);
  });
}

function asText({ position: id, kind, at, chargePointId: station, data }: FeedEvent): string {
  return `event: ${kind}\nid: ${id}\ndata: ${JSON.stringify({ at, chargePointId: station, kind, data })}\n\n`;
}

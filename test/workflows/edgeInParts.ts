import { pino } from 'pino';
import { createEdgeActivities } from '../../activities/createActivities.ts';
import { Outbox } from '../../src/edge/outbox.ts';
import { createActors } from '../../src/temporal/actors.ts';
import type { Temporal } from '../../src/temporal/connection.ts';
import { createEdgeWorker } from '../../src/temporal/worker.ts';
import { startTestEdge, type TestEdge } from '../edge/edge.ts';

/** A real edge with its sockets, whose deliveries and whose task queue can be stopped by themselves. */
export interface EdgeInParts {
  readonly test: TestEdge;
  readonly outbox: Outbox;
  /** From now on it takes CALLs to its stations, and says whether it holds their sockets. */
  serve(): Promise<void>;
  /** Whether its deliveries fail, as if Temporal were away. */
  hold(isHeld: boolean): void;
  close(): Promise<void>;
}

/** @param delivered what is delivered instead of a batch of events (JSON) */
export async function startEdgeInParts(
  temporal: Temporal,
  delivered: (batch: string) => Promise<string> = (batch) => Promise.resolve(batch),
): Promise<EdgeInParts> {
  const test = await startTestEdge();
  const actors = createActors(temporal);
  let isHeld = false;
  let stopServing: (() => Promise<void>) | undefined;
  const outbox = new Outbox({
    journal: test.journal,
    deliver: async (chargePointId, batch, options) => {
      if (isHeld) throw new Error('held back');
      await actors.deliver(chargePointId, await delivered(batch), options);
    },
    log: pino({ level: 'silent' }),
  });
  outbox.start();
  return {
    test,
    outbox,
    hold: (held) => {
      isHeld = held;
    },
    serve: async () => {
      const worker = await createEdgeWorker(temporal, test.edge.taskQueue, createEdgeActivities(test.edge));
      const running = worker.run();
      stopServing = async () => {
        worker.shutdown();
        await running;
      };
    },
    close: async () => {
      await stopServing?.();
      await outbox.stop();
      await test.close();
    },
  };
}

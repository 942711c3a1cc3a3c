/** Events of one station as its edge would journal them, for tests of the reducers. */
import type { EventBatch, Message, StationEvent } from '../../workflows/events.ts';
import { born, changes, reduceBatch, type ActorState } from '../../workflows/state/actor.ts';
import type { JudgedEvent } from '../../workflows/state/model.ts';

type Content = { connection?: string; receivedAt?: string } & Record<string, unknown>;

export class Station {
  state: ActorState = { ...born('CP1', EMPTY, { transactionEndGraceMs: 900_000 }), reducers: 5 };
  seq = 0;
  now = Date.parse('2026-03-01T12:00:00.000Z');
  connection = '1-1';
  judged: JudgedEvent[] = [];

  wait(ms: number): this {
    this.now += ms;
    return this;
  }

  get instant(): string {
    return new Date(this.now).toISOString();
  }

  event(kind: StationEvent['kind'], content: Content = {}): StationEvent {
    this.seq += 1;
    this.now += 1;
    return { kind, seq: this.seq, receivedAt: this.instant, connection: this.connection, ...content } as StationEvent;
  }

  connects(connection: string): this {
    this.connection = connection;
    return this.say(this.event('connected', { taskQueue: 'edge-1', remoteAddress: '127.0.0.1', protocol: 'ocpp1.6' }));
  }

  disconnects(): this {
    return this.say(this.event('disconnected', { code: 1006, reason: '' }));
  }

  message(action: string, payload: Record<string, unknown>, more: Partial<Message> = {}): Message {
    const content = { messageId: `m${this.seq}`, action, payload, answer: { result: {} }, at: this.instant, ...more };
    return this.event('message', content) as Message;
  }

  boots(): this {
    const payload = { chargePointVendor: 'Maker', chargePointModel: 'One' };
    return this.say(this.message('BootNotification', payload, { answer: { result: { status: 'Accepted' } } }));
  }

  status(status: string, connectorId = 1, at = this.instant): this {
    return this.say(this.message('StatusNotification', { connectorId, status, errorCode: 'NoError' }, { at }));
  }

  starts(
    transactionId: number,
    more: { meterStart?: number; at?: string; connectorId?: number; idTag?: string } = {},
  ): this {
    const { meterStart = 100, at = this.instant, connectorId = 1, idTag = 'TAG' } = more;
    const answer = { result: { transactionId, idTagInfo: { status: 'Accepted' } } };
    return this.say(
      this.message('StartTransaction', { connectorId, idTag, meterStart, timestamp: at }, { answer, at }),
    );
  }

  stops(transactionId: number, meterStop: number, more: Partial<Message> & { idTag?: string } = {}): this {
    const { idTag, ...rest } = more;
    const payload = { transactionId, meterStop, timestamp: this.instant, ...(idTag ? { idTag } : {}) };
    return this.say(this.message('StopTransaction', payload, rest));
  }

  meters(transactionId: number, wh: number, more: Partial<Message> = {}): this {
    const sampledValue = [{ value: String(wh) }];
    const meterValue = [{ timestamp: this.instant, at: this.instant, sampledValue }];
    return this.say(this.message('MeterValues', { connectorId: 1, transactionId, meterValue }, more));
  }

  say(...events: StationEvent[]): this {
    return this.sayIn(1, ...events);
  }

  /** As events of another journal. */
  sayIn(journal: number, ...events: StationEvent[]): this {
    const batch: EventBatch = { journal, after: events[0]!.seq - 1, events };
    const before = this.state;
    const reduced = reduceBatch(before, batch);
    this.judged.push(...reduced.judged);
    this.state = changes(before, reduced.state, this.now).state;
    return this;
  }
}

const EMPTY = {
  chargePoint: null,
  cursors: {},
  openConnections: [],
  connectors: [],
  transactions: [],
  commands: [],
  heard: [],
  version: 0,
};

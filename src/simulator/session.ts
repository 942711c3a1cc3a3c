import type { Reply, Station } from './station.ts';

/** What a station was answered, to be held against the database. */
export interface Ledger {
  /** Each answered MeterValues: time of its reading and register value. */
  meterValues: { chargePointId: string; at: string; wh: number; transactionId: number }[];
  statusNotifications: { chargePointId: string; at: string; connectorId: number; status: string }[];
  transactions: {
    chargePointId: string;
    transactionId: number;
    startedAt: string;
    meterStart: number;
    /** Absent while its StopTransaction is not answered. */
    meterStop?: number;
  }[];
  /** CALLs answered, by action. */
  answered: Record<string, number>;
  /** Answers that were no CALLRESULT. */
  refused: string[];
}

export function newLedger(): Ledger {
  return { meterValues: [], statusNotifications: [], transactions: [], answered: {}, refused: [] };
}

export interface SessionOptions {
  idTag: string;
  connectorId?: number;
  /** MeterValues per transaction, of two samples each. */
  meterValues?: number;
  /** Mean wait before each message (ms). */
  paceMs?: number;
  /** From 0 to below 1: how long a wait is. */
  random?: () => number;
  /** Told the time each answer took (ms). */
  onAnswer?: (action: string, ms: number) => void;
  /** Asked before each message: whether to go on to the end of the session without delay. */
  until?: () => boolean;
}

/** Charges on a station again and again: Authorize, Start, MeterValues, Stop, a Heartbeat for every five messages. */
export class Charging {
  readonly #station: Station;
  readonly #ledger: Ledger;
  readonly #options: Required<SessionOptions>;
  #wh = 0;
  #clock = 0;
  #messages = 0;

  constructor(station: Station, ledger: Ledger, options: SessionOptions) {
    this.#station = station;
    this.#ledger = ledger;
    this.#options = {
      connectorId: 1,
      meterValues: 10,
      paceMs: 0,
      random: Math.random,
      onAnswer: () => {},
      until: () => false,
      ...options,
    };
  }

  async boot(): Promise<void> {
    await this.#call('BootNotification', {
      chargePointVendor: 'Simulated',
      chargePointModel: 'One',
      firmwareVersion: '1.0',
    });
    await this.status('Available');
  }

  async status(status: string): Promise<void> {
    const { connectorId } = this.#options;
    const timestamp = this.#now();
    await this.#call('StatusNotification', { connectorId, status, errorCode: 'NoError', timestamp });
    const { chargePointId } = this.#station;
    this.#ledger.statusNotifications.push({ chargePointId, at: timestamp, connectorId, status });
  }

  /** One transaction, from the card to the stop; in the ledger as far as it was answered. */
  async transaction(): Promise<void> {
    const { chargePointId } = this.#station;
    const { connectorId, idTag, meterValues, until } = this.#options;
    await this.#call('Authorize', { idTag });
    const startedAt = this.#now();
    const meterStart = this.#wh;
    const reply = await this.#call('StartTransaction', { connectorId, idTag, meterStart, timestamp: startedAt });
    const transactionId = ('result' in reply ? reply.result.transactionId : -1) as number;
    const entry: Ledger['transactions'][number] = { chargePointId, transactionId, startedAt, meterStart };
    this.#ledger.transactions.push(entry);
    for (let i = 0; i < meterValues && !until(); i++) {
      this.#wh += 100 + i;
      const at = this.#now();
      const sampledValue = [
        { value: String(this.#wh), measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
        { value: '7.36', measurand: 'Power.Active.Import', unit: 'kW' },
      ];
      await this.#call('MeterValues', { connectorId, transactionId, meterValue: [{ timestamp: at, sampledValue }] });
      this.#ledger.meterValues.push({ chargePointId, at, wh: this.#wh, transactionId });
    }
    const meterStop = this.#wh;
    await this.#call('StopTransaction', { transactionId, idTag, meterStop, timestamp: this.#now(), reason: 'Local' });
    entry.meterStop = meterStop;
  }

  async #call(action: string, payload: unknown): Promise<Reply> {
    const { paceMs, random, onAnswer } = this.#options;
    if (paceMs > 0) await new Promise((resolve) => setTimeout(resolve, paceMs * (0.5 + random())));
    const began = performance.now();
    const reply = await this.#station.call(action, payload);
    onAnswer(action, performance.now() - began);
    this.#ledger.answered[action] = (this.#ledger.answered[action] ?? 0) + 1;
    if ('error' in reply) this.#ledger.refused.push(`${action}: ${reply.error} ${reply.description}`);
    this.#messages += 1;
    if (this.#messages % 5 === 0 && action !== 'Heartbeat') await this.#call('Heartbeat', {});
    return reply;
  }

  /** The station's clock: UTC, no two readings alike. */
  #now(): string {
    this.#clock = Math.max(Date.now(), this.#clock + 1);
    return new Date(this.#clock).toISOString();
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { Charging, newLedger, type Ledger, type SessionOptions } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { Program } from '../../test/support/program.ts';

/** What a submitted command was answered with. */
export interface Answer {
  /** 200: it has ended within the time that was to be waited; 202: it is queued. */
  status: number;
  /** Requests that were answered 503 and made again under the same command id. */
  repeats: number;
}

const TOKEN = 'bench-commands-token';
const REPEATS_MOST = 20;
/** Submissions under way at a time where many are made. */
const SUBMITTING = 32;

/** The program under measurement: its stations, its REST API as an operator uses it, and its rows. */
export class Target {
  readonly program: Program;
  readonly sql: postgres.Sql;
  readonly #stations: CommandedStation[] = [];

  private constructor(program: Program) {
    this.program = program;
    this.sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
  }

  static async start(nodeOptions: string[]): Promise<Target> {
    // Room for the actors of all parts: one that has to be replayed for its next command would be measured otherwise.
    const environment = { UNKNOWN_ID_TAGS: 'accept', OPERATOR_TOKEN: TOKEN, MAX_CACHED_WORKFLOWS: '20000' };
    const program = await Program.create({ environment, nodeOptions });
    try {
      await program.start();
      return new Target(program);
    } catch (error) {
      await program.dispose();
      throw error;
    }
  }

  /** Stations `<prefix>00000` and on, booted and known to their actors. */
  async bootStations(
    prefix: string,
    count: number,
    { ledger = newLedger(), ...session }: Partial<SessionOptions> & { ledger?: Ledger } = {},
  ): Promise<CommandedStation[]> {
    const stations = Array.from({ length: count }, (_, i) => {
      const chargePointId = `${prefix}${String(i).padStart(5, '0')}`;
      return new CommandedStation(this.program.url, chargePointId, ledger, { idTag: `TAG${i}`, ...session });
    });
    this.#stations.push(...stations);
    await Promise.all(stations.map(({ charging }) => charging.boot()));
    while ((await this.#statuses(prefix)) < count) await sleep(200);
    return stations;
  }

  /** Closes their connections; resolves when their actors know. */
  async takeOffline(prefix: string, stations: readonly CommandedStation[]): Promise<void> {
    for (const { station } of stations) station.close();
    for (;;) {
      const [row] = await this.sql<{ online: number }[]>`
        SELECT count(*)::int AS online FROM charge_point WHERE starts_with(charge_point_id, ${prefix}) AND online`;
      if (row?.online === 0) return;
      await sleep(200);
    }
  }

  /** Queues DataTransfer `label`; with `waitSeconds` the request waits for its end. */
  async submit(chargePointId: string, label: string, waitSeconds?: number): Promise<Answer> {
    const url = `http://127.0.0.1:${this.program.ports.api}/v1/charge-points/${chargePointId}/commands`;
    const payload = { vendorId: 'org.example.bench', data: label };
    const body = JSON.stringify({ action: 'DataTransfer', payload, commandId: label });
    const headers = {
      Authorization: `Bearer ${TOKEN}`,
      'Content-Type': 'application/json',
      ...(waitSeconds === undefined ? {} : { Prefer: `wait=${waitSeconds}` }),
    };
    for (let repeats = 0; ; repeats++) {
      const response = await fetch(url, { method: 'POST', headers, body });
      const text = await response.text();
      if (response.ok) return { status: response.status, repeats };
      if (response.status !== 503 || repeats >= REPEATS_MOST) throw new Error(`${url}: ${response.status} ${text}`);
      await sleep(500);
    }
  }

  /** Queues `0` to `each - 1` for every station, in this order; resolves to how many requests had to be repeated. */
  async queue(
    stations: readonly CommandedStation[],
    each: number,
    onQueued: (commands: number) => void,
  ): Promise<number> {
    const waiting = stations[Symbol.iterator]();
    let queued = 0;
    let repeats = 0;
    const submitting = async () => {
      for (const { station } of waiting) {
        for (let i = 0; i < each; i++) {
          repeats += (await this.submit(station.chargePointId, String(i))).repeats;
          queued += 1;
        }
        onQueued(queued);
      }
    };
    await Promise.all(Array.from({ length: SUBMITTING }, submitting));
    return repeats;
  }

  /** Rows of commands to stations whose ids begin so, by state. */
  async commandStates(prefix: string): Promise<Record<string, number>> {
    const rows = await this.sql<{ state: string; n: number }[]>`
      SELECT state, count(*)::int AS n FROM command WHERE starts_with(charge_point_id, ${prefix}) GROUP BY state`;
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  }

  async dispose(): Promise<void> {
    for (const { station } of this.#stations) station.stop();
    await this.sql.end({ timeout: 5 });
    await this.program.dispose();
  }

  async #statuses(prefix: string): Promise<number> {
    const [row] = await this.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM status_notification WHERE starts_with(charge_point_id, ${prefix})`;
    return row?.n ?? 0;
  }
}

/** A station that answers each DataTransfer at once, and keeps which came, and when. */
export class CommandedStation {
  readonly station: Station;
  readonly charging: Charging;
  /** In the order of arrival; `at`: `performance.now()`. */
  readonly received: { label: string; at: number }[] = [];
  readonly #awaited = new Map<string, (at: number) => void>();

  constructor(url: string, chargePointId: string, ledger: Ledger, session: SessionOptions) {
    const onCall = (action: string, { data }: Record<string, unknown>) => {
      if (action === 'DataTransfer') this.#heard(String(data), performance.now());
      return { status: 'Accepted' };
    };
    this.station = new Station({ url, chargePointId, answerTimeoutMs: 30_000, onCall });
    this.charging = new Charging(this.station, ledger, session);
  }

  /** When `label`, asked for next, has come (`performance.now()`). */
  next(label: string): Promise<number> {
    return new Promise((resolve) => this.#awaited.set(label, resolve));
  }

  #heard(label: string, at: number): void {
    this.received.push({ label, at });
    this.#awaited.get(label)?.(at);
    this.#awaited.delete(label);
  }
}

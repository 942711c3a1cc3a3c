import { inject } from 'vitest';
import postgres from 'postgres';
import { WebSocket } from 'ws';
import { Station, type StationOptions } from '../../src/simulator/station.ts';
import { Program } from '../support/program.ts';

export const OPERATOR_TOKEN = 'operator-token-of-the-test-run';

export interface Answer {
  status: number;
  headers: Headers;
  /** JSON where it is, else text. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what it is like is what tests find out
  body: any;
}

export interface RequestOptions {
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

/** The whole program on the servers of the test run, and who calls its API. */
export class ApiTest {
  readonly program: Program;
  readonly sql: postgres.Sql;
  readonly #stations: Station[] = [];

  private constructor(program: Program) {
    this.program = program;
    this.sql = postgres(program.databaseUrl, { max: 1, fetch_types: false, prepare: false });
  }

  static async start(environment: Record<string, string> = {}): Promise<ApiTest> {
    const program = await Program.create({
      temporalAddress: inject('temporalAddress'),
      databaseUrl: inject('databaseUrl'),
      environment: { OPERATOR_TOKEN, ...environment },
    });
    await program.start();
    return new ApiTest(program);
  }

  async dispose(): Promise<void> {
    for (const station of this.#stations) station.stop();
    await this.program.dispose();
    await this.sql.end();
  }

  get url(): string {
    return `http://127.0.0.1:${this.program.ports.api}`;
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { token = OPERATOR_TOKEN, body, headers = {} } = options;
    const isText = typeof body === 'string';
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': isText ? 'text/csv' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
  }

  get(path: string, options?: RequestOptions): Promise<Answer> {
    return this.request('GET', path, options);
  }

  /** All items of a list, page by page. */
  async all(
    path: string,
    limit: number,
    between: () => Promise<unknown> = async () => {},
  ): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    for (let after = ''; ;) {
      const { status, body } = await this.get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${after}`);
      if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
      items.push(...(body.items as Record<string, unknown>[]));
      if (body.next === null) return items;
      after = `&after=${encodeURIComponent(body.next as string)}`;
      await between();
    }
  }

  station(chargePointId: string, options: Partial<StationOptions> = {}): Station {
    const station = new Station({ url: this.program.url, chargePointId, ...options });
    this.#stations.push(station);
    return station;
  }

  /** What a station is told that tries to connect with this password: an HTTP status, 101 where it is let in. */
  knocks(chargePointId: string, password: string | Buffer): Promise<number> {
    const credentials = Buffer.concat([Buffer.from(`${chargePointId}:`), Buffer.from(password as string)]);
    const headers = { Authorization: `Basic ${credentials.toString('base64')}` };
    const socket = new WebSocket(`${this.program.url}/${chargePointId}`, 'ocpp1.6', { headers });
    return new Promise((resolve, reject) => {
      socket.on('open', () => {
        socket.close();
        resolve(101);
      });
      socket.on('unexpected-response', (_request, { statusCode }) => {
        socket.terminate();
        resolve(statusCode ?? 0);
      });
      socket.on('error', reject);
    });
  }
}

let ids = 0;
/** The database is shared by all test files. */
export function newId(name: string): string {
  return `api-${name}-${Date.now().toString(36)}-${++ids}`;
}

export const boot = { chargePointVendor: 'Simulated', chargePointModel: 'One', firmwareVersion: '1.0' };

import { mkdirSync } from 'node:fs';
import type { Logger } from 'pino';
import { Store } from '../storage/store.ts';
import type { ChargePoint } from '../../workflows/state/model.ts';
import type { Instant } from '../../workflows/events.ts';
import { Replica, type ReplicaTimes } from './replica.ts';

/** Who may charge. */
export interface IdTagRow {
  /** Upper case of `idTag`: idTags are compared without regard to case (OCPP 1.6 §7.28). */
  key: string;
  /** As it was entered. */
  idTag: string;
  /** Accepted, Blocked, Expired or Invalid (OCPP 1.6 §7.2). */
  status: string;
  expiryDate: Instant | null;
  parentIdTag: string | null;
  /** While it charges at one place a start elsewhere is answered ConcurrentTx. */
  singleTransaction: boolean;
  deleted: boolean;
}

/** What operators have decided about a charge point. */
export interface ChargePointEntry {
  chargePointId: string;
  registration: NonNullable<ChargePoint['registration']>;
  /** Seconds; null: the edge's default. */
  heartbeatInterval: number | null;
  /** See src/security/passwords.ts; null: none is asked for. */
  passwordHash: string | null;
  /** AuthorizationKeys on their way to it, which count as well; absent in what an earlier version has read. */
  nextPasswords?: { commandId: string; passwordHash: string }[];
  deleted: boolean;
}

/** See ReplicaReads for what each one has to give. */
export interface DirectoryReads {
  readIdTagPage: (after: string | null, limit: number) => Promise<IdTagRow[]>;
  readIdTagChanges: (mark: string | null) => Promise<{ rows: IdTagRow[]; mark: string }>;
  findIdTags: (keys: string[]) => Promise<IdTagRow[]>;
  readChargePointPage: (after: string | null, limit: number) => Promise<ChargePointEntry[]>;
  readChargePointChanges: (mark: string | null) => Promise<{ rows: ChargePointEntry[]; mark: string }>;
  findChargePoints: (chargePointIds: string[]) => Promise<ChargePointEntry[]>;
}

/** A row, or that there is none, or that nobody can say now; a promise only where the database has to be asked. */
export type Looked<Row> = Row | undefined | 'unavailable' | Promise<Row | undefined | 'unavailable'>;

const TIMES: ReplicaTimes = { changes: 2_000, everything: 3_600_000, missing: 5_000, find: 2_000 };
/** Address space, not disk: a million tags are about 300 MB. */
const MAP_BYTES = 4 * 1024 ** 3;

/**
 * Id tags and charge points as the edge sees them: a replica on the edge's disk, at most some seconds behind the
 * database, and what is known when the database is away.
 */
export class Directory {
  readonly #store: Store;
  readonly #idTags: Replica<IdTagRow>;
  readonly #chargePoints: Replica<ChargePointEntry>;

  static open(options: {
    directory: string;
    reads: DirectoryReads;
    log: Logger;
    times?: Partial<ReplicaTimes>;
  }): Directory {
    mkdirSync(options.directory, { recursive: true });
    const store = Store.open({ directory: options.directory, mapBytes: MAP_BYTES, log: options.log });
    return new Directory(store, options);
  }

  private constructor(store: Store, options: { reads: DirectoryReads; log: Logger; times?: Partial<ReplicaTimes> }) {
    const { reads, log } = options;
    const times = { ...TIMES, ...options.times };
    this.#store = store;
    this.#idTags = new Replica<IdTagRow>({
      name: 'idTags',
      keyOf: (row) => row.key,
      reads: { page: reads.readIdTagPage, changes: reads.readIdTagChanges, find: reads.findIdTags },
      store,
      log,
      times,
    });
    this.#chargePoints = new Replica<ChargePointEntry>({
      name: 'chargePoints',
      keyOf: (row) => row.chargePointId,
      reads: { page: reads.readChargePointPage, changes: reads.readChargePointChanges, find: reads.findChargePoints },
      store,
      log,
      times,
    });
  }

  /** A snapshot exists or the database answers: stations can be served. */
  get ready(): boolean {
    return this.#idTags.ready && this.#chargePoints.ready;
  }

  /** Since when and why the database does not answer; undefined while it does. */
  get away(): { since: Date; reason: string } | undefined {
    return this.#chargePoints.away ?? this.#idTags.away;
  }

  idTag(idTag: string): Looked<IdTagRow> {
    return this.#idTags.get(idTag.toUpperCase());
  }

  chargePoint(chargePointId: string): Looked<ChargePointEntry> {
    return this.#chargePoints.get(chargePointId);
  }

  /** As the database has it now, where it answers: an approval of this second counts. */
  newestChargePoint(chargePointId: string): Looked<ChargePointEntry> {
    return this.#chargePoints.newest(chargePointId);
  }

  /** Called with what operators have changed, as this edge hears of it. */
  onChargePointsChanged(listener: (rows: ChargePointEntry[]) => void): void {
    this.#chargePoints.onChanged(listener);
  }

  /** Begins to follow the database, in the background. */
  start(): void {
    this.#idTags.start();
    this.#chargePoints.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#idTags.stop(), this.#chargePoints.stop()]);
    await this.#store.close();
  }
}

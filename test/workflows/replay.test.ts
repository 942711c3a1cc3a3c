import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { register } from 'tsx/cjs/api';
import { beforeAll, describe, expect, it } from 'vitest';
import { payloadConverterPath } from '../../src/temporal/connection.ts';

const directory = fileURLToPath(new URL('../histories/', import.meta.url));
const recorded = readdirSync(directory).filter((name) => name.endsWith('.json.gz'));

// The SDK loads the payload converter with require.
register();
Runtime.install({ logger: new DefaultLogger('ERROR') });

let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    payloadConverterPath,
  });
});

describe('workflow code', () => {
  it('has histories to replay', () => {
    expect(recorded.length).toBeGreaterThanOrEqual(5);
  });

  it.each(recorded)('replays %s', async (name) => {
    const history = historyFromJSON(JSON.parse(gunzipSync(readFileSync(directory + name)).toString()));
    const options = { workflowBundle, dataConverter: { payloadConverterPath } };
    const workflowId = `charge-point/${name}`;
    await expect(Worker.runReplayHistory(options, history, workflowId)).resolves.toBeUndefined();
  });
});

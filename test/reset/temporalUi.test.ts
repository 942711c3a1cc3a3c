import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId, ResetTest, type TestStation } from './support.ts';

let test: ResetTest;
let station: TestStation;
beforeAll(async () => {
  test = await ResetTest.start();
  station = test.station(newId('ui'));
  await station.boot();
  await station.call('StatusNotification', { connectorId: 1, status: 'Available', errorCode: 'NoError' });
  await test.isKnown(station);
  await test.ocppActors('reset', station.chargePointId, '--type', 'Hard', '--requested-by', 'Ada');
}, 120_000);
afterAll(() => test.dispose());

const handle = () => test.client.workflow.getHandle(`charge-point/${station.chargePointId}`);

interface Metadata {
  currentDetails: string;
  definition: Record<'signalDefinitions' | 'queryDefinitions' | 'updateDefinitions', Definition[]>;
}
interface Definition {
  name?: string;
  description?: string;
}

it('current details tell the station in plain words', async () => {
  await test.becomes(station.chargePointId, [{ state: 'answered' }]);
  const { currentDetails } = await handle().query<Metadata>('__temporal_workflow_metadata');
  const text = currentDetails.replaceAll('\u00A0', ' ');
  for (const words of [
    /^### reset-ui-\S+: \*\*online\*\* since \d+ \w{3} \d{4} [\d:]{8}$/m,
    /^Simulated One, firmware 1\.0, registration accepted, last boot \d+ \w{3} \d{4} [\d:]{8}$/m,
    /^\| 1 +\| Available +\| NoError +\|/m,
    /^\| Reset Hard +\| answered +\| Accepted +\| .* by Ada \(\S+\), cli +\|$/m,
    /^\| \d+ \w{3} \d{4} [\d:]{8} +\| Reset answered: Accepted +\|$/m,
    /To reset the charge point: \*More Actions\*, \*Send a Signal\*, `reset`, data `{"type":"Soft"}`/,
  ]) {
    expect(text).toMatch(words);
  }
});

it('every handler says what it takes', async () => {
  const { definition } = await handle().query<Metadata>('__temporal_workflow_metadata');
  const described = Object.values(definition)
    .flat()
    .filter(({ name }) => name && !name.startsWith('__'));
  const names = new Set(described.map(({ name }) => name));
  expect(names).toEqual(
    new Set(['reset', 'command', 'events', 'registration', 'submit', 'cancelCommand', 'state', 'step']),
  );
  for (const { name, description } of described) expect(`${name}: ${description}`).toMatch(/^\w+: .*\w{4,}/);
  const reset = definition.signalDefinitions.find(({ name }) => name === 'reset');
  expect(reset?.description).toContain('{"type":"Hard"}');
});

it('search attributes find the station', async () => {
  const mine = `WorkflowId="charge-point/${station.chargePointId}" AND ExecutionStatus="Running"`;
  const found = async (query: string) => {
    const ids: string[] = [];
    for await (const { workflowId } of test.client.workflow.list({ query: `${mine} AND ${query}` }))
      ids.push(workflowId);
    return ids;
  };
  const finds = (query: string) =>
    expect
      .poll(() => found(query), { timeout: 20_000, interval: 250 })
      .toEqual([`charge-point/${station.chargePointId}`]);
  await finds('Presence="online"');
  await finds('Vendor="Simulated" AND Model="One" AND Firmware="1.0" AND Registration="accepted"');
  expect(await found('Presence="offline"')).toEqual([]);
  station.cut();
  await finds('Presence="offline"');
});

it('the history says what was called at the station', async () => {
  const { events } = await handle().fetchHistory();
  const summaries = (events ?? [])
    .filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'callStation')
    .map((event) => event.userMetadata?.summary)
    .map((summary) => summary && defaultPayloadConverter.fromPayload<string>(summary));
  expect(summaries).toEqual([`call • Reset Hard → ${station.chargePointId}`]);
});

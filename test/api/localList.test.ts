import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Station } from '../../src/simulator/station.ts';
import { ApiTest, boot, newId } from './support.ts';

/** The machine may be busy. */
const WITHIN = { timeout: 20_000 };

let test: ApiTest;
beforeAll(async () => {
  test = await ApiTest.start();
}, 120_000);
afterAll(() => test.dispose());

type Payload = Record<string, unknown>;
type Taken = (payload: Payload) => string | undefined;

/** A station with a local list of its own: it has the version that it accepted last, unless it says another. */
class Listed {
  readonly station: Station;
  /** As `Full 1`, `Differential 2`, or the action. */
  readonly received: string[] = [];
  /** What it answers to a SendLocalList; none: nothing. */
  taken: Taken = () => 'Accepted';
  says: number | undefined;
  #version = 0;

  private constructor(name: string) {
    this.station = test.station(newId(name), { onCall: (action, payload) => this.#answer(action, payload) });
  }

  static async booted(name: string): Promise<Listed> {
    const listed = new Listed(name);
    await listed.station.call('BootNotification', boot);
    await expect.poll(async () => (await test.get(listed.path(''))).status, WITHIN).toBe(200);
    return listed;
  }

  path(rest: string): string {
    return `/v1/charge-points/${this.station.chargePointId}${rest}`;
  }

  put(...idTags: string[]) {
    return test.request('PUT', this.path('/local-list'), { body: { items: idTags.map((idTag) => ({ idTag })) } });
  }

  /** As it is shown. */
  async shown() {
    const { items, version, doubts } = (await test.get(this.path('/local-list'))).body;
    return {
      version: version?.value,
      idTags: items?.map(({ idTag }: { idTag: string }) => idTag),
      doubts: doubts.map(({ about }: { about: string }) => about),
    };
  }

  /** All of its commands that have not ended. */
  async unfinished(): Promise<unknown[]> {
    return (await test.get(this.path('/commands?unfinished=true'))).body.items as unknown[];
  }

  async command(commandId: string) {
    return (await test.get(`/v1/commands/${commandId}`)).body;
  }

  #answer(action: string, payload: Payload): Payload | undefined {
    if (action === 'GetConfiguration') {
      return { configurationKey: [{ key: 'SendLocalListMaxLength', readonly: true, value: '2' }] };
    }
    const { updateType, listVersion } = payload;
    this.received.push(action === 'SendLocalList' ? `${String(updateType)} ${String(listVersion)}` : action);
    if (action === 'GetLocalListVersion') return { listVersion: this.says ?? this.#version };
    const status = this.taken(payload);
    if (status === 'Accepted') this.#version = listVersion as number;
    return status === undefined ? undefined : { status };
  }
}

/** One that has told that it takes two entries at a time. */
async function ofTwo(name: string): Promise<Listed> {
  const listed = await Listed.booted(name);
  await test.request('POST', listed.path('/commands'), { body: { action: 'GetConfiguration', payload: {} } });
  await expect.poll(async () => (await test.get(listed.path('/configuration'))).body.items.length, WITHIN).toBe(1);
  return listed;
}

describe('a local list', () => {
  it('is brought to a station that refuses what has changed in full, and shown as it has it', async () => {
    const listed = await Listed.booted('list');
    listed.taken = ({ updateType }) => (updateType === 'Full' ? 'Accepted' : 'VersionMismatch');
    expect(await listed.put('A', 'B')).toMatchObject({
      status: 202,
      body: { listVersion: 1, commands: [{ queued: true }, { queued: false }], otherwise: [] },
    });
    await expect.poll(() => listed.shown(), WITHIN).toEqual({ version: 1, idTags: ['A', 'B'], doubts: [] });
    await expect.poll(() => listed.unfinished(), WITHIN).toEqual([]);
    expect((await listed.put('B', 'A')).body).toEqual({ listVersion: 1, commands: [], otherwise: [] });
    await listed.put('A', 'C');
    await expect.poll(() => listed.shown(), WITHIN).toEqual({ version: 2, idTags: ['A', 'C'], doubts: [] });
    await expect
      .poll(() => listed.received, WITHIN)
      .toEqual(['Full 1', 'GetLocalListVersion', 'Differential 2', 'Full 2', 'GetLocalListVersion']);
    expect(await listed.put('A', 'a')).toMatchObject({ status: 400, body: { errors: [{ field: 'body.items' }] } });
    const nobody = await test.request('PUT', '/v1/charge-points/NOBODY/local-list', { body: { items: [] } });
    expect(nobody.status).toBe(404);
  });

  it('in parts ends with the part that is refused: what would follow it is never sent, nor there to be shown', async () => {
    const listed = await ofTwo('list-parts');
    listed.taken = ({ listVersion }) => (listVersion === 2 ? 'Failed' : 'Accepted');
    const { body } = await listed.put('A', 'B', 'C', 'D', 'E');
    const [first, second, third, asked] = body.commands as { commandId: string; queued: boolean }[];
    expect(body).toMatchObject({
      listVersion: 3,
      commands: [{ queued: true }, {}, { queued: false }, {}],
      otherwise: [],
    });
    await expect.poll(() => listed.command(second!.commandId), WITHIN).toMatchObject({ state: 'rejected' });
    expect(await listed.command(first!.commandId)).toMatchObject({ state: 'completed' });
    for (const { commandId } of [third!, asked!])
      expect(await listed.command(commandId)).toMatchObject({ status: 404 });
    expect(await listed.unfinished()).toEqual([]);
    expect(await listed.shown()).toEqual({ version: 1, idTags: ['A', 'B'], doubts: [] });
    expect(listed.received).toEqual(['Full 1', 'Differential 2']);
  });

  it('is sent in full, once, where the station has another version in the end', async () => {
    const listed = await Listed.booted('list-version');
    await listed.put('A', 'B', 'C');
    await expect.poll(() => listed.received, WITHIN).toEqual(['Full 1', 'GetLocalListVersion']);
    await expect.poll(() => listed.unfinished(), WITHIN).toEqual([]);
    listed.says = 77;
    const { body } = await listed.put('A', 'B');
    const last = body.otherwise.at(-1).commandId as string;
    await expect
      .poll(() => listed.command(last), WITHIN)
      .toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/77.*2/) as string,
      });
    expect(await listed.unfinished()).toEqual([]);
    const sent = ['Differential 2', 'GetLocalListVersion', 'Full 2', 'GetLocalListVersion'];
    expect(listed.received.slice(2)).toEqual(sent);
  });

  it('is in doubt where it was not answered, and sent in full then', async () => {
    const listed = await Listed.booted('list-lost');
    await listed.put('A', 'B');
    await expect.poll(() => listed.received, WITHIN).toEqual(['Full 1', 'GetLocalListVersion']);
    await expect.poll(() => listed.unfinished(), WITHIN).toEqual([]);
    listed.taken = () => {
      listed.station.cut();
      return undefined;
    };
    const { body } = await listed.put('A', 'C');
    await expect
      .poll(() => listed.command(body.commands[0].commandId as string), WITHIN)
      .toMatchObject({ state: 'connectionLost' });
    const before = { version: 1, idTags: ['A', 'B'] };
    expect(await listed.shown()).toEqual({ ...before, doubts: ['Differential list, version 2'] });
    listed.taken = () => 'Accepted';
    await listed.station.call('Heartbeat', {});
    // It would have that list, were it not for the doubt.
    expect((await listed.put('A', 'B')).body.commands).toHaveLength(2);
    await expect.poll(() => listed.shown(), WITHIN).toEqual({ version: 3, idTags: ['A', 'B'], doubts: [] });
    await expect
      .poll(() => listed.received.slice(2), WITHIN)
      .toEqual(['Differential 2', 'Full 3', 'GetLocalListVersion']);
  });

  it('takes the place of one that is under way, of which nothing more is sent', async () => {
    const listed = await ofTwo('list-again');
    const { station } = listed;
    const held: string[] = [];
    const { onCall } = station.options;
    station.options.onCallFrame = (messageId, action, payload) => {
      const answer = onCall!(action as string, payload as Payload, messageId);
      if (held.length === 0) held.push(JSON.stringify([3, messageId, answer]));
      else station.send(JSON.stringify([3, messageId, answer]));
    };
    await listed.put('A', 'B', 'C', 'D', 'E');
    await expect.poll(() => listed.received, WITHIN).toEqual(['Full 1']);
    expect((await listed.put('X')).body).toMatchObject({ listVersion: 2, otherwise: [] });
    station.send(held[0]!);
    await expect.poll(() => listed.shown(), WITHIN).toEqual({ version: 2, idTags: ['X'], doubts: [] });
    await expect.poll(() => listed.received, WITHIN).toEqual(['Full 1', 'Full 2', 'GetLocalListVersion']);
    await expect.poll(() => listed.unfinished(), WITHIN).toEqual([]);
  });
});

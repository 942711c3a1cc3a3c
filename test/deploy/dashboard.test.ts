import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { Charging, newLedger } from '../../src/simulator/session.ts';
import { Station } from '../../src/simulator/station.ts';
import { Program } from '../support/program.ts';

const OPERATOR_TOKEN = 'only-the-tests-of-metrics-know-this';
const read = (file: string) => readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  targets?: { expr: string; datasource: { uid: string } }[];
}
const dashboard = JSON.parse(read('grafana/dashboards/ocpp-actors.json')) as {
  uid: string;
  schemaVersion: number;
  panels: Panel[];
  templating: { list: { name: string; type: string; query: unknown }[] };
};
const { groups } = parse(read('prometheus/alerts.yml')) as { groups: { rules: { alert: string; expr: string }[] }[] };

let program: Program;
let station: Station;
beforeAll(async () => {
  program = await Program.create({
    temporalAddress: inject('temporalAddress'),
    databaseUrl: inject('databaseUrl'),
    environment: { OPERATOR_TOKEN },
  });
  await program.start();
  station = new Station({ url: program.url, chargePointId: `metrics-${Date.now()}` });
  const charging = new Charging(station, newLedger(), { idTag: 'T1', meterValues: 1 });
  await charging.boot();
  await charging.transaction();
});
afterAll(async () => {
  station.stop();
  await program.dispose();
});

async function metrics(): Promise<string> {
  const headers = { Authorization: `Bearer ${OPERATOR_TOKEN}` };
  const response = await fetch(`http://127.0.0.1:${program.ports.api}/metrics`, { headers });
  expect(response.status).toBe(200);
  return response.text();
}

/** Names of the metrics in a text as Prometheus reads it, those of a histogram's parts too. */
function namesIn(text: string): Set<string> {
  const described = [...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', type]) => {
    return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  });
  return new Set(described);
}

/** Names of the metrics that expressions ask for. */
function namesOf(expressions: string[]): string[] {
  const names = expressions.flatMap(
    (expression) => expression.match(/\b(?:ocpp|temporal|process|nodejs|http)_\w+/g) ?? [],
  );
  return [...new Set(names)].sort();
}

/** Some appear only with what they count: the first workflow task, the first batch stored. */
async function missing(expressions: string[]): Promise<string[]> {
  const shown = namesIn(await metrics());
  return namesOf(expressions).filter((name) => !shown.has(name));
}

const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

describe('the dashboard', () => {
  it('asks only for metrics that the program shows', async () => {
    expect(namesOf(expressions).length).toBeGreaterThan(20);
    await expect.poll(() => missing(expressions), { timeout: 20_000, interval: 250 }).toEqual([]);
  });

  it('shows every metric that the program itself has', async () => {
    const asked = new Set(namesOf(expressions).map((name) => name.replace(/_(bucket|count|sum)$/, '')));
    const own = [...(await metrics()).matchAll(/^# TYPE (ocpp_\w+)/gm)].map(([, name]) => name!);
    expect(own.filter((name) => !asked.has(name))).toEqual([]);
  });

  it('lets choose where the metrics come from', () => {
    const [datasource] = dashboard.templating.list;
    expect(datasource).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    const used = dashboard.panels.flatMap(({ datasource: of, targets = [] }) => [
      of,
      ...targets.map((target) => target.datasource),
    ]);
    for (const of of used) if (of) expect(of.uid).toBe('${datasource}');
  });

  it('has panels that fit in 24 columns, overlap nowhere and say what they show', () => {
    const taken = new Set<string>();
    for (const { id, type, title, description, gridPos } of dashboard.panels) {
      const { x, y, w, h } = gridPos;
      expect({ title, fits: x >= 0 && w > 0 && h > 0 && x + w <= 24 }).toEqual({ title, fits: true });
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          expect({ title, overlaps: taken.has(`${column} ${line}`) }).toEqual({ title, overlaps: false });
          taken.add(`${column} ${line}`);
        }
      }
      if (type !== 'row') expect({ id, description }).toEqual({ id, description: expect.stringMatching(/\.$/) });
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

describe('the alerts', () => {
  const rules = groups.flatMap((group) => group.rules);
  it('ask only for metrics that the program shows', async () => {
    await expect.poll(() => missing(rules.map(({ expr }) => expr)), { timeout: 20_000, interval: 250 }).toEqual([]);
  });

  it('are all explained in docs/operations.md', () => {
    const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    expect(rules.filter(({ alert }) => !text.includes(`\`${alert}\``)).map(({ alert }) => alert)).toEqual([]);
  });
});

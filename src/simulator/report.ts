import type { WriteStream } from 'node:tty';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import type { WrongAnswer } from './answers.ts';
import { misbehaviours } from './misbehaviours/table.ts';
import type { Simulation, Standing } from './simulation.ts';

/** Of wrong answers, as many are shown. */
const SHOWN = 10;
const LINE_EVERY_MS = 5_000;
const BAR_EVERY_MS = 250;

/** Tells how a simulation goes while it runs: on a terminal in place, else a line now and then. Returns how to end it. */
export function follow(simulation: Simulation, seconds: number | undefined, output: WriteStream): () => void {
  const began = Date.now();
  let before = { at: began, calls: 0 };
  const line = () => {
    const { calls, ...standing } = simulation.standing;
    const now = Date.now();
    const rate = Math.round(((calls - before.calls) * 1_000) / Math.max(1, now - before.at));
    before = { at: now, calls };
    return lineOf({ calls, ...standing }, rate);
  };
  if (!output.isTTY) {
    const timer = setInterval(() => output.write(`${line()}\n`), LINE_EVERY_MS);
    return () => clearInterval(timer);
  }
  const format = seconds === undefined ? '{line}' : '{bar} {percentage}% {line}';
  const bar = new SingleBar({
    format,
    stream: output,
    barsize: 20,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: null,
  });
  bar.start(seconds ?? 1, 0, { line: 'connecting' });
  const timer = setInterval(
    () => bar.update(Math.min(seconds ?? 0, (Date.now() - began) / 1_000), { line: line() }),
    BAR_EVERY_MS,
  );
  return () => {
    clearInterval(timer);
    bar.stop();
  };
}

function lineOf(standing: Standing, rate: number): string {
  const { online, stations, charging, wrong, energyWh, simulatedTime } = standing;
  const clock = new Date(simulatedTime).toISOString().slice(0, 16).replace('T', ' ');
  return [
    clock,
    `${online}/${stations} online`,
    `${charging} charging`,
    `${rate} messages/s`,
    `${wrong} wrong answers`,
    `${kWh(energyWh)} kWh`,
  ].join(' · ');
}

/** The table at the end. */
export function summary(standing: Standing, answered: Record<string, number>, wrong: readonly WrongAnswer[]): string {
  const table = new Table({ head: ['what', 'how many'], style: { head: [], border: [] } });
  const rows: [string, string | number][] = [
    ['charge points', standing.stations],
    ['connections', standing.connections],
    ...Object.entries(answered)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([action, n]): [string, number] => [`${action} answered`, n]),
    ['sent again', standing.repeats],
    ['commands received', standing.commands],
    ['transactions with a refused idTag', standing.refusedTags],
    ['transaction messages not delivered', standing.undelivered],
    ['energy (kWh)', kWh(standing.energyWh)],
    ['wrong answers', standing.wrong],
  ];
  table.push(...rows);
  const shown = wrong.slice(0, SHOWN).map(({ chargePointId, action, what }) => `  ${chargePointId} ${action}: ${what}`);
  const more = standing.wrong - shown.length;
  return [
    table.toString(),
    ...(shown.length > 0 ? ['wrong answers:', ...shown] : []),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

export function misbehaviourTable(): string {
  const table = new Table({
    head: ['name', 'what', 'seen at'],
    style: { head: [], border: [] },
    colWidths: [26, 60, null],
    wordWrap: true,
  });
  for (const { name, what, source } of misbehaviours.values()) table.push([name, what, source]);
  return table.toString();
}

function kWh(wh: number): string {
  return (wh / 1_000).toFixed(1);
}

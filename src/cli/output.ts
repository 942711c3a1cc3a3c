import { once } from 'node:events';
import { styleText } from 'node:util';

export type Format = Parameters<typeof styleText>[0] & string;
export type Cell = string | number | boolean | null | undefined;

export interface Column<Row> {
  head: string;
  of: (row: Row) => Cell;
  /** Of the cell, on a terminal. */
  format?: (row: Row) => Format | undefined;
}

/** Where it goes: standard output. */
export interface Sink {
  isTTY?: boolean;
  columns?: number;
  write(text: string): boolean;
}

/** What a command prints: for people on a terminal, for other programs plain, or as JSON. */
export class Output {
  readonly json: boolean;
  readonly #sink: Sink & NodeJS.EventEmitter;
  readonly #coloured: boolean;

  constructor({ json = false }: { json?: boolean }, sink: Sink & NodeJS.EventEmitter = process.stdout) {
    this.json = json;
    this.#sink = sink;
    this.#coloured = sink.isTTY === true && !process.env.NO_COLOR;
  }

  /** Texts of stations and operators have to be `printable` in it. */
  line(text: string): Promise<void> {
    return this.#write(`${text}\n`);
  }

  /** One JSON document. */
  value(value: unknown): Promise<void> {
    return this.line(jsonText(value, 2));
  }

  paint(format: Format | undefined, text: string): string {
    // The sink decides, not Node's look at standard output.
    return this.#coloured && format ? styleText(format, text, NO_VALIDATION) : text;
  }

  /**
   * Pages of rows, each printed as it comes: an aligned table as wide as the terminal, or a JSON array. `none` is said
   * where there is no row.
   */
  async rows<Row>(pages: AsyncIterable<Row[]>, columns: Column<Row>[], none: string): Promise<void> {
    if (this.json) return this.#array(pages);
    let widths: number[] | undefined;
    for await (const page of pages) {
      if (page.length === 0) continue;
      const { text, widths: found } = await this.#table(page, columns, widths);
      widths = found;
      await this.line(text);
    }
    if (!widths) process.stderr.write(`${none}\n`);
  }

  async #write(text: string): Promise<void> {
    if (!this.#sink.write(text)) await once(this.#sink, 'drain');
  }

  async #array<Row>(pages: AsyncIterable<Row[]>): Promise<void> {
    let before = '[\n';
    for await (const page of pages) {
      if (page.length === 0) continue;
      await this.#write(before + page.map((row) => `  ${jsonText(row)}`).join(',\n'));
      before = ',\n';
    }
    await this.line(before === ',\n' ? '\n]' : '[]');
  }

  /** @param before widths of the pages above: columns stay where they are, or grow */
  async #table<Row>(
    page: Row[],
    columns: Column<Row>[],
    before: number[] | undefined,
  ): Promise<{ text: string; widths: number[] }> {
    const { default: Table } = await import('cli-table3');
    const rule = this.#sink.isTTY === true ? '─' : '';
    const render = (widths: number[]) => {
      const table = new Table({
        chars: { ...NO_BORDERS, mid: rule, 'mid-mid': rule.repeat(GAP.length), middle: GAP },
        style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
        colWidths: widths,
        ...(before ? {} : { head: columns.map(({ head }) => this.paint('bold', head)) }),
      });
      for (const row of page) {
        table.push(columns.map((column) => this.paint(column.format?.(row), shown(column.of(row)))));
      }
      return table.toString();
    };
    const needed: number[] = [];
    // Fills in the widths that the cells need.
    const unbounded = render(needed);
    const widths = this.#fitted(needed.map((width, index) => Math.max(width, before?.[index] ?? 0)));
    const same = widths.every((width, index) => width === needed[index]);
    const text = same ? unbounded : render([...widths]);
    return { text: text.replaceAll(/ +$/gm, ''), widths };
  }

  /** Narrows the widest columns until the terminal holds them all. */
  #fitted(widths: number[]): number[] {
    const fitted = [...widths];
    const room = this.#sink.isTTY ? (this.#sink.columns ?? 80) - GAP.length * (widths.length - 1) : Infinity;
    for (let total = sum(fitted); total > room; total--) {
      const widest = Math.max(...fitted);
      if (widest <= LEAST_WIDTH) break;
      fitted[fitted.lastIndexOf(widest)] = widest - 1;
    }
    return fitted;
  }
}

/** JSON need not escape all that a terminal obeys. */
export function jsonText(value: unknown, indentation?: number): string {
  const text = JSON.stringify(value, null, indentation);
  return text.replaceAll(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escaped);
}

/** A terminal obeys control characters, and these texts come from anybody. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return known ?? escaped(character);
  });
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function shown(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return printable(String(cell));
}

const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);

const GAP = '  ';
const LEAST_WIDTH = 4;
const NO_VALIDATION = { validateStream: false } as const;
const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
  ]),
);

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
      const head = widths ? undefined : columns.map((column) => column.head);
      const cells = page.map((row) => columns.map((column) => shown(column.of(row))));
      widths = this.#fitted(
        columns.map((column, index) => widest(cells, index, widths?.[index] ?? column.head.length)),
      );
      if (this.#sink.isTTY) {
        const bold = head?.map((text) => this.paint('bold', text));
        const painted = page.map((row, i) => columns.map((c, j) => this.paint(c.format?.(row), cells[i]?.[j] ?? '')));
        await this.line(await table(bold, painted, widths));
      } else {
        await this.line(aligned(head ? [head, ...cells] : cells, widths));
      }
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

  /** Narrows the widest columns until the terminal holds them all. */
  #fitted(widths: number[]): number[] {
    const fitted = [...widths];
    const room = this.#sink.isTTY ? (this.#sink.columns ?? 80) - GAP.length * (widths.length - 1) : Infinity;
    for (let total = sum(fitted); total > room; total--) {
      const most = Math.max(...fitted);
      if (most <= LEAST_WIDTH) break;
      fitted[fitted.lastIndexOf(most)] = most - 1;
    }
    return fitted;
  }
}

/** Columns of these widths; what is longer is cut. @param head without it the rows go on below those printed before */
async function table(head: string[] | undefined, rows: string[][], widths: number[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const made = new Table({
    chars: { ...NO_BORDERS, mid: '─', 'mid-mid': '─'.repeat(GAP.length), middle: GAP },
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    colWidths: [...widths],
    ...(head ? { head } : {}),
  });
  made.push(...rows);
  return made.toString().replaceAll(/ +$/gm, '');
}

/** The same without a terminal to fit in, for hundreds of thousands of rows. */
function aligned(rows: string[][], widths: number[]): string {
  const line = (row: string[]) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(GAP);
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** Columns stay where they are on later pages, or grow. */
function widest(rows: string[][], column: number, before: number): number {
  return rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), before);
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

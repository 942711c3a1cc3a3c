import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import type { Program } from '../../support/program.ts';

/** How long anything in the browser may take (ms). */
export const DEADLINE_MS = 60_000;
const POLL_MS = 500;

/** Current details of a workflow, as they stand on the page. */
export interface Details {
  text: string;
  /** The cells of all tables' rows, heads too. */
  rows: string[][];
}

/** Temporal's web UI in the hands of somebody who knows nothing else: what is read and clicked is on the page. */
export class TemporalUi {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens the link that the program has printed. */
  static async open(browser: Browser, program: Program): Promise<TemporalUi> {
    const link = /Temporal UI +(\S+)/.exec(program.output)?.[1];
    if (!link) throw new Error(`no link to the Temporal UI in what the program printed:\n${program.output}`);
    const page = await browser.newPage({
      viewport: { width: 1280, height: 760 },
      timezoneId: 'UTC',
      locale: 'en-GB',
    });
    page.setDefaultTimeout(DEADLINE_MS);
    await page.goto(link);
    return new TemporalUi(page);
  }

  /** Types a query over the workflow list. */
  async filter(query: string): Promise<void> {
    const field = this.page.getByTestId('workflow-manual-search-input');
    if (!(await field.isVisible())) await this.page.getByTestId('toggle-manual-query').click();
    await field.fill(query);
    await field.press('Enter');
    await this.page.waitForURL((url) => url.searchParams.get('query') === query);
  }

  /** Refreshes the list until it has these workflows and no others; what is searched by is indexed with some delay. */
  async untilListed(workflowIds: string[]): Promise<void> {
    const wanted = workflowIds.toSorted().join(', ');
    await this.#until(
      () => this.#listed(),
      (listed) => listed.toSorted().join(', ') === wanted,
      (listed) => `the list should have ${wanted}, but has ${listed.join(', ') || 'nothing'}`,
      () => this.page.getByRole('button', { name: 'Refresh' }).click(),
    );
  }

  /** From the list to the workflow's user metadata. */
  async openWorkflow(workflowId: string): Promise<void> {
    await this.page.getByRole('link', { name: workflowId, exact: true }).click();
    await this.page.getByRole('tab', { name: 'User Metadata' }).click();
  }

  async backToList(): Promise<void> {
    await this.page.getByRole('link', { name: 'Back to Workflows' }).click();
  }

  /** The frame that the details are in. */
  get currentDetails(): Locator {
    return this.page.locator('iframe#user-metadata-current-details');
  }

  /** Refreshes the details (key R, as the page says) until they hold what is looked for. */
  async untilDetails(found: (details: Details) => boolean): Promise<Details> {
    return this.#until(
      () => this.#details(),
      found,
      (details) => `the current details do not become what was looked for; they are:\n${details.text}`,
      () => this.page.keyboard.press('r'),
    );
  }

  /** Fills in the form that sends a signal; it is sent with `submitSignal`. */
  async fillInSignal(name: string, data: string): Promise<void> {
    await this.page.getByRole('button', { name: 'More Actions' }).filter({ visible: true }).click();
    await this.page.getByRole('menuitem', { name: 'Send a Signal' }).filter({ visible: true }).click();
    await this.signalForm.getByTestId('signal-select-button').click();
    await this.signalForm
      .getByRole('option')
      .filter({ has: this.page.getByText(name, { exact: true }) })
      .click();
    const editor = this.signalForm.getByRole('textbox', { name: 'Data' });
    await editor.click();
    await editor.pressSequentially(data);
    const typed = await editor.innerText();
    if (typed.trim() !== data) throw new Error(`the form made ${typed} of the data ${data}`);
  }

  async submitSignal(): Promise<void> {
    await this.signalForm.getByRole('button', { name: 'Submit' }).click();
    await this.signalForm.waitFor({ state: 'hidden' });
  }

  get signalForm(): Locator {
    return this.page.getByRole('dialog', { name: 'Send a Signal' });
  }

  async #listed(): Promise<string[]> {
    const links = await this.page
      .locator('tbody')
      .getByRole('link', { name: /^charge-point\// })
      .allInnerTexts();
    return links.map((text) => text.trim());
  }

  async #details(): Promise<Details> {
    const body = this.currentDetails.contentFrame().locator('body');
    const { text, rows } = await body.evaluate((element) => ({
      text: element.innerText,
      rows: [...element.querySelectorAll('tr')].map((row) => [...row.cells].map((cell) => cell.innerText)),
    }));
    return { text: plain(text), rows: rows.map((cells) => cells.map(plain)) };
  }

  async #until<T>(
    read: () => Promise<T>,
    found: (value: T) => boolean,
    describe: (value: T) => string,
    refresh: () => Promise<void>,
  ): Promise<T> {
    const deadline = Date.now() + DEADLINE_MS;
    let seen = 'the page could not be read';
    while (Date.now() < deadline) {
      try {
        const value = await read();
        if (found(value)) return value;
        seen = describe(value);
      } catch (error) {
        // What is replaced while it is read can be read the next time.
        seen = String(error);
      }
      await refresh();
      await sleep(POLL_MS);
    }
    throw new Error(seen);
  }
}

/** Without the no-break spaces that the details are set with. */
function plain(text: string): string {
  return text.replaceAll('\u00A0', ' ').trim();
}

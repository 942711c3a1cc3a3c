/**
 * Accept and flag: reads payloads that break their schema.
 *
 * A payload that keeps to its schema passes untouched and without notes. Otherwise the schema's issues are taken one by
 * one: each goes to the first of the named normalisations that knows what to do with it, until none is left, or
 * one that nobody can repair becomes the message's error.
 */
import { ZodType, type z } from 'zod';
import { OcppError } from './errors.ts';
import { expectation, jsonText, kindOf, normalisations, type Fault, type Repair } from './normalisations.ts';
import { isContainer, isNode, type Node } from './node.ts';
import type { Note, NoteName } from './notes.ts';
import { cutText } from './text.ts';

/**
 * Reads a payload.
 *
 * @param essential Given for messages that always get a CALLRESULT, because stations repeat a refused one for ever and
 *   block their queue with it (https://github.com/dallmann-consulting/OCPP.Core/issues/31): the top-level properties
 *   without which nothing can be made of the message. Everything else may be missing or odd; what cannot be read is left
 *   out. Not given: what is required must be there and of its type (OCPP-J 1.6 table 7).
 * @returns the payload, in parts the caller's own object, with notes `<name>: <path> <what>`. Where `essential` was given,
 *   properties outside it can be absent and enumerations can hold unknown text, whatever the schema says.
 * @throws OcppError FormationViolation, OccurenceConstraintViolation, TypeConstraintViolation, PropertyConstraintViolation
 */
export function tolerate<Schema extends z.ZodObject>(
  schema: Schema,
  payload: unknown,
  essential?: readonly string[],
): { payload: z.infer<Schema>; notes: Note[] } {
  if (!isNode(payload)) {
    throw new OcppError('FormationViolation', `the payload must be a JSON object, it is ${kindOf(payload)}`);
  }
  const exact = unlessOverflown(() => schema.safeParse(payload));
  if (exact?.success) return { payload: exact.data, notes: [] };
  for (let maxElements = MAX_ELEMENTS; maxElements >= 1; maxElements /= 10) {
    const notes = new Notes();
    const repaired = unlessOverflown(() => repair(schema, ownCopy(payload, maxElements, notes), essential, notes));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- true but for what the docstring says
    if (repaired !== undefined) return { payload: repaired as z.infer<Schema>, notes: notes.all() };
  }
  throw new OcppError('FormationViolation', 'more faults than can be looked at');
}

/**
 * Elements of lists that are repaired in one message, others are left out: a bound for the time it takes. A message that
 * keeps to its schema may have any number.
 */
const MAX_ELEMENTS = 20_000;

/** zod passes on issues as arguments of one call: with more than about 100,000 of them the stack overflows. */
function unlessOverflown<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** More rounds than any chain of repairs has (object → array → null element → missing …). */
const MAX_ROUNDS = 10;

function repair(
  schema: z.ZodObject,
  payload: unknown,
  essential: readonly string[] | undefined,
  notes: Notes,
): unknown {
  const root: Node = { payload };
  /** `<path>` of what was left out and `<path> <issue code>` of what was kept as it is: no fault any more. */
  const settled = new Set<string>();
  const openIssues = () =>
    (schema.safeParse(root.payload).error?.issues ?? []).filter(({ path, code }) => {
      const text = pathText(path);
      return !settled.has(text) && !settled.has(`${text} ${code}`);
    });
  let round = 0;
  for (let issues = openIssues(); issues.length > 0; issues = openIssues()) {
    if (round === MAX_ROUNDS) throw refusal(faultOf(schema, root, issues[0]!, essential));
    round += 1;
    const touched = new Set<string>();
    for (const issue of issues) {
      const fault = faultOf(schema, root, issue, essential);
      // One repair a round and place: a second issue of the same value may be gone with it.
      if (touched.has(fault.path)) continue;
      touched.add(fault.path);
      const [name, done] = firstRepair(fault);
      notes.add(name, `${fault.path}${fault.path === '' ? '' : ' '}${done.did}`);
      const holder = holderOf(root, issue.path);
      if ('become' in done) holder[fault.key] = done.become;
      else if ('keep' in done) {
        holder[fault.key] = done.keep;
        settled.add(`${fault.path} ${issue.code}`);
      } else {
        // An array keeps the place empty until the end, so that the paths of its other elements stay true.
        if (Array.isArray(holder)) holder[fault.key] = undefined;
        else delete holder[fault.key];
        if (name !== 'nullRemoved' || Array.isArray(holder)) settled.add(fault.path);
      }
    }
  }
  closeGaps(root.payload);
  return root.payload;
}

function firstRepair(fault: Fault): [name: NoteName, done: Repair] {
  for (const normalisation of normalisations) {
    const done = normalisation.repair(fault);
    if (done) return [normalisation.name, done];
  }
  throw refusal(fault);
}

function faultOf(
  schema: z.ZodObject,
  root: Node,
  issue: z.core.$ZodIssue,
  essential: readonly string[] | undefined,
): Fault {
  const key = String(issue.path.at(-1) ?? 'payload');
  const isTopLevel = issue.path.length === 1;
  return {
    issue,
    key,
    value: holderOf(root, issue.path)[key],
    path: pathText(issue.path),
    always: essential !== undefined,
    essential: essential ? isTopLevel && essential.includes(key) : !(isTopLevel && isOptional(schema, key)),
  };
}

function isOptional(schema: z.ZodObject, key: string): boolean {
  const field: unknown = schema.shape[key];
  return field instanceof ZodType && field.isOptional();
}

function holderOf(root: Node, path: readonly PropertyKey[]): Node {
  let holder: Node = root;
  let next = 'payload';
  for (const key of path) {
    const inner = holder[next];
    if (!isContainer(inner)) throw new TypeError(`an issue below ${next}, which holds nothing`);
    holder = inner;
    next = String(key);
  }
  return holder;
}

function refusal({ issue, value, path }: Fault): OcppError {
  if (value === undefined || value === null)
    return new OcppError('OccurenceConstraintViolation', `${path} is required`);
  const wrongType = issue.code === 'invalid_type' || (issue.code === 'invalid_value' && typeof value !== 'string');
  const what = `${path}: expected ${expectation(issue)}, got ${cutText(jsonText(value) ?? kindOf(value), 60)}`;
  return new OcppError(wrongType ? 'TypeConstraintViolation' : 'PropertyConstraintViolation', what);
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) text += typeof key === 'number' ? `[${key}]` : `${text === '' ? '' : '.'}${String(key)}`;
  return text;
}

/**
 * Containers copied down to the deepest one a schema describes: repairs must not change the caller's object. Of all lists
 * together the first `maxElements` elements.
 */
function ownCopy(payload: unknown, maxElements: number, notes: Notes): unknown {
  let left = maxElements;
  let leftOut = 0;
  const copyOf = (value: unknown, depth: number): unknown => {
    if (!isContainer(value) || depth === 0) return value;
    if (!Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner, depth - 1)]));
    }
    const taken: unknown[] = value.slice(0, left);
    leftOut += value.length - taken.length;
    left -= taken.length;
    return taken.map((element) => copyOf(element, depth - 1));
  };
  const copy = copyOf(payload, 8);
  if (leftOut > 0) notes.add('overlongLists', `${leftOut} elements left out`);
  return copy;
}

function closeGaps(node: unknown): void {
  if (!isContainer(node)) return;
  for (const [key, inner] of Object.entries(node)) {
    if (Array.isArray(inner) && inner.includes(undefined)) node[key] = inner.filter((element) => element !== undefined);
    closeGaps(node[key]);
  }
}

/** What a message says of itself is kept small, however much is wrong with it. */
class Notes {
  static readonly #MAX = 20;
  readonly #kept: Note[] = [];
  #more = 0;

  add(name: NoteName, what: string): void {
    if (this.#kept.length < Notes.#MAX) this.#kept.push(`${name}: ${cutText(what, 198 - name.length)}`);
    else this.#more += 1;
  }

  all(): Note[] {
    return this.#more === 0 ? this.#kept : [...this.#kept, `more: ${this.#more} further deviations`];
  }
}

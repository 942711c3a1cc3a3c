/** A JSON object. */
export type Node = Record<string, unknown>;

export function isNode(value: unknown): value is Node {
  return isContainer(value) && !Array.isArray(value);
}

/** A JSON object or array, the latter seen as an object with its indexes for keys. */
export function isContainer(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

/** The generator works with the compiler's JavaScript API, which TypeScript 7 does not have: it gets version 5. */
import { register } from 'node:module';

const typescript5 = import.meta.resolve('typescript5');
const hooks = `export const resolve = (specifier, context, next) =>
  next(specifier === 'typescript' ? ${JSON.stringify(typescript5)} : specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

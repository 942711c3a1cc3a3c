/** What the worker bundles: the workflow types this project registers with Temporal. */
export { chargePoint } from './chargePoint.ts';

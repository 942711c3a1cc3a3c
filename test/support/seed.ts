/**
 * Properties are tried with the same values in every run: whether a change is good does not depend on a draw. Others are
 * tried with `FC_SEED=$RANDOM npx vitest run test/edge/outboxPrefixes.test.ts`.
 */
import * as fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) });

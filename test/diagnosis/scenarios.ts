import type { Scenario } from "./scenario.ts";
import { scenarios80604 } from "./scenarios/80604.ts";
import { scenarios80604InDoubt } from "./scenarios/80604-in-doubt.ts";

/** The labelled set. */
export const scenarios: readonly Scenario[] = [...scenarios80604, ...scenarios80604InDoubt];

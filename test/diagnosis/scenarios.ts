import type { Scenario } from "./scenario.ts";
import { scenarios48031 } from "./scenarios/48031.ts";
import { scenarios50416 } from "./scenarios/50416.ts";
import { scenarios50416InDoubt } from "./scenarios/50416-in-doubt.ts";
import { scenarios80604 } from "./scenarios/80604.ts";
import { scenarios80604InDoubt } from "./scenarios/80604-in-doubt.ts";
import { scenarios80903 } from "./scenarios/80903.ts";
import { scenarios80905 } from "./scenarios/80905.ts";
import { scenarios80905InDoubt } from "./scenarios/80905-in-doubt.ts";

/** The labelled set. */
export const scenarios: readonly Scenario[] = [
  ...scenarios80604,
  ...scenarios80604InDoubt,
  ...scenarios80903,
  ...scenarios80905,
  ...scenarios80905InDoubt,
  ...scenarios50416,
  ...scenarios50416InDoubt,
  ...scenarios48031,
];

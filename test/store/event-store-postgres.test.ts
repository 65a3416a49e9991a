import { describe } from "vitest";
import { eventStoreSuite } from "../contract/event-store.suite.ts";
import { storeAvailable } from "../support/store.ts";

describe.skipIf(!storeAvailable("postgres"))("event store on PostgreSQL (skipped where it is not installed)", () =>
  eventStoreSuite("postgres"),
);
